//! How a bus reaches its database.

use std::sync::Arc;

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::Bus;
use crate::{
    error::StoreError,
    store::postgres::{PostgresStore, StoreOptions, through_pooler, with_release_check},
};

/// A bus that is about to connect; made by [`Bus::builder`].
///
/// ```no_run
/// # use commandbus::{bus::Bus, error::StoreError};
/// # async fn example() -> Result<Bus, StoreError> {
/// // Behind PgBouncer in transaction mode.
/// let bus = Bus::builder("postgres://app@pooler:6432/shop")
///     .transaction_pooler()
///     .listen_url("postgres://app@database:5432/shop")
///     .max_connections(20)
///     .connect()
///     .await?;
/// # Ok(bus)
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct BusBuilder {
    url: String,
    listen_url: Option<String>,
    transaction_pooler: bool,
    pool: PgPoolOptions,
}

impl BusBuilder {
    pub(super) fn new(url: String) -> Self {
        let pool = with_release_check(PgPoolOptions::new());
        Self { url, listen_url: None, transaction_pooler: false, pool }
    }

    /// How many connections there are for sending, asking and transactional handlers; ten unless set. The engine has some
    /// of its own.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.pool = self.pool.max_connections(connections);
        self
    }

    /// Every option of that pool at once, in place of those set before.
    pub fn pool_options(mut self, options: PgPoolOptions) -> Self {
        self.pool = options;
        self
    }

    /// The URL leads to a pooler that gives each transaction another session and does not follow prepared statements, as
    /// PgBouncer in transaction mode without `max_prepared_statements`.
    ///
    /// Every call is a transaction then, which costs three more round trips, and nobody listens there: what happens is found
    /// by looking, unless there is a [`listen_url`](Self::listen_url).
    pub fn transaction_pooler(mut self) -> Self {
        self.transaction_pooler = true;
        self
    }

    /// Another way to the same database, past a pooler, for what needs a session of its own: one connection that listens
    /// for wake-ups, and [`Bus::migrate`].
    pub fn listen_url(mut self, url: impl Into<String>) -> Self {
        self.listen_url = Some(url.into());
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when a URL is malformed or nobody answers at the first; [`StoreError::NoTls`] when TLS is
    /// wanted there, and this program was built without.
    pub async fn connect(self) -> Result<Bus, StoreError> {
        let mut options = parse(&self.url)?;
        if self.transaction_pooler {
            options = through_pooler(options);
        }
        let store = StoreOptions {
            transaction_pooler: self.transaction_pooler,
            direct: self.listen_url.as_deref().map(parse).transpose()?,
        };
        // The pool would try for half a minute and then only say that the time was up.
        let connection = PgConnection::connect_with(&options).await.map_err(StoreError::unreachable)?;
        connection.close().await.map_err(StoreError::unreachable)?;
        let pool = self.pool.connect_lazy_with(options);
        Ok(Bus::from_store(Arc::new(PostgresStore::with_options(pool, store))))
    }
}

fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    url.parse().map_err(StoreError::unreachable)
}
