//! Floor 4: what handles a command. Extractors, outcomes, and the registry that a worker is wired from.

pub mod context;
pub mod extract;
pub mod outcome;
pub mod registry;
pub mod transaction;

pub use context::Context;
pub use extract::{FromContext, Need, Resources, State};
pub use outcome::Outcome;
pub use registry::{Handler, HandlerEntry, Invocation};
pub use transaction::Tx;
