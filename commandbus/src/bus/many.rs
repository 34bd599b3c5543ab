//! Sending many commands at once, without a batch around them.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::future::BoxFuture;

use super::{BatchItem, Bus, IntoCommand, SendError, SendManyError, Sent, group_commit::while_busy, outgoing::prepare};
use crate::{
    message::{Command, CommandId, Domain},
    store::NewCommand,
};

/// Commands of one transaction at most.
pub(super) const CHUNK: usize = 1_000;

/// Bytes of payload in one transaction, so that a thousand large payloads are not held at once.
pub(super) const CHUNK_BYTES: usize = 8 << 20;

/// Commands on their way: a future of one [`Sent`] for each, in their order.
#[must_use = "nothing is sent before this is awaited"]
pub struct SendingMany<'a, C> {
    bus: &'a Bus,
    domain: &'static Domain,
    flight: BoxFuture<'a, Result<Vec<CommandId>, SendManyError>>,
    command: PhantomData<fn() -> C>,
}

impl<C> Future for SendingMany<'_, C> {
    type Output = Result<Vec<Sent<C>>, SendManyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ids = ready!(self.flight.as_mut().poll(cx))?;
        let sent = |id| Sent::new(self.bus.clone(), self.domain.clone(), id);
        Poll::Ready(Ok(ids.into_iter().map(sent).collect()))
    }
}

impl<C> fmt::Debug for SendingMany<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendingMany").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl Bus {
    /// Sends commands of one type, a thousand in a transaction: all of these or none.
    ///
    /// The iterator is consumed as the chunks go out. To have all of them or none, however many, make a batch.
    ///
    /// The error is a [`SendManyError`] with what stopped it and which commands had been sent by then.
    // What it returns is named by a parameter: said of the bound again, a mistake would be reported again.
    pub fn send_many<'a, M, C>(
        &'a self,
        commands: impl IntoIterator<Item = M, IntoIter: Send + 'a>,
    ) -> SendingMany<'a, C>
    where
        M: IntoCommand<Command = C> + 'a,
        C: Command,
    {
        let domain = &C::SPEC.domain;
        let sealed = commands.into_iter().map(|command| prepare(command).map_err(SendError::from));
        SendingMany { bus: self, domain, flight: Box::pin(self.send_chunks(domain, sealed)), command: PhantomData }
    }

    async fn send_chunks(
        &self,
        domain: &Domain,
        mut commands: impl Iterator<Item = Result<NewCommand, SendError>> + Send,
    ) -> Result<Vec<CommandId>, SendManyError> {
        let mut sent = Vec::new();
        loop {
            match self.send_chunk(domain, &mut commands).await {
                Ok(ids) if ids.is_empty() => return Ok(sent),
                Ok(ids) => sent.extend(ids),
                Err(source) => return Err(SendManyError { sent, source }),
            }
        }
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
