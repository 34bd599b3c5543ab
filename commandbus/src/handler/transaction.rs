//! A transaction for a handler: its writes and the settlement commit together.

use std::sync::{Arc, Mutex};

use sqlx::{Postgres, Transaction};

/// The transaction that a command is settled in; derefs to `PgConnection`.
#[derive(Debug)]
pub struct Tx {
    transaction: Option<Transaction<'static, Postgres>>,
    home: TxSlot,
}

/// Where the open transaction waits before the handler takes it and after it is done with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TxSlot(Arc<Mutex<Option<Transaction<'static, Postgres>>>>);
