//! A transaction for a handler: its writes and the settlement commit together.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::{PgConnection, Postgres, Transaction};

use super::{Context, FromContext, Need};
use crate::{message::Failure, store::postgres::HandlerTransaction};

/// The transaction that a command is settled in; derefs to [`PgConnection`].
///
/// What a handler writes through it takes effect exactly once: together with the settlement of the command, or not at
/// all. An error rolls it back, and so does a delivery that is no longer current.
///
/// The worker takes it back when the handler drops it. A handler that moves it into a task, or forgets it, fails with
/// `TX_NOT_RETURNED`; one that ends it with a `COMMIT` of its own fails with `TX_ENDED_BY_HANDLER`.
///
/// The next handler may write on the same connection: what is to end with the transaction is set with `SET LOCAL` and locked
/// with `pg_advisory_xact_lock`.
///
/// A unit test passes a transaction of its own, which is rolled back at the end:
///
/// ```no_run
/// # async fn test(pool: sqlx::PgPool) -> sqlx::Result<()> {
/// use commandbus::handler::Tx;
///
/// let tx = Tx::from(pool.begin().await?);
/// // debit_account(command, tx).await
/// # drop(tx);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Tx {
    /// `None` only while it is dropped.
    transaction: Option<HandlerTransaction>,
    home: TxSlot,
}

impl From<Transaction<'static, Postgres>> for Tx {
    fn from(transaction: Transaction<'static, Postgres>) -> Self {
        Self { transaction: Some(transaction.into()), home: TxSlot::default() }
    }
}

// The note on the trait names it already.
#[diagnostic::do_not_recommend]
impl FromContext for Tx {
    const NEEDS: &'static [Need] = &[Need::Transaction];

    async fn from_context(context: &Context) -> Result<Self, Failure> {
        let home = &context.inner.transaction;
        match home.take() {
            Some(transaction) => Ok(Self { transaction: Some(transaction), home: home.clone() }),
            None => Err(Failure::permanent(
                "TX_TAKEN",
                "two parameters of this handler take the transaction: leave `Tx` to one of them",
            )),
        }
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.transaction.as_ref().expect("only `drop` takes the transaction")
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.transaction.as_mut().expect("only `drop` takes the transaction")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.home.put(transaction);
        }
    }
}

/// Where the open transaction waits before the handler takes it and after it is done with it. Whatever is left in it
/// when the last clone goes is rolled back.
#[derive(Debug, Clone, Default)]
pub(crate) struct TxSlot(Arc<Mutex<Option<HandlerTransaction>>>);

impl TxSlot {
    pub(crate) fn put(&self, transaction: HandlerTransaction) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(transaction);
    }

    pub(crate) fn take(&self) -> Option<HandlerTransaction> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
