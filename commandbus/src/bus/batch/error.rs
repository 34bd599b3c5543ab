//! What can go wrong with a batch.

use std::time::Duration;

use crate::{
    bus::error::ListOf,
    error::StoreError,
    message::{BatchId, CommandId, Domain, ProcessId, envelope::PayloadError},
};

/// What can go wrong with a batch. When its creation fails, nothing of it was created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// `.extend` of an empty iterator, and nothing else.
    #[error("Batch must contain at least one command")]
    EmptyBatch,
    /// Commands have the same id, or one that is taken in the domain.
    #[error(
        "these ids are twice in the batch, or taken in domain `{domain}` already: {ids}. Nothing was created; leave out \
         what was sent before, or give new ids",
        ids = ListOf(ids)
    )]
    DuplicateCommand {
        /// The domain.
        domain: Domain,
        /// The ids.
        ids: Vec<CommandId>,
    },
    /// A batch of processes without any.
    #[error("Batch must contain at least one process")]
    EmptyProcessBatch,
    /// Processes have the same id, or one that is taken in the domain.
    #[error(
        "these ids of processes are twice in the batch, or taken in domain `{domain}` already: {ids}. Nothing was \
         created; leave out what was started before, or give new ids",
        ids = ListOf(ids)
    )]
    DuplicateProcess {
        /// The domain.
        domain: Domain,
        /// The ids.
        ids: Vec<ProcessId>,
    },
    /// The id chosen for the batch is taken.
    #[error("domain `{domain}` has a batch {id} already: nothing was created; follow that one with `bus.batch(..)`")]
    DuplicateBatch {
        /// The domain.
        domain: Domain,
        /// The id.
        id: BatchId,
    },
    /// The payload of a command cannot be stored.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// `custom_data` cannot be stored.
    #[error("the custom data of the batch cannot be stored: {0}")]
    CustomData(PayloadError),
    /// The name cannot be stored.
    #[error("the name of the batch contains a NUL character, which PostgreSQL cannot store: remove it")]
    InvalidName,
    /// The verb is for commands, and the batch groups processes.
    #[error(
        "`{verb}` is for batches of commands, and batch {id} groups processes: what is parked of these is resolved with \
         `bus.troubleshooting()`, and they go on by themselves"
    )]
    OfProcesses {
        /// What was asked for.
        verb: &'static str,
        /// The batch.
        id: BatchId,
    },
    /// There is no such batch.
    #[error("domain `{domain}` has no batch {id}: check both, or it was removed after it ended")]
    BatchNotFound {
        /// The domain.
        domain: Domain,
        /// The id.
        id: BatchId,
    },
    /// The batch had not ended when the time was up; it goes on.
    #[error("batch {id} has not ended within {after:?}; it goes on, so wait again or look at its progress")]
    Timeout {
        /// The batch.
        id: BatchId,
        /// The time given.
        after: Duration,
    },
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
