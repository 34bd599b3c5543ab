//! Writing a batch: all of it in one transaction, a chunk at a time.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::{
    Batch, BatchError,
    plan::{BatchItem, Members, Plan},
};
use crate::{
    bus::{
        Bus,
        completion::{Origin, Registration},
        many::{CHUNK, CHUNK_BYTES, next_chunk},
    },
    error::StoreError,
    message::BatchId,
    store::{BatchWriter, NewBatch},
};

/// How many members are made without a pause.
const STRETCH: usize = 100;

/// The SQLSTATE of a key that is taken.
const UNIQUE_VIOLATION: &str = "23505";

/// A batch on its way: a future of [`Batch`], which resolves when the batch is committed.
///
/// Dropped before that, nothing was created.
#[must_use = "nothing is created before this is awaited"]
pub struct BatchSending<'a, T> {
    draft: Option<(Bus, Plan<'a, T>)>,
    flight: Option<BoxFuture<'a, Result<Batch, BatchError>>>,
}

impl<'a, T: BatchItem> BatchSending<'a, T> {
    pub(crate) fn new(bus: Bus, plan: Plan<'a, T>) -> Self {
        Self { draft: Some((bus, plan)), flight: None }
    }

    /// Creates it in the caller's transaction: it exists when that commits. A refusal leaves the transaction usable.
    ///
    /// The callback is dropped when the transaction rolls back.
    pub async fn within(self, connection: &mut PgConnection) -> Result<UncommittedBatch, BatchError> {
        let (bus, plan) = self.draft.expect("a batch that is on its way already is not created again");
        let store = bus.postgres()?;
        let mut creation = Creation::prepare(&bus, plan).await?;
        let origin = match creation.registration {
            Some(_) => Origin::Transaction(store.transaction_id(connection).await?),
            None => Origin::Committed,
        };
        let writer = store.begin_batch_within(connection, creation.batch.clone()).await;
        creation.write(writer).await?;
        Ok(UncommittedBatch(creation.finish(bus, origin)))
    }
}

async fn create<T: BatchItem>(bus: Bus, plan: Plan<'_, T>) -> Result<Batch, BatchError> {
    let mut creation = Creation::prepare(&bus, plan).await?;
    let writer = bus.store().begin_batch(creation.batch.clone()).await;
    creation.write(writer).await?;
    Ok(creation.finish(bus.clone(), Origin::Committed))
}

/// A batch of which all is checked that can be before a transaction is opened for it.
struct Creation<'a, T> {
    batch: NewBatch,
    first: Vec<T>,
    rest: Members<'a, T>,
    id_was_chosen: bool,
    registration: Option<Registration>,
}

impl<'a, T: BatchItem> Creation<'a, T> {
    async fn prepare(bus: &Bus, plan: Plan<'a, T>) -> Result<Self, BatchError> {
        let Plan { domain, others, id, name, custom_data, then, callback, members } = plan;
        if name.contains('\0') {
            return Err(BatchError::InvalidName);
        }
        let batch = NewBatch {
            domain,
            batch_id: id.unwrap_or_else(BatchId::new),
            batch_type: T::TYPE,
            name: Some(name),
            custom_data: custom_data.transpose().map_err(BatchError::CustomData)?,
            then: then.map(|(domain, command)| command.map(|command| (domain, command))).transpose()?,
        };
        let mut rest: Members<'a, T> = Box::new(members.into_iter().flatten());
        let first = next_chunk(&mut rest, T::bytes)?;
        if first.is_empty() {
            return Err(T::empty());
        }
        let id_was_chosen = id.is_some();
        if id_was_chosen && !bus.store().batches(&batch.domain, &[batch.batch_id]).await?.is_empty() {
            return Err(duplicate(&batch));
        }
        // What the end of the batch will need, its beginning provides.
        bus.inner.ensure_queues(&batch.domain, None).await?;
        for domain in others.into_iter().chain(batch.then.as_ref().map(|(domain, _)| domain)) {
            bus.inner.ensure_queues(domain, None).await?;
        }
        let key = (batch.domain.clone(), batch.batch_id);
        let registration = callback.map(|callback| bus.inner.register(key, callback));
        Ok(Self { batch, first, rest, id_was_chosen, registration })
    }

    /// Writes every command, or nothing.
    async fn write(&mut self, writer: Result<Box<dyn BatchWriter + '_>, StoreError>) -> Result<(), BatchError> {
        let mut writer = writer.map_err(|error| self.refusal(error))?;
        if let Err(error) = self.write_chunks(&mut *writer).await {
            if let Err(undoing) = writer.abandon().await {
                tracing::warn!(error = %undoing, "a refused batch could not be undone, so its transaction cannot commit");
            }
            return Err(error);
        }
        match writer.finish().await.map_err(|error| self.refusal(error))? {
            Ok(_) => Ok(()),
            Err(duplicates) => Err(T::refusal(&self.batch, duplicates)),
        }
    }

    /// The iterators are asked for the next chunk when the last one is on its way.
    async fn write_chunks(&mut self, writer: &mut dyn BatchWriter) -> Result<(), BatchError> {
        let mut chunk = mem::take(&mut self.first);
        let mut size = CHUNK;
        while !chunk.is_empty() {
            T::write(writer, &chunk).await?;
            drop(chunk);
            size = (2 * size).min(T::LARGEST_CHUNK);
            chunk = self.next(size).await?;
        }
        Ok(())
    }

    async fn next(&mut self, size: usize) -> Result<Vec<T>, BatchError> {
        let mut chunk = Vec::with_capacity(self.rest.size_hint().0.min(size));
        let mut bytes = 0;
        while chunk.len() < size && bytes < CHUNK_BYTES {
            let Some(item) = self.rest.next() else { break };
            let item = item?;
            bytes += item.bytes();
            chunk.push(item);
            if chunk.len().is_multiple_of(STRETCH) {
                // Others want this thread, too: whoever writes the last chunk, for one.
                tokio::task::yield_now().await;
            }
        }
        Ok(chunk)
    }

    fn finish(self, bus: Bus, origin: Origin) -> Batch {
        if let Some(registration) = self.registration {
            registration.keep(origin);
        }
        Batch::new(bus, self.batch.domain, self.batch.batch_id)
    }

    /// A chosen id may also be taken between the look and the insert.
    fn refusal(&self, error: StoreError) -> BatchError {
        let taken = matches!(&error, StoreError::Data { code, .. } if code == UNIQUE_VIOLATION);
        if self.id_was_chosen && taken { duplicate(&self.batch) } else { error.into() }
    }
}

fn duplicate(batch: &NewBatch) -> BatchError {
    BatchError::DuplicateBatch { domain: batch.domain.clone(), id: batch.batch_id }
}

// No iterator is pinned in it.
impl<T> Unpin for BatchSending<'_, T> {}

impl<'a, T: BatchItem> Future for BatchSending<'a, T> {
    type Output = Result<Batch, BatchError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { draft, flight } = self.get_mut();
        if let Some((bus, plan)) = draft.take() {
            *flight = Some(Box::pin(create(bus, plan)));
        }
        flight.as_mut().expect("a future is polled until it is ready").as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for BatchSending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSending").finish_non_exhaustive()
    }
}

/// A batch that was created in a transaction of the caller, who has yet to commit it.
#[derive(Debug)]
pub struct UncommittedBatch(Batch);

impl UncommittedBatch {
    /// Its id.
    pub fn id(&self) -> BatchId {
        self.0.id()
    }

    /// To be called after the commit: from then on there is something to wait for.
    pub fn committed(self) -> Batch {
        self.0.look_soon();
        self.0
    }
}
