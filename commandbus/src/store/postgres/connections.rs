//! A pool, and how statements reach the server through it.
//!
//! A transaction pooler gives each transaction whichever session is free. The driver names its statements and sends each
//! in two steps, so there every call is a transaction of its own, in which both steps meet the same session; and it begins
//! by forgetting the names that others have left in that session.

use sqlx::{
    FromRow, PgConnection, PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgRow},
    query::{Query, QueryAs, QueryScalar},
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
    pool: PgPool,
    transaction_pooler: bool,
}

impl Connections {
    pub(super) fn new(pool: PgPool, transaction_pooler: bool) -> Self {
        if transaction_pooler {
            pool.set_connect_options(through_pooler(pool.connect_options().as_ref().clone()));
        }
        Self { pool, transaction_pooler }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// What a transaction begins with.
    pub(super) fn begin_statement(&self) -> &'static str {
        if self.transaction_pooler { BEGIN_ON_ANY_SESSION } else { "begin" }
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.pool.begin_with(self.begin_statement()).await
    }

    /// A connection for a call that is made elsewhere.
    pub(super) async fn hold(&self) -> Result<Held, sqlx::Error> {
        Ok(match self.around().await? {
            Some(transaction) => Held::InTransaction(transaction),
            None => Held::Alone(self.pool.acquire().await?),
        })
    }

    /// The transaction around a call, where it needs one.
    async fn around(&self) -> Result<Option<Transaction<'static, Postgres>>, sqlx::Error> {
        if self.transaction_pooler { self.begin().await.map(Some) } else { Ok(None) }
    }
}

/// A connection for one call.
#[derive(Debug)]
pub(super) enum Held {
    Alone(PoolConnection<Postgres>),
    InTransaction(Transaction<'static, Postgres>),
}

impl Held {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        match self {
            Self::Alone(connection) => connection,
            Self::InTransaction(transaction) => transaction,
        }
    }

    /// To be called after the call; dropped before, nothing of it remains where it was in a transaction.
    pub(super) async fn end(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Alone(_) => Ok(()),
            Self::InTransaction(transaction) => transaction.commit().await,
        }
    }
}

/// A statement that is a call of its own.
pub(super) trait Call: Sized {
    /// What a row of its answer is.
    type Row;

    fn call(self, connections: &Connections) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    fn call_one(self, connections: &Connections) -> impl Future<Output = Result<Self::Row, sqlx::Error>> + Send;

    fn call_optional(
        self,
        connections: &Connections,
    ) -> impl Future<Output = Result<Option<Self::Row>, sqlx::Error>> + Send;

    fn call_all(self, connections: &Connections) -> impl Future<Output = Result<Vec<Self::Row>, sqlx::Error>> + Send;
}

/// The four calls of one kind of statement: straight from the pool, or in a transaction.
macro_rules! calls {
    ($($call:ident as $fetch:ident -> $answer:ty,)+) => {
        $(async fn $call(self, connections: &Connections) -> Result<$answer, sqlx::Error> {
            let Some(mut transaction) = connections.around().await? else {
                return self.$fetch(&connections.pool).await;
            };
            let answer = self.$fetch(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(answer)
        })+
    };
}

impl Call for Query<'_, Postgres, PgArguments> {
    type Row = PgRow;

    async fn call(self, connections: &Connections) -> Result<(), sqlx::Error> {
        let Some(mut transaction) = connections.around().await? else {
            return self.execute(&connections.pool).await.map(drop);
        };
        self.execute(&mut *transaction).await?;
        transaction.commit().await
    }

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

    async fn call(self, connections: &Connections) -> Result<(), sqlx::Error> {
        self.call_one(connections).await.map(drop)
    }

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

    async fn call(self, connections: &Connections) -> Result<(), sqlx::Error> {
        self.call_one(connections).await.map(drop)
    }

    calls! {
        call_one as fetch_one -> O,
        call_optional as fetch_optional -> Option<O>,
        call_all as fetch_all -> Vec<O>,
    }
}
