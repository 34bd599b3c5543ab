//! Transactions of callers and handlers.

use std::time::Duration;

use sqlx::{PgConnection, Postgres, Transaction};

use super::PostgresStore;
use crate::{error::StoreError, message::Domain, store::Token};

impl PostgresStore {
    /// Begins the transaction of a transactional handler: marks it with the delivery it belongs to, which
    /// [`settle_within`](Self::settle_within) asks for, and bounds how long it may sit idle.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when no connection is to be had.
    pub async fn begin_handler(
        &self,
        _domain: &Domain,
        token: Token,
        idle_timeout: Duration,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "select set_config('commandbus.delivery', $1, true),
                    set_config('idle_in_transaction_session_timeout', $2, true)",
        )
        .bind(format!("{}:{}", token.command_id, token.delivery))
        .bind(idle_timeout.as_millis().to_string())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction)
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
        .fetch_all(&self.pool)
        .await?;
        Ok(answer)
    }
}
