//! The store on PostgreSQL.
#![allow(clippy::todo, unused_variables, missing_docs)]

use std::time::Duration;

use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::{Acceptance, BatchWriter, NewBatch, NewCommand, Settled, Settlement, Token};
use crate::{error::StoreError, message::Domain};

/// The store on PostgreSQL and PGMQ.
#[derive(Debug)]
pub struct PostgresStore {}

impl PostgresStore {
    pub fn new(pool: PgPool) -> Self {
        todo!()
    }
    pub fn pool(&self) -> &PgPool {
        todo!()
    }
    /// Begins the transaction of a transactional handler: marks it with the delivery it belongs to and bounds how long
    /// it may sit idle.
    pub async fn begin_handler(
        &self,
        domain: &Domain,
        token: Token,
        idle_timeout: Duration,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        todo!()
    }
    /// Settles one delivery in the transaction its handler wrote in; the caller commits. `Stale`: roll back.
    pub async fn settle_within(
        &self,
        connection: &mut PgConnection,
        domain: &Domain,
        settlement: &Settlement,
    ) -> Result<Settled, StoreError> {
        todo!()
    }
    /// Sends commands in the caller's transaction; a duplicate is found without aborting it.
    pub async fn send_within(
        &self,
        connection: &mut PgConnection,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Vec<Acceptance>, StoreError> {
        todo!()
    }
    /// Like [`Store::begin_batch`](super::Store::begin_batch), in the caller's transaction.
    pub async fn begin_batch_within<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        batch: NewBatch,
    ) -> Result<Box<dyn BatchWriter + 'a>, StoreError> {
        todo!()
    }
    /// The id of the caller's transaction, for [`Self::rolled_back`].
    pub async fn transaction_id(&self, connection: &mut PgConnection) -> Result<String, StoreError> {
        todo!()
    }
    /// Which of these transactions were rolled back.
    pub async fn rolled_back(&self, transactions: &[String]) -> Result<Vec<bool>, StoreError> {
        todo!()
    }
}
