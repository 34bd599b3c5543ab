//! Sending many commands at once, without a batch around them.

use super::{BatchItem, Bus, IntoCommand, SendError, SendManyError, Sent, group_commit::while_busy, outgoing::prepare};
use crate::{
    message::{Command, CommandId, Domain},
    store::NewCommand,
};

/// Commands of one transaction at most.
pub(super) const CHUNK: usize = 1_000;

/// Bytes of payload in one transaction, so that a thousand large payloads are not held at once.
pub(super) const CHUNK_BYTES: usize = 8 << 20;

impl Bus {
    /// Sends commands of one type, a thousand in a transaction: all of these or none.
    ///
    /// The iterator is consumed as the chunks go out. To have all of them or none, however many, make a batch.
    ///
    /// # Errors
    ///
    /// [`SendManyError`] with what stopped it and which commands had been sent by then.
    pub async fn send_many<M>(
        &self,
        commands: impl IntoIterator<Item = M, IntoIter: Send>,
    ) -> Result<Vec<Sent<M::Command>>, SendManyError>
    where
        M: IntoCommand,
    {
        let domain = &<M::Command as Command>::SPEC.domain;
        let mut sealed = commands.into_iter().map(|command| prepare(command).map_err(SendError::from));
        let mut sent = Vec::new();
        loop {
            match self.send_chunk(domain, &mut sealed).await {
                Ok(ids) if ids.is_empty() => break,
                Ok(ids) => sent.extend(ids),
                Err(source) => return Err(SendManyError { sent, source }),
            }
        }
        Ok(sent.into_iter().map(|id| Sent::new(self.clone(), domain.clone(), id)).collect())
    }

    /// Sends the next chunk and answers its ids, in the order of the iterator; none when there is nothing left.
    async fn send_chunk(
        &self,
        domain: &Domain,
        commands: &mut (dyn Iterator<Item = Result<NewCommand, SendError>> + Send),
    ) -> Result<Vec<CommandId>, SendError> {
        let mut chunk = next_chunk(commands, BatchItem::bytes)?;
        if chunk.is_empty() {
            return Ok(Vec::new());
        }
        self.inner.ensure_queues(domain, None).await?;
        let ids = chunk.iter().map(|command| command.command_id).collect();
        chunk.sort_unstable_by_key(|command| command.command_id);
        match while_busy(|| self.store().send_all(domain, &chunk)).await? {
            Ok(()) => Ok(ids),
            Err(ids) => Err(SendError::DuplicateCommand { domain: domain.clone(), ids }),
        }
    }
}

/// Takes what one transaction writes off an iterator.
pub(super) fn next_chunk<T, E>(
    items: &mut (dyn Iterator<Item = Result<T, E>> + Send),
    size: impl Fn(&T) -> usize,
) -> Result<Vec<T>, E> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK && bytes < CHUNK_BYTES {
        let Some(item) = items.next() else { break };
        let item = item?;
        bytes += size(&item);
        chunk.push(item);
    }
    Ok(chunk)
}
