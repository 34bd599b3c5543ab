//! Transactions of callers and handlers.

use std::{fmt::Write as _, time::Duration};

use sqlx::PgConnection;

use super::{HandlerTransaction, PostgresStore, connections::Call, milliseconds};
use crate::{error::StoreError, store::Token};

impl PostgresStore {
    /// Begins the transaction of a transactional handler, on a connection of the caller's pool: marks it with the delivery
    /// it belongs to, which [`settle_within`](Self::settle_within) asks for, and bounds how long it may sit idle and, with
    /// `statement_timeout`, how long one statement may run.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when no connection is to be had.
    pub async fn begin_handler(
        &self,
        token: Token,
        idle_timeout: Duration,
        statement_timeout: Option<Duration>,
    ) -> Result<HandlerTransaction, StoreError> {
        let begin = self.begin_statement(token, idle_timeout, statement_timeout);
        Ok(HandlerTransaction::begin(&self.handlers, begin).await?)
    }

    /// Commits the transaction of a handler, and begins that of another delivery on its connection in the same round trip;
    /// `None` when the connection has gone back to its pool.
    ///
    /// # Errors
    ///
    /// Those of [`HandlerTransaction::commit`]; then nothing has begun.
    pub async fn commit_and_begin_handler(
        &self,
        transaction: HandlerTransaction,
        token: Token,
        idle_timeout: Duration,
        statement_timeout: Option<Duration>,
    ) -> Result<Option<HandlerTransaction>, sqlx::Error> {
        transaction.commit_and_begin(&self.begin_statement(token, idle_timeout, statement_timeout)).await
    }

    /// One round trip; there is nothing in it but numbers and a UUID.
    fn begin_statement(&self, token: Token, idle_timeout: Duration, statement_timeout: Option<Duration>) -> String {
        let mut begin = format!(
            "{}; set local commandbus.delivery = '{}:{}'; set local idle_in_transaction_session_timeout = {}",
            self.pool.begin_statement(),
            token.command_id,
            token.delivery,
            setting(idle_timeout),
        );
        if let Some(timeout) = statement_timeout {
            let _ = write!(begin, "; set local statement_timeout = {}", setting(timeout));
        }
        begin
    }

    /// The id of the caller's transaction, for [`rolled_back`](Self::rolled_back).
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the connection fails.
    pub async fn transaction_id(&self, connection: &mut PgConnection) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("select pg_current_xact_id()::text").fetch_one(connection).await?)
    }

    /// Which of these transactions were rolled back. One that PostgreSQL no longer remembers was not, as far as anyone
    /// knows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the connection fails.
    pub async fn rolled_back(&self, transactions: &[String]) -> Result<Vec<bool>, StoreError> {
        let answer = sqlx::query_scalar(
            "select coalesce(pg_xact_status(t.id::xid8) = 'aborted', false)
             from unnest($1::text[]) with ordinality as t(id, position) order by t.position",
        )
        .bind(transactions)
        .call_all(&self.pool)
        .await?;
        Ok(answer)
    }
}

/// A timeout in milliseconds, within what PostgreSQL takes; zero would mean none.
fn setting(timeout: Duration) -> i64 {
    milliseconds(timeout).clamp(1, i64::from(i32::MAX))
}
