//! Floor 4: what handles a command. Extractors, outcomes, and the registry that a worker is wired from.

pub mod context;
pub mod extract;
pub mod outcome;
pub mod registry;
pub mod set;
pub mod transaction;
pub mod wiring;

pub(crate) mod call;
pub(crate) mod classify;
pub(crate) mod probe;
pub(crate) mod returned;
pub(crate) mod schema;
pub(crate) mod take;

pub use context::{Context, ContextBuilder, LeaseError};
pub use extract::{FromContext, Need, Provided, Resources, State};
pub use outcome::Outcome;
pub use registry::{Callable, CommandEntry, Handler, HandlerEntry, HandlerList, Invocation};
pub use set::{HandlerSet, Handlers, IntoHandlers, SetCall, SetEntry};
pub use transaction::Tx;
pub use wiring::{Place, Registry, Wiring, WiringError, WiringFault};
