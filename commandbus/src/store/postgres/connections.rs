//! A pool, and how statements reach the server through it.
//!
//! A transaction pooler gives each transaction whichever session is free. The driver names its statements and sends each
//! in two steps, so there every call is a transaction of its own, in which both steps meet the same session; and it begins
//! by forgetting the names that others have left in that session.

use std::{io, sync::Arc};

use sqlx::{
    FromRow, PgConnection, PgPool, Postgres, SqlSafeStr, Transaction,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::{Query, QueryAs, QueryScalar},
};

use super::{
    release::is_at_rest,
    spares::{Keeping, Spare, Spares},
};

/// What a transaction begins with behind a transaction pooler.
pub(super) const BEGIN_ON_ANY_SESSION: &str = "begin; deallocate all";

/// How a store reaches its database, beside the pool that it is given.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct StoreOptions {
    /// The pool leads to a pooler in transaction mode, without prepared statements, as PgBouncer has it.
    pub transaction_pooler: bool,
    /// The way past the pooler, for what needs a session of its own: listening, and migrating.
    pub direct: Option<PgConnectOptions>,
}

/// Options of connections that go through a transaction pooler.
pub(crate) fn through_pooler(options: PgConnectOptions) -> PgConnectOptions {
    // A statement is not there the next time. The other one is a setting of the session, which such poolers refuse; it is
    // about numbers as text, and ours are binary.
    options.statement_cache_capacity(0).extra_float_digits(None)
}

/// A pool that calls and transactions take their connections from.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    spares: Arc<Spares<PoolConnection<Postgres>>>,
    transaction_pooler: bool,
}

impl Connections {
    pub(super) fn new(pool: PgPool, keeping: Keeping, transaction_pooler: bool) -> Self {
        if transaction_pooler {
            pool.set_connect_options(through_pooler(pool.connect_options().as_ref().clone()));
        }
        Self { spares: Arc::new(Spares::new(pool, keeping)), transaction_pooler }
    }

    pub(super) fn pool(&self) -> &PgPool {
        self.spares.pool()
    }

    /// What a transaction begins with.
    pub(super) fn begin_statement(&self) -> &'static str {
        if self.transaction_pooler { BEGIN_ON_ANY_SESSION } else { "begin" }
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        begin(self.pool(), self.begin_statement()).await
    }

    /// A connection for a call.
    pub(super) async fn hold(&self) -> Result<Held, sqlx::Error> {
        if self.transaction_pooler {
            return Ok(Held::InTransaction(self.begin().await?));
        }
        let spare = match self.spares.take() {
            Ok(spare) => spare,
            Err(waiting) => waiting.over(self.acquire().await?),
        };
        Ok(Held::Alone(spare, Arc::clone(&self.spares)))
    }

    /// A connection of the pool, outside of any transaction: what is written on it is committed by itself.
    async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        loop {
            let mut connection = self.pool().acquire().await?;
            if !self.spares.is_shared() || is_at_rest(&mut connection).await? {
                return Ok(connection);
            }
            tracing::warn!("a connection of the pool was in a transaction that somebody had left open; it is closed");
            connection.close_on_drop();
        }
    }
}

/// Begins a transaction. In a task of its own: given up halfway, the driver would leave it open on a connection that goes
/// back to the pool ([sqlx#4393](https://github.com/transact-rs/sqlx/issues/4393)).
pub(super) async fn begin(
    pool: &PgPool,
    statement: impl SqlSafeStr,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let (pool, statement) = (pool.clone(), statement.into_sql_str());
    let beginning = tokio::spawn(async move { pool.begin_with(statement).await });
    beginning.await.unwrap_or_else(|error| Err(sqlx::Error::Io(io::Error::other(error))))
}

/// A connection for one call.
#[derive(Debug)]
pub(super) enum Held {
    /// Dropped, it goes back to its pool, which asks it first whether it is done.
    Alone(Spare<PoolConnection<Postgres>>, Arc<Spares<PoolConnection<Postgres>>>),
    InTransaction(Transaction<'static, Postgres>),
}

impl Held {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        match self {
            Self::Alone(spare, _) => &mut spare.held,
            Self::InTransaction(transaction) => transaction,
        }
    }

    /// To be called after a call that came to its end; dropped before, nothing of it remains where it was in a transaction.
    pub(super) async fn end(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Alone(spare, spares) if spares.keeps(&spare) => spares.put(spare),
            Self::Alone(..) => {}
            Self::InTransaction(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

/// A statement that is a call of its own.
pub(super) trait Call: Sized + Send {
    /// What a row of its answer is.
    type Row;

    fn call_one(self, connections: &Connections) -> impl Future<Output = Result<Self::Row, sqlx::Error>> + Send;

    fn call_optional(
        self,
        connections: &Connections,
    ) -> impl Future<Output = Result<Option<Self::Row>, sqlx::Error>> + Send;

    fn call_all(self, connections: &Connections) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;

    /// Without an answer.
    fn call(self, connections: &Connections) -> impl Future<Output = Result<(), sqlx::Error>> + Send {
        async { self.call_optional(connections).await.map(drop) }
    }
}

/// The calls of one kind of statement.
macro_rules! calls {
    ($($call:ident as $fetch:ident -> $answer:ty,)+) => {
        $(async fn $call(self, connections: &Connections) -> Result<$answer, sqlx::Error> {
            let mut held = connections.hold().await?;
            let answer = self.$fetch(held.connection()).await?;
            held.end().await?;
            Ok(answer)
        })+
    };
}

impl Call for Query<'_, Postgres, PgArguments> {
    type Row = PgRow;

    calls! {
        call_one as fetch_one -> PgRow,
        call_optional as fetch_optional -> Option<PgRow>,
        call_all as fetch_all -> Vec<PgRow>,
    }
}

impl<O> Call for QueryScalar<'_, Postgres, O, PgArguments>
where
    O: Send + Unpin,
    (O,): Send + Unpin + for<'r> FromRow<'r, PgRow>,
{
    type Row = O;

    calls! {
        call_one as fetch_one -> O,
        call_optional as fetch_optional -> Option<O>,
        call_all as fetch_all -> Vec<O>,
    }
}

impl<O> Call for QueryAs<'_, Postgres, O, PgArguments>
where
    O: Send + Unpin + for<'r> FromRow<'r, PgRow>,
{
    type Row = O;

    calls! {
        call_one as fetch_one -> O,
        call_optional as fetch_optional -> Option<O>,
        call_all as fetch_all -> Vec<O>,
    }
}
