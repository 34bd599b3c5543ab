//! Giving connections back to their pool.

use std::{io, time::Duration};

use sqlx::{Connection, postgres::PgPoolOptions};

/// How long a connection may take to say that it is ready for the next caller.
const PATIENCE: Duration = Duration::from_secs(5);

/// Has a pool close connections that do not answer when they are given back.
///
/// A call that is given up leaves its connection in the middle of something, and the pool asks it whether it is done. One
/// that is half open, its other end gone without a word, never answers, and its place in the pool is lost until the
/// system gives the connection up, a quarter of an hour later. [`Bus::connect`](crate::bus::Bus::connect) does this for
/// its pool, and the engine for its own; a program that brings a pool to [`Bus::new`](crate::bus::Bus::new) may do it, too.
///
/// It takes the place of another `after_release` of the options, and asks each connection once more.
///
/// ```no_run
/// use commandbus::{bus::Bus, store::postgres::with_release_timeout};
/// use sqlx::postgres::PgPoolOptions;
///
/// # fn example() -> Result<Bus, sqlx::Error> {
/// let options = with_release_timeout(PgPoolOptions::new().max_connections(20));
/// let bus = Bus::new(options.connect_lazy("postgres://app@localhost/shop")?);
/// # Ok(bus)
/// # }
/// ```
pub fn with_release_timeout(options: PgPoolOptions) -> PgPoolOptions {
    options.after_release(|connection, _| {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, connection.ping()).await {
                Ok(answer) => answer.map(|()| true),
                Err(_) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the connection hangs"))),
            }
        })
    })
}
