//! Floor 0: what can go wrong with the database, in words that say what to do next.

use std::{sync::Arc, time::Duration};

use sqlx::{
    error::DatabaseError,
    postgres::{PgDatabaseError, PgSeverity},
};

/// A failed call to the store.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached.
    #[error("the database cannot be reached: {source}. Is it running, and is the URL right?")]
    Unreachable {
        /// What the driver said.
        source: Arc<sqlx::Error>,
    },
    /// The server, or the URL, wants TLS, and this program was built without it.
    #[error(
        "the connection is to have TLS, and this program was built without: enable the feature `tls` of `commandbus`, or \
         build the command line with its default features ({source})"
    )]
    NoTls {
        /// What the driver said.
        source: Arc<sqlx::Error>,
    },
    /// The database has no commandbus schema.
    #[error("the database has no commandbus schema: run `bus.migrate().await?` (or `commandbus migrate`) first")]
    SchemaMissing,
    /// The schema is older than this library needs.
    #[error(
        "the commandbus schema is at version {found}, but this library needs {needed}: run `bus.migrate().await?` (or \
         `commandbus migrate`) first"
    )]
    SchemaTooOld {
        /// The version found.
        found: i32,
        /// The version this library was built for.
        needed: i32,
    },
    /// The schema is newer than this library knows.
    #[error(
        "the commandbus schema is at version {found}, but this library knows only {known}: update the `commandbus` \
         dependency of this program"
    )]
    SchemaTooNew {
        /// The version found.
        found: i32,
        /// The newest version this library knows.
        known: i32,
    },
    /// A queue does not exist and could not be made.
    #[error(
        "the queue `{queue}` does not exist and this role may not create it: run `commandbus migrate --domain {domain}`"
    )]
    QueueMissing {
        /// The queue.
        queue: String,
        /// Its domain.
        domain: String,
    },
    /// The database refused the data itself (too large, not representable); sending the same again fails again.
    #[error("the database refused the data ({code}): {message}")]
    Data {
        /// The SQLSTATE.
        code: String,
        /// What the database said.
        message: String,
    },
    /// A lock was not granted in time, or a deadlock or serialization failure was resolved against this transaction.
    #[error("the database is busy with a conflicting transaction ({code}): try again")]
    Conflict {
        /// The SQLSTATE.
        code: String,
    },
    /// The database has run out of something: disk, memory, connections.
    #[error("the database is out of resources ({code}): {message}. Free some or raise its limits; this is tried again")]
    OutOfResources {
        /// The SQLSTATE, of class 53.
        code: String,
        /// What the database said.
        message: String,
    },
    /// The role that this program connects with may not do it.
    #[error(
        "the role of this connection may not do that: {message}{hint}. `commandbus roles` grants what senders, workers, \
         operators and readers need",
        hint = hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"))
    )]
    NotPermitted {
        /// What the database said.
        message: String,
        /// What it says to do.
        hint: Option<String>,
    },
    /// This store cannot do it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// Anything else the database said.
    #[error("the database said: {source}")]
    Database {
        /// What the driver said.
        source: Arc<sqlx::Error>,
    },
}

impl StoreError {
    /// Of a first connection: whatever is wrong, the URL or the server is to be looked at.
    pub(crate) fn unreachable(error: sqlx::Error) -> Self {
        if lacks_tls(&error) {
            Self::NoTls { source: Arc::new(error) }
        } else {
            Self::Unreachable { source: Arc::new(error) }
        }
    }

    /// Whether the same call may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Conflict { .. } | Self::OutOfResources { .. })
    }
}

impl From<sqlx::Error> for StoreError {
    /// Sorts an error of the driver by its SQLSTATE (PostgreSQL documentation, appendix A).
    fn from(error: sqlx::Error) -> Self {
        if lacks_tls(&error) {
            return Self::NoTls { source: Arc::new(error) };
        }
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => Self::Unreachable { source: Arc::new(error) },
                _ => Self::Database { source: Arc::new(error) },
            };
        };
        let code = database.code().unwrap_or_default().into_owned();
        let message = database.message().to_owned();
        match code.as_str() {
            // Not a queue of a domain that is called `commandbus`.
            "3F000" if message.contains("\"commandbus\"") => Self::SchemaMissing,
            "42P01" | "42883" if message.contains("commandbus.") => Self::SchemaMissing,
            "40001" | "40P01" | "55P03" => Self::Conflict { code },
            // Sessions are ended, or none is let in: the database is closed (`allow_connections`) for a while.
            "42501" => {
                let hint = database.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::hint);
                Self::NotPermitted { message, hint: hint.map(str::to_owned) }
            }
            "57P01" | "57P02" | "57P03" => Self::Unreachable { source: Arc::new(error) },
            "55000" if ends_the_session(database) => Self::Unreachable { source: Arc::new(error) },
            other if other.starts_with("08") => Self::Unreachable { source: Arc::new(error) },
            other if other.starts_with("53") => Self::OutOfResources { code, message },
            other if other.starts_with("22") || other.starts_with("54") => Self::Data { code, message },
            _ => Self::Database { source: Arc::new(error) },
        }
    }
}

/// Whether the driver has no TLS where it is wanted: by the URL, or by a server that lets nobody in without.
fn lacks_tls(error: &sqlx::Error) -> bool {
    match error {
        // As the driver writes it; it has no other way of telling.
        sqlx::Error::Tls(reason) => reason.to_string().contains("without TLS support"),
        other => {
            let refuses = |error: &dyn DatabaseError| {
                error.code().as_deref() == Some("28000") && error.message().contains("no encryption")
            };
            !cfg!(feature = "tls") && other.as_database_error().is_some_and(refuses)
        }
    }
}

fn ends_the_session(error: &dyn DatabaseError) -> bool {
    error
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// Makes a call of the store that takes no longer than this: one on a connection that is dead and does not say so would
/// never end.
pub(crate) async fn bounded<T>(
    limit: Duration,
    operation: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
        let message = format!("no answer to `{operation}` within {limit:?}");
        Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, message)).into())
    })
}
