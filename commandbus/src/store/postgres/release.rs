//! Whether a connection is done with what it was taken for.

use std::{io, time::Duration};

use sqlx::{PgConnection, Row, postgres::PgPoolOptions, raw_sql};

/// How long a connection may take to say that it is ready for the next caller.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Has a pool close connections that are not done when they are given back: those that do not answer, and those in an open
/// transaction.
///
/// A call that is given up leaves its connection in the middle of something, and the pool asks it whether it is done. One
/// that is half open, its other end gone without a word, never answers, and its place in the pool is lost until the
/// system gives the connection up, a quarter of an hour later. One on which somebody gave up a `begin` halfway answers, in a
/// transaction that nobody knows of ([sqlx#4393](https://github.com/transact-rs/sqlx/issues/4393), in sqlx 0.8.4 to 0.9.0):
/// whatever is written on it next is never committed.
///
/// [`Bus::connect`](crate::bus::Bus::connect) does this for its pool, and the engine for its own; a program that brings a
/// pool to [`Bus::new`](crate::bus::Bus::new) should do it, for statements of its own. Calls of the bus look for
/// themselves before they take a connection of that pool.
///
/// It takes the place of another `after_release` of the options, and asks each connection once more.
///
/// ```no_run
/// use commandbus::{bus::Bus, store::postgres::with_release_check};
/// use sqlx::postgres::PgPoolOptions;
///
/// # fn example() -> Result<Bus, sqlx::Error> {
/// let options = with_release_check(PgPoolOptions::new().max_connections(20));
/// let bus = Bus::new(options.connect_lazy("postgres://app@localhost/shop")?);
/// # Ok(bus)
/// # }
/// ```
pub fn with_release_check(options: PgPoolOptions) -> PgPoolOptions {
    options.after_release(|connection, _| {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, is_at_rest(connection)).await {
                Ok(answer) => answer,
                Err(_) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the connection hangs"))),
            }
        })
    })
}

/// Whether a connection is outside of any transaction. The driver knows the server's word on it, and does not tell.
pub(super) async fn is_at_rest(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // A statement outside of a transaction is one, which begins with it. Not prepared: poolers may be between.
    match raw_sql("select now() = statement_timestamp()").fetch_one(connection).await {
        Ok(row) => row.try_get(0),
        // A transaction that has failed takes no statement.
        Err(sqlx::Error::Database(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
