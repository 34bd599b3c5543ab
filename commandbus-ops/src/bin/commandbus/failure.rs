//! What can go wrong, and with which exit code the program says so.

use commandbus::{
    bus::{BatchError, SendError},
    error::StoreError,
    message::InvalidDomain,
    ops::OpsError,
    store::postgres::MigrateError,
};
use commandbus_ops::ServeError;

/// Told in `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    it was done
  1    it was refused: there is no such thing, or somebody else was faster
  2    the command line was wrong
  3    the database cannot be reached, or has another schema
  4    what was asked about is not well: doctor found faults, a watched batch ended with failures
  130  interrupted";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Ops(#[from] OpsError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Domain(#[from] InvalidDomain),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[cfg(feature = "demo")]
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
    #[error("{what}: {source}")]
    File { what: String, source: std::io::Error },
    #[error("interrupted; what had been done stays done")]
    Interrupted,
}

impl Failure {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Domain(_) => 2,
            Self::Store(error)
            | Self::Migrate(MigrateError::Store(error))
            | Self::Ops(OpsError::Store(error))
            | Self::Send(SendError::Store(error))
            | Self::Batch(BatchError::Store(error)) => code_of(error),
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

fn code_of(error: &StoreError) -> u8 {
    match error {
        StoreError::Unreachable { .. }
        | StoreError::NoTls { .. }
        | StoreError::SchemaMissing
        | StoreError::SchemaTooOld { .. }
        | StoreError::SchemaTooNew { .. } => 3,
        _ => 1,
    }
}
