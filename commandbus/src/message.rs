//! Floor 1: plain data. What is sent, what comes back, and which moves are legal; nothing here does I/O.

pub mod audit;
pub mod batch;
pub mod command;
pub mod domain;
pub mod envelope;
pub mod failure;
pub mod group;
pub mod id;
pub mod process;
pub mod reply;
pub mod retry;
pub mod status;
pub mod version;

pub use audit::{AuditEvent, EventType};
pub use batch::{BatchMetadata, BatchType};
pub use command::{Command, CommandMetadata, CommandSpec};
pub use domain::{Domain, InvalidDomain};
pub use envelope::Envelope;
pub use failure::{Failure, FailureKind, HandlerError};
pub use id::{BatchId, CommandId, ProcessId};
pub use process::{ProcessMetadata, SentStep, StepRole};
pub use reply::{Outcome, Reply};
pub use retry::{Backoff, InvalidBackoff};
pub use status::{BatchStatus, CommandStatus, ProcessStatus, UnknownStatus};
