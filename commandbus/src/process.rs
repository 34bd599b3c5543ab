//! Floor 6: business processes. A process is a state and a static table of steps; replies move it from one step to the
//! next, or, when something failed, back.

mod definition;
pub(crate) mod generated;
mod registry;

pub use definition::{Action, Next, Process, ProcessSpec, Step, StepSpec};
pub use registry::ProcessEntry;
