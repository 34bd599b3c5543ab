//! Sending, alone and in groups.

use std::{collections::HashSet, hash::Hash};

use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{PgConnection, postgres::PgArguments, query::QueryScalar, types::Json};
use uuid::Uuid;

use super::{PostgresStore, access::Access, connections::Call, milliseconds};
use crate::{
    error::StoreError,
    message::{BatchId, CommandId, Domain},
    store::{Acceptance, NewCommand, Start},
};

/// How long a group of sends waits for a transaction that holds one of its ids, before it is split.
const LOCK_TIMEOUT_MS: i32 = 200;

/// An envelope, borrowed; the shape of [`crate::message::Envelope`].
#[derive(Debug, Serialize)]
pub(super) struct EnvelopeRef<'a> {
    domain: &'a str,
    command_type: &'a str,
    command_id: CommandId,
    correlation_id: Uuid,
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
}

impl<'a> EnvelopeRef<'a> {
    pub(super) fn new(domain: &'a Domain, command: &'a NewCommand) -> Self {
        Self {
            domain: domain.as_str(),
            command_type: &command.command_type,
            command_id: command.command_id,
            correlation_id: command.correlation_id,
            data: &command.data,
            reply_to: command.reply_to.as_deref(),
        }
    }
}

/// Who wakes the workers, and how long to wait for locks.
#[derive(Debug, Clone, Copy)]
pub(super) struct SendOptions {
    pub(super) batch: Option<BatchId>,
    pub(super) notify: bool,
    pub(super) lock_timeout_ms: Option<i32>,
    pub(super) access: Access,
}

/// The call of `send_commands`; it answers with the positions, from 1, of the duplicates.
pub(super) fn send_commands<'q>(
    domain: &'q Domain,
    commands: &'q [NewCommand],
    options: SendOptions,
) -> QueryScalar<'q, sqlx::Postgres, Vec<i32>, PgArguments> {
    fn column<'q, T>(commands: &'q [NewCommand], field: impl FnMut(&'q NewCommand) -> T) -> Vec<T> {
        commands.iter().map(field).collect()
    }
    /// Nothing but nulls is one null: most commands have neither headers nor delays, and it saves the server work.
    fn sparse<'q, T>(
        commands: &'q [NewCommand],
        field: impl FnMut(&'q NewCommand) -> Option<T>,
    ) -> Option<Vec<Option<T>>> {
        let values = column(commands, field);
        values.iter().any(Option::is_some).then_some(values)
    }
    sqlx::query_scalar(options.access.send_commands())
        .bind(domain.as_str())
        .bind(column(commands, |command| command.command_id.as_uuid()))
        .bind(column(commands, |command| &*command.command_type))
        .bind(column(commands, |command| command.correlation_id))
        .bind(column(commands, |command| Json(EnvelopeRef::new(domain, command))))
        .bind(sparse(commands, |command| command.headers.as_ref().map(Json)))
        .bind(sparse(commands, |command| command.reply_to.as_deref()))
        .bind(column(commands, |command| i32::try_from(command.max_attempts).unwrap_or(i32::MAX)))
        .bind(sparse(commands, |command| match command.start {
            Start::After(pause) => Some(milliseconds(pause)),
            Start::Now | Start::At(_) => None,
        }))
        .bind(sparse(commands, |command| match command.start {
            Start::At(at) => Some(at),
            Start::Now | Start::After(_) => None,
        }))
        .bind(options.batch.map(|batch| batch.as_uuid()))
        .bind(options.notify)
        .bind(options.lock_timeout_ms)
}

impl PostgresStore {
    pub(super) async fn send_group(
        &self,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Vec<Acceptance>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let queue = domain.commands_queue();
        let access = self.ready().await?;
        self.ensure(domain, [queue.clone()]).await?;
        let notify = self.notifications.may_notify(&queue);
        let options = SendOptions { batch: None, notify, lock_timeout_ms: Some(LOCK_TIMEOUT_MS), access };
        let duplicates = send_commands(domain, commands, options)
            .call_one(&self.pool)
            .await
            .inspect_err(|error| self.forget_missing_queue(&queue, error));
        // One that failed was to notify for others, too.
        if !notify || duplicates.is_err() {
            self.notifications.owe(&queue, &self.pool);
        }
        let duplicates = duplicates?;
        Ok(acceptances(commands.len(), &duplicates))
    }

    pub(super) async fn send_all_or_none(
        &self,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Result<(), Vec<CommandId>>, StoreError> {
        if commands.is_empty() {
            return Ok(Ok(()));
        }
        let access = self.ready().await?;
        self.ensure(domain, [domain.commands_queue()]).await?;
        let mut transaction = self.pool.begin().await?;
        let options = SendOptions { batch: None, notify: true, lock_timeout_ms: None, access };
        let duplicates = send_commands(domain, commands, options)
            .fetch_one(&mut *transaction)
            .await
            .inspect_err(|error| self.forget_missing_queue(&domain.commands_queue(), error))?;
        if duplicates.is_empty() {
            transaction.commit().await?;
            return Ok(Ok(()));
        }
        transaction.rollback().await?;
        Ok(Err(named_once(ids_at(commands, &duplicates))))
    }

    /// Sends commands in the caller's transaction; a duplicate is found without aborting it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; after one that the database raised, PostgreSQL has aborted the caller's transaction.
    pub async fn send_within(
        &self,
        connection: &mut PgConnection,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Vec<Acceptance>, StoreError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let access = self.ready().await?;
        self.ensure(domain, [domain.commands_queue()]).await?;
        let options = SendOptions { batch: None, notify: true, lock_timeout_ms: None, access };
        let duplicates = send_commands(domain, commands, options)
            .fetch_one(connection)
            .await
            .inspect_err(|error| self.forget_missing_queue(&domain.commands_queue(), error))?;
        Ok(acceptances(commands.len(), &duplicates))
    }

    /// A queue that was dropped behind our back is made again by the next call.
    pub(super) fn forget_missing_queue(&self, queue: &str, error: &sqlx::Error) {
        let missing = error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42P01"));
        if missing {
            self.known_queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(queue);
        }
    }
}

pub(super) fn acceptances(count: usize, duplicates: &[i32]) -> Vec<Acceptance> {
    let mut answers = vec![Acceptance::Sent; count];
    for position in duplicates {
        answers[*position as usize - 1] = Acceptance::Duplicate;
    }
    answers
}

/// The ids in order, each once.
pub(super) fn named_once<I: Copy + Eq + Hash>(mut ids: Vec<I>) -> Vec<I> {
    let mut seen = HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(*id));
    ids
}

pub(super) fn ids_at(commands: &[NewCommand], positions: &[i32]) -> Vec<CommandId> {
    positions.iter().map(|position| commands[*position as usize - 1].command_id).collect()
}
