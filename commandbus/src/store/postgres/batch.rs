//! The creation of a batch, in a transaction of its own or in the caller's.

use std::{
    borrow::Cow,
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use serde_json::json;
use sqlx::{PgConnection, types::Json};

use super::{
    PostgresStore,
    access::Access,
    copy::{Chunk, Copying, call, is_worth_copying},
    milliseconds,
    process::{StartIn, queues_of_steps, start_processes},
    send::{EnvelopeRef, named_once},
};
use crate::{
    error::StoreError,
    message::{BatchType, CommandId, Domain},
    store::{BatchWriter, Duplicates, NewBatch, NewCommand, NewProcess, Start},
};

pub(super) const EMPTY_PROCESS_BATCH: &str = "Batch must contain at least one process";

/// The SQLSTATE of a key that is taken.
const UNIQUE_VIOLATION: &str = "23505";

/// Where a batch is being written.
#[derive(Debug)]
enum Place<'a> {
    /// In a transaction that ends with the batch. It may be away, with a chunk.
    Own(Copying),
    /// Behind a savepoint of the caller's transaction, so that a refused batch leaves that transaction usable.
    Caller(&'a mut PgConnection),
}

impl Place<'_> {
    fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        Ok(match self {
            Self::Own(copying) => copying.transaction()?,
            Self::Caller(connection) => connection,
        })
    }

    async fn undo(self) -> Result<(), StoreError> {
        match self {
            Self::Own(mut copying) => {
                // Whatever became of the chunk that was being written.
                let _ = copying.back().await;
                copying.into_transaction()?.rollback().await?;
            }
            Self::Caller(connection) => {
                sqlx::query("rollback to savepoint commandbus_batch").execute(connection).await?;
            }
        }
        Ok(())
    }
}

/// A batch that is being written.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    place: Place<'a>,
    batch: NewBatch,
    written: u32,
    duplicates: Duplicates,
    access: Access,
    may_copy: Arc<AtomicBool>,
}

impl Writer<'static> {
    pub(super) async fn begin(store: &PostgresStore, batch: NewBatch) -> Result<Self, StoreError> {
        let transaction = store.pool.begin().await?;
        Self::open(store, Place::Own(Copying::Here(transaction)), batch).await
    }
}

impl<'a> Writer<'a> {
    pub(super) async fn begin_within(
        store: &PostgresStore,
        connection: &'a mut PgConnection,
        batch: NewBatch,
    ) -> Result<Self, StoreError> {
        sqlx::query("savepoint commandbus_batch").execute(&mut *connection).await?;
        Self::open(store, Place::Caller(connection), batch).await
    }

    async fn open(store: &PostgresStore, mut place: Place<'a>, batch: NewBatch) -> Result<Self, StoreError> {
        let access = store.ready().await?;
        if open_batch(place.connection()?, access, &batch, 0).await? {
            let may_copy = Arc::clone(&store.may_copy);
            return Ok(Self { place, batch, written: 0, duplicates: Duplicates::default(), access, may_copy });
        }
        place.undo().await?;
        Err(batch_exists(&batch))
    }
}

impl Writer<'_> {
    /// Waits for the chunk that is being written.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        if let Place::Own(copying) = &mut self.place {
            self.duplicates.commands.extend(copying.back().await?);
        }
        Ok(())
    }

    /// The id of the durable callback when a command has it already, be it a member of this batch.
    async fn taken_by_then(&mut self) -> Result<Option<CommandId>, StoreError> {
        let Some((domain, command)) = &self.batch.then else { return Ok(None) };
        let taken: bool = sqlx::query_scalar(if self.access.reads {
            "select exists (select from commandbus.command c where c.domain = $1 and c.command_id = $2)"
        } else {
            "select exists (select from commandbus.sender_commands($1, array[$2]))"
        })
        .bind(domain.as_str())
        .bind(command.command_id.as_uuid())
        .fetch_one(self.place.connection()?)
        .await?;
        Ok(taken.then_some(command.command_id))
    }
}

#[async_trait]
impl BatchWriter for Writer<'_> {
    async fn add(&mut self, commands: &[NewCommand]) -> Result<(), StoreError> {
        if commands.is_empty() {
            return Ok(());
        }
        self.catch_up().await?;
        self.written += u32::try_from(commands.len()).unwrap_or(u32::MAX);
        let NewBatch { domain, batch_id, .. } = &self.batch;
        let access = self.access;
        let may_copy = access.writes && self.may_copy.load(Ordering::Relaxed);
        match &mut self.place {
            Place::Own(copying) if may_copy && is_worth_copying(commands) => {
                let chunk = Chunk { domain: domain.clone(), batch: *batch_id, commands: commands.to_vec(), access };
                copying.write(chunk, Arc::clone(&self.may_copy))
            }
            place => {
                let duplicates = call(place.connection()?, domain, *batch_id, commands, access).await?;
                self.duplicates.commands.extend(duplicates);
                Ok(())
            }
        }
    }

    async fn add_processes(&mut self, processes: &[NewProcess]) -> Result<(), StoreError> {
        if processes.is_empty() {
            return Ok(());
        }
        // The procedure wants each id once. When one comes twice nothing will remain, but what exists is to be named too.
        let mut seen = HashSet::with_capacity(processes.len());
        let (first, again): (Vec<_>, Vec<_>) = processes.iter().partition(|process| seen.insert(process.process_id));
        self.duplicates.processes.extend(again.iter().map(|process| process.process_id));
        let firsts: Cow<'_, [NewProcess]> =
            if again.is_empty() { processes.into() } else { first.into_iter().cloned().collect() };
        // Made by the caller beforehand, nearly always; else here, with the batch.
        for queue in queues_of_steps(processes) {
            sqlx::query("select commandbus.ensure_queue($1)").bind(queue).execute(self.place.connection()?).await?;
        }
        let place = StartIn::NewBatch(self.batch.batch_id);
        let duplicates = start_processes(self.place.connection()?, &self.batch.domain, &firsts, place).await?;
        let ids = duplicates.iter().map(|position| firsts[*position as usize - 1].process_id);
        self.duplicates.processes.extend(ids);
        self.written += u32::try_from(processes.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    async fn abandon(self: Box<Self>) -> Result<(), StoreError> {
        self.place.undo().await
    }

    async fn finish(mut self: Box<Self>) -> Result<Result<u32, Duplicates>, StoreError> {
        self.catch_up().await?;
        if let Some(id) = self.taken_by_then().await? {
            self.duplicates.commands.push(id);
        }
        if !self.duplicates.is_empty() {
            self.place.undo().await?;
            let Duplicates { commands, processes } = self.duplicates;
            return Ok(Err(Duplicates { commands: named_once(commands), processes: named_once(processes) }));
        }
        if self.written == 0 {
            self.place.undo().await?;
            return Err(StoreError::Unsupported(match self.batch.batch_type {
                BatchType::Command => "Batch must contain at least one command",
                BatchType::Process => EMPTY_PROCESS_BATCH,
            }));
        }
        sqlx::query(match self.batch.batch_type {
            BatchType::Command => self.access.close_batch(),
            BatchType::Process => "select commandbus.close_process_batch($1, $2, $3)",
        })
        .bind(self.batch.domain.as_str())
        .bind(self.batch.batch_id.as_uuid())
        .bind(i32::try_from(self.written).unwrap_or(i32::MAX))
        .execute(self.place.connection()?)
        .await?;
        match self.place {
            Place::Own(copying) => copying.into_transaction()?.commit().await?,
            Place::Caller(connection) => {
                sqlx::query("release savepoint commandbus_batch").execute(connection).await?;
            }
        }
        Ok(Ok(self.written))
    }
}

/// Inserts the row of a batch; `false` when its id is taken.
pub(super) async fn open_batch(
    connection: &mut PgConnection,
    access: Access,
    batch: &NewBatch,
    total: u32,
) -> Result<bool, StoreError> {
    let then = batch.then.as_ref().map(|(domain, command)| then_command(domain, command)).transpose()?;
    let opened = sqlx::query_scalar(access.open_batch())
        .bind(batch.domain.as_str())
        .bind(batch.batch_id.as_uuid())
        .bind(&batch.name)
        .bind(batch.custom_data.as_ref().map(Json))
        .bind(then.map(Json))
        .bind(match batch.batch_type {
            BatchType::Command => "COMMAND",
            BatchType::Process => "PROCESS",
        })
        .bind(i32::try_from(total).unwrap_or(i32::MAX))
        .fetch_one(connection)
        .await?;
    Ok(opened)
}

pub(super) fn batch_exists(batch: &NewBatch) -> StoreError {
    let message = format!("there is a batch {} in domain {} already", batch.batch_id, batch.domain);
    StoreError::Data { code: UNIQUE_VIOLATION.into(), message }
}

/// The durable callback, as `end_batches` reads it.
fn then_command(domain: &Domain, command: &NewCommand) -> Result<serde_json::Value, StoreError> {
    let refused = |error: serde_json::Error| StoreError::Data {
        code: "22032".into(),
        message: format!("the `then` command: {error}"),
    };
    let mut envelope = serde_json::to_value(EnvelopeRef::new(domain, command)).map_err(refused)?;
    envelope["max_attempts"] = json!(command.max_attempts);
    envelope["headers"] = json!(command.headers);
    match command.start {
        Start::Now => {}
        Start::After(pause) => envelope["delay_ms"] = json!(milliseconds(pause)),
        Start::At(time) => envelope["not_before"] = json!(time),
    }
    Ok(envelope)
}

impl PostgresStore {
    /// Makes every queue that the batch will need, now rather than when it ends.
    pub(super) async fn ensure_batch_queues(&self, batch: &NewBatch) -> Result<(), StoreError> {
        let of_members = match batch.batch_type {
            BatchType::Command => batch.domain.commands_queue(),
            BatchType::Process => batch.domain.process_replies_queue(),
        };
        self.ensure(&batch.domain, [of_members]).await?;
        if let Some((domain, command)) = &batch.then {
            self.ensure(domain, std::iter::once(domain.commands_queue()).chain(command.reply_to.clone())).await?;
        }
        Ok(())
    }

    /// Like [`Store::begin_batch`](crate::store::Store::begin_batch), in the caller's transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::Data`] when the id is taken; the caller's transaction stays usable.
    pub async fn begin_batch_within<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        batch: NewBatch,
    ) -> Result<Box<dyn BatchWriter + 'a>, StoreError> {
        self.ensure_batch_queues(&batch).await?;
        Ok(Box::new(Writer::begin_within(self, connection, batch).await?))
    }
}
