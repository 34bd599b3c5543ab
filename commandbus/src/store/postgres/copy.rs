//! A chunk of a batch written by COPY, which costs a third less than the procedure and leaves the same rows.

use std::{
    mem,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::task::JoinHandle;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    access::Access,
    send::{EnvelopeRef, SendOptions, ids_at, send_commands},
};
use crate::{
    error::StoreError,
    message::{BatchId, CommandId, Domain, group},
    store::{NewCommand, Start},
};

/// From how many commands on the round trips of three COPYs are worth it.
const LEAST: usize = 300;

/// How many commands one call of the procedure takes.
const CALL: usize = 1_000;

/// How many bytes go to the server at once: it works on them while the next are made.
const PIECE: usize = 64 << 10;

/// What PostgreSQL's binary format begins with: a signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Times of the binary format count from here.
static EPOCH: LazyLock<DateTime<Utc>> =
    LazyLock::new(|| DateTime::from_timestamp(946_684_800, 0).expect("2000-01-01 is a time"));

/// Some commands of a batch.
pub(super) struct Chunk {
    pub(super) domain: Domain,
    pub(super) batch: BatchId,
    pub(super) commands: Vec<NewCommand>,
    pub(super) access: Access,
}

/// Whether COPY can write these: groups and delays are known to the procedure alone.
pub(super) fn is_worth_copying(commands: &[NewCommand]) -> bool {
    let is_plain = |command: &NewCommand| {
        command.start == Start::Now
            && command.headers.as_ref().is_none_or(|headers| !headers.contains_key(group::HEADER))
    };
    commands.len() >= LEAST && commands.iter().all(is_plain)
}

/// The duplicates of a chunk.
type Outcome = Result<Vec<CommandId>, StoreError>;

/// A transaction that writes chunks, each in a task of its own: a COPY that is dropped half-way leaves its connection out
/// of step, so it must not end with the future of whoever asked for it. And the next chunk is made in the meantime.
#[derive(Debug)]
pub(super) enum Copying {
    Here(Transaction<'static, Postgres>),
    Away(JoinHandle<(Transaction<'static, Postgres>, Outcome)>),
    Lost,
}

impl Copying {
    /// Waits for the chunk that is being written; answers its duplicates.
    pub(super) async fn back(&mut self) -> Outcome {
        let Self::Away(task) = self else { return Ok(Vec::new()) };
        match task.await {
            Ok((transaction, outcome)) => {
                *self = Self::Here(transaction);
                outcome
            }
            Err(error) => {
                *self = Self::Lost;
                match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => Err(lost()),
                }
            }
        }
    }

    /// The transaction, when no chunk is being written.
    pub(super) fn transaction(&mut self) -> Result<&mut Transaction<'static, Postgres>, StoreError> {
        match self {
            Self::Here(transaction) => Ok(transaction),
            Self::Away(_) | Self::Lost => Err(lost()),
        }
    }

    /// Ends it, one way or the other.
    pub(super) fn into_transaction(self) -> Result<Transaction<'static, Postgres>, StoreError> {
        match self {
            Self::Here(transaction) => Ok(transaction),
            Self::Away(_) | Self::Lost => Err(lost()),
        }
    }

    /// Begins to write a chunk. `may_copy` is lowered when this role or these tables turn out not to allow it.
    pub(super) fn write(&mut self, chunk: Chunk, may_copy: Arc<AtomicBool>) -> Result<(), StoreError> {
        *self = match mem::replace(self, Self::Lost) {
            Self::Here(mut transaction) => {
                let task = async move {
                    let outcome = chunk.write(&mut transaction, &may_copy).await;
                    (transaction, outcome)
                };
                Self::Away(tokio::spawn(task.in_current_span()))
            }
            Self::Away(_) | Self::Lost => return Err(lost()),
        };
        Ok(())
    }
}

/// The runtime has ended, and the task with it.
fn lost() -> StoreError {
    sqlx::Error::WorkerCrashed.into()
}

/// Writes commands of a batch through the procedure; answers the duplicates.
pub(super) async fn call(
    connection: &mut PgConnection,
    domain: &Domain,
    batch: BatchId,
    commands: &[NewCommand],
    access: Access,
) -> Result<Vec<CommandId>, StoreError> {
    let options = SendOptions { batch: Some(batch), notify: false, lock_timeout_ms: None, access };
    let mut duplicates = Vec::new();
    for commands in commands.chunks(CALL) {
        let positions = send_commands(domain, commands, options).fetch_one(&mut *connection).await?;
        duplicates.extend(ids_at(commands, &positions));
    }
    Ok(duplicates)
}

impl Chunk {
    async fn write(&self, connection: &mut PgConnection, may_copy: &AtomicBool) -> Outcome {
        sqlx::query("savepoint commandbus_chunk").execute(&mut *connection).await?;
        let Err(error) = self.copy(connection).await else {
            sqlx::query("release savepoint commandbus_chunk").execute(&mut *connection).await?;
            return Ok(Vec::new());
        };
        let Some(obstacle) = Obstacle::of(&error) else { return Err(error.into()) };
        sqlx::raw_sql("rollback to savepoint commandbus_chunk; release savepoint commandbus_chunk")
            .execute(&mut *connection)
            .await?;
        let duplicates = call(connection, &self.domain, self.batch, &self.commands, self.access).await?;
        if obstacle == Obstacle::Lasting {
            tracing::debug!(%error, "batches are written through the procedure from now on: COPY is refused");
            may_copy.store(false, Ordering::Relaxed);
        }
        Ok(duplicates)
    }

    /// Writes the rows, audit rows and messages that `send_commands` would, in its order.
    async fn copy(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let queue = self.domain.commands_queue();
        let count = i32::try_from(self.commands.len()).unwrap_or(i32::MAX);
        let (msg_ids, now): (Vec<i64>, DateTime<Utc>) = sqlx::query_as(
            "select array_agg(nextval(s.serial)), clock_timestamp()
             from (select pg_get_serial_sequence($1, 'msg_id')::regclass as serial offset 0) as s, generate_series(1, $2)",
        )
        .bind(format!("pgmq.q_{queue}"))
        .bind(count)
        .fetch_one(&mut *connection)
        .await?;
        let now = now.signed_duration_since(*EPOCH).num_microseconds().unwrap_or(i64::MAX);

        let in_order: Vec<(&NewCommand, i64)> = self.commands.iter().zip(msg_ids).collect();
        // By id, so that concurrent senders of the same ids wait in one order.
        let mut by_id = in_order.clone();
        by_id.sort_by_key(|(command, _)| command.command_id);
        let statement = "copy commandbus.command (domain, queue_name, msg_id, command_id, command_type, status, \
                         max_attempts, reply_queue, correlation_id, batch_id) from stdin (format binary)";
        copy_rows(connection, statement, 10, &by_id, |row, (command, msg_id)| {
            row.value(self.domain.as_str().as_bytes());
            row.value(queue.as_bytes());
            row.value(&msg_id.to_be_bytes());
            row.value(command.command_id.as_uuid().as_bytes());
            row.value(command.command_type.as_bytes());
            row.value(b"PENDING");
            row.value(&i32::try_from(command.max_attempts).unwrap_or(i32::MAX).to_be_bytes());
            row.value(command.reply_to.as_deref().unwrap_or_default().as_bytes());
            row.value(command.correlation_id.as_bytes());
            row.value(self.batch.as_uuid().as_bytes());
        })
        .await?;

        let statement =
            "copy commandbus.audit (domain, command_id, event_type, details_json) from stdin (format binary)";
        copy_rows(connection, statement, 4, &by_id, |row, (command, msg_id)| {
            row.value(self.domain.as_str().as_bytes());
            row.value(command.command_id.as_uuid().as_bytes());
            row.value(b"SENT");
            row.json(&SentDetails {
                command_type: &command.command_type,
                correlation_id: command.correlation_id,
                reply_to: command.reply_to.as_deref().filter(|queue| !queue.is_empty()),
                msg_id: *msg_id,
                batch_id: self.batch,
            });
        })
        .await?;

        let statement = format!("copy pgmq.\"q_{queue}\" (msg_id, vt, message, headers) from stdin (format binary)");
        copy_rows(connection, &statement, 4, &in_order, |row, (command, msg_id)| {
            row.value(&msg_id.to_be_bytes());
            row.value(&now.to_be_bytes());
            row.json(&EnvelopeRef::new(&self.domain, command));
            match &command.headers {
                Some(headers) => row.json(headers),
                None => row.null(),
            }
        })
        .await
    }
}

/// The details of SENT, as `send_commands` writes them.
#[derive(Serialize)]
struct SentDetails<'a> {
    command_type: &'a str,
    correlation_id: Uuid,
    reply_to: Option<&'a str>,
    msg_id: i64,
    batch_id: BatchId,
}

/// Why a chunk goes through the procedure instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// An id that is taken, which the procedure names, or data that it refuses in its own words.
    Data,
    /// The role may only call procedures, or the tables are not the ones we know.
    Lasting,
}

impl Obstacle {
    fn of(error: &sqlx::Error) -> Option<Self> {
        match error.as_database_error()?.code()?.as_ref() {
            code if code.starts_with("22") || code.starts_with("23") => Some(Self::Data),
            // Of the second kind are tables with row-level security.
            code if code.starts_with("42") || code == "0A000" => Some(Self::Lasting),
            _ => None,
        }
    }
}

/// One COPY.
async fn copy_rows<T: Sync>(
    connection: &mut PgConnection,
    statement: &str,
    columns: i16,
    items: &[T],
    write: impl Fn(&mut Rows, &T),
) -> Result<(), sqlx::Error> {
    let mut copy = connection.copy_in_raw(statement).await?;
    let mut rows = Rows(Vec::with_capacity(2 * PIECE));
    rows.0.extend_from_slice(HEADER);
    for item in items {
        rows.0.extend_from_slice(&columns.to_be_bytes());
        write(&mut rows, item);
        if rows.0.len() >= PIECE {
            copy.send(rows.0.as_slice()).await?;
            rows.0.clear();
        }
    }
    rows.0.extend_from_slice(&(-1_i16).to_be_bytes());
    copy.send(rows.0.as_slice()).await?;
    copy.finish().await?;
    Ok(())
}

/// Rows in PostgreSQL's binary format: each value is its length and its bytes.
struct Rows(Vec<u8>);

impl Rows {
    fn value(&mut self, value: &[u8]) {
        self.0.extend_from_slice(&length(value.len()));
        self.0.extend_from_slice(value);
    }

    fn null(&mut self) {
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// A `jsonb`: the version of its format, and the text.
    fn json(&mut self, value: &impl Serialize) {
        let start = self.0.len();
        self.0.extend_from_slice(&[0, 0, 0, 0, 1]);
        serde_json::to_writer(&mut self.0, value).expect("it has names for keys, and a vector takes everything");
        let length = length(self.0.len() - start - 4);
        self.0[start..start + 4].copy_from_slice(&length);
    }
}

/// A length as the format has it. What does not fit in is refused by the server, as it would be anywhere.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}
