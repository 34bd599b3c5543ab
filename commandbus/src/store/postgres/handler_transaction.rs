//! The transactions of handlers, which follow each other on one connection.

use std::{
    fmt::Debug,
    mem,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use sqlx::{AssertSqlSafe, PgConnection, Postgres, Transaction, raw_sql};
use tokio::{runtime::Handle, time::timeout};

use super::{
    connections::begin,
    release::PATIENCE,
    spares::{Keep, Spare, Spares},
};

/// A transaction that a handler writes in; derefs to [`PgConnection`]. Dropped, it is rolled back.
///
/// Committed, its connection may serve the next one straight away. The driver goes on counting it as the same
/// transaction then, so that savepoints are what [`begin`](sqlx::Connection::begin) of a handler makes in either.
#[derive(Debug)]
pub struct HandlerTransaction {
    spare: Spare<Transaction<'static, Postgres>>,
    /// Where the next one finds it; nowhere when the caller brought it.
    spares: Option<Arc<Spares<Transaction<'static, Postgres>>>>,
}

impl HandlerTransaction {
    /// Begins with `statement`, on a connection that is at hand, else on one of the pool.
    pub(super) async fn begin(
        spares: &Arc<Spares<Transaction<'static, Postgres>>>,
        statement: String,
    ) -> Result<Self, sqlx::Error> {
        let of = |spare| Self { spare, spares: Some(Arc::clone(spares)) };
        loop {
            match spares.take() {
                Ok(mut spare) => {
                    // One whose other end has gone is none.
                    if raw_sql(AssertSqlSafe(&*statement)).execute(&mut *spare.held).await.is_ok() {
                        return Ok(of(spare));
                    }
                }
                Err(waiting) => {
                    return begin(spares.pool(), AssertSqlSafe(statement)).await.map(|begun| of(waiting.over(begun)));
                }
            }
        }
    }

    /// Makes all of it permanent.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`]: of the database, nothing was written; of the connection, nobody knows.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        let Self { mut spare, spares } = self;
        let Some(spares) = spares.filter(|spares| spares.keeps(&spare)) else { return spare.held.commit().await };
        raw_sql("commit").execute(&mut *spare.held).await?;
        spares.put(spare);
        Ok(())
    }

    /// Commits it and begins the next one with `statement`; `None` when its connection has gone back to its pool.
    pub(super) async fn commit_and_begin(mut self, statement: &str) -> Result<Option<Self>, sqlx::Error> {
        if !self.spares.as_ref().is_some_and(|spares| spares.keeps(&self.spare)) {
            return self.commit().await.map(|()| None);
        }
        raw_sql(AssertSqlSafe(format!("commit; {statement}"))).execute(&mut *self).await?;
        Ok(Some(self))
    }

    /// Undoes all of it.
    ///
    /// # Errors
    ///
    /// [`sqlx::Error`] of the connection; the server undoes it then, as soon as it knows.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.spare.held.rollback().await
    }
}

impl From<Transaction<'static, Postgres>> for HandlerTransaction {
    fn from(transaction: Transaction<'static, Postgres>) -> Self {
        Self { spare: Spare::until_now(transaction), spares: None }
    }
}

impl Deref for HandlerTransaction {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.spare.held
    }
}

impl DerefMut for HandlerTransaction {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.spare.held
    }
}

/// One that is kept has been committed, and is open for the driver only.
impl Keep for Transaction<'static, Postgres> {
    fn give_back(mut self) {
        tokio::spawn(async move {
            // The server warns of the end of what did not begin.
            let begun = timeout(PATIENCE, raw_sql("begin").execute(&mut *self)).await;
            if let Ok(Ok(_)) = begun {
                let _ = self.rollback().await;
            }
            // Else it ends where connections do that hang: in its pool.
        });
    }

    fn abandon(self) {
        match Handle::try_current() {
            Ok(_) => self.give_back(),
            // To end it takes a runtime; the system closes the connection with the program.
            Err(_) => mem::forget(self),
        }
    }
}
