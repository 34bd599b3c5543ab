//! Floor 6: business processes. A process is a state and a static table of steps; replies move it from one step to the
//! next, or, when something failed, back.

mod advance;
mod batch;
mod cause;
mod compensation;
mod course;
mod definition;
mod error;
pub(crate) mod generated;
mod group;
pub(crate) mod instance;
mod plan;
mod registry;
pub(crate) mod route;
mod router;
pub(crate) mod sending;
mod start;
mod started;
mod untyped;

#[cfg(test)]
mod tests;

pub use batch::{CreateProcessBatchError, HasProcesses, ProcessBatchBuilder};
pub use definition::{Action, Next, OnReply, Process, ProcessSpec, Step, StepSpec};
pub use error::RouteError;
pub use registry::{ProcessEntry, StepOutline};
pub use router::{Router, RouterError};
pub use sending::prepare;
pub use start::{IntoProcess, ProcessExt, StartError, Starting, WithProcessId};
pub use started::{ProcessError, Started, UncommittedProcess};
pub use untyped::StartUntypedError;
