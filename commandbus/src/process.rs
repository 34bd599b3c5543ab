//! Floor 6: business processes. A process is a state and a static table of steps; replies move it from one step to the
//! next, or, when something failed, back.

mod advance;
mod cause;
mod compensation;
mod course;
mod definition;
mod error;
pub(crate) mod instance;
mod plan;
mod registry;
pub(crate) mod route;
pub(crate) mod sending;

#[cfg(test)]
mod tests;

pub use definition::{Action, Next, OnReply, Process, ProcessSpec, Step, StepSpec};
pub use error::RouteError;
pub use registry::ProcessEntry;
