//! A private PostgreSQL for demos and tests, made of the machine's own binaries. With the feature `embedded`, on unix.
//!
//! The cluster lives in a temporary directory, listens on a unix socket inside it (no port, so none to collide
//! with; mode 0700, so no other user gets in) and ends with its owner: on drop, after a panic, after Ctrl-C, and
//! when the owner is killed. It leaves neither a process nor data behind.
//!
//! PostgreSQL refuses to run as root. Started by root, the cluster belongs to the user `postgres`, else `nobody`.
//!
//! ```no_run
//! use commandbus::embedded::EmbeddedPostgres;
//!
//! # async fn run() -> Result<(), commandbus::embedded::EmbeddedError> {
//! let postgres = EmbeddedPostgres::start().await?;
//! tracing::info!(url = postgres.url(), "psql connects with it, too");
//! postgres.stop().await?;
//! # Ok(()) }
//! ```
//!
//! Programs that also run against a server of the user's ask for a [`Database`] instead: `DATABASE_URL` wins there.

mod account;
mod builder;
mod database;
mod error;
mod installation;
mod watcher;

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::panic::resume_unwind;
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

pub use self::builder::{Builder, Durability};
pub use self::database::Database;
pub use self::error::EmbeddedError;
use self::watcher::Watcher;

/// The database that [`EmbeddedPostgres::url`] names.
const DEFAULT_DATABASE: &str = "commandbus";
/// Only part of the socket's file name: nothing listens on TCP.
const PORT: u16 = 5432;
/// What `initdb` makes; with the socket out of reach for other users it needs no password.
const SUPERUSER: &str = "postgres";

/// A running private PostgreSQL; dropping it stops the server and removes its data.
///
/// The drop blocks its thread until the server is gone, some tenths of a second;
/// [`stop`](Self::stop) does the same without blocking.
pub struct EmbeddedPostgres {
    // Above the directory: it must have ended before the directory goes.
    watcher: Watcher,
    directory: TempDir,
    url: String,
}

impl EmbeddedPostgres {
    /// Starts a cluster with PostgreSQL's own defaults for durability and an empty database `commandbus`.
    ///
    /// # Errors
    ///
    /// See [`Builder::start`].
    pub async fn start() -> Result<Self, EmbeddedError> {
        Self::builder().start().await
    }

    /// Returns the options a cluster can be started with.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the connection URL of the database `commandbus`, for sqlx, psql and whatever else reads libpq's URLs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the connection URL of the database `name`, whether it exists or not.
    pub fn url_for(&self, name: &str) -> String {
        url(self.directory(), name)
    }

    /// Returns the directory with the data, the socket and the log `server.log`.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops the server and removes its data.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::Stop`] if the server or its data may have been left behind.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        off_the_runtime(move || {
            self.watcher.stop().map_err(|source| EmbeddedError::Stop { directory: self.directory().to_owned(), source })
        })
        .await
    }

    async fn launch(builder: Builder) -> Result<Self, EmbeddedError> {
        let (directory, watcher) = off_the_runtime(move || builder.launch()).await?;
        let postgres = Self { url: url(directory.path(), DEFAULT_DATABASE), watcher, directory };
        let mut connection = PgConnection::connect(&postgres.url_for("postgres")).await?;
        let create = AssertSqlSafe(format!("create database {DEFAULT_DATABASE}"));
        sqlx::query(create).execute(&mut connection).await?;
        connection.close().await?;
        Ok(postgres)
    }
}

impl fmt::Debug for EmbeddedPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedPostgres").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Runs what waits for processes and files on a thread where it may.
async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(value) => value,
        // Never cancelled: nobody holds its handle but us.
        Err(panic) => resume_unwind(panic.into_panic()),
    }
}

/// The host is there for parsers that want one; libpq and sqlx prefer the `host` of the query.
fn url(directory: &Path, database: &str) -> String {
    let socket = percent_encoded(directory.as_os_str().as_bytes());
    let database = percent_encoded(database.as_bytes());
    format!("postgres://{SUPERUSER}@localhost:{PORT}/{database}?host={socket}")
}

fn percent_encoded(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_survives_odd_names() {
        assert_eq!(
            url(Path::new("/tmp/my dir+1"), "größe"),
            "postgres://postgres@localhost:5432/gr%C3%B6%C3%9Fe?host=/tmp/my%20dir%2B1"
        );
    }
}
