//! Batches: many commands, created together or not at all, and followed together.

mod builder;
mod callback;
mod create;
pub(crate) mod domain;
mod error;
mod handle;
mod member;
mod plan;
mod progress;

pub use builder::{BatchBuilder, Empty, Filled, HasCommands};
pub use callback::{CallbackFuture, CallbackOutput, OnAnyThread};
pub use create::{BatchSending, UncommittedBatch};
pub use error::BatchError;
pub use handle::Batch;
pub use member::{BatchKind, BatchMember, IntoMember};
pub use plan::BatchItem;
pub(crate) use plan::Plan;
pub use progress::{Progress, WaitForBatch};
