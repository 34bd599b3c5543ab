//! What generated code names. No part of the public API: it changes with the macros, which are pinned to this version.

pub use commandbus_macros::__handlers as handlers;
pub use inventory;
pub use std::string::ToString;

pub use crate::handler::{
    call::{Parameters, call},
    classify::{ClassifiedError, ErrorOf, OpaqueError, PlainError, SaysWhatItMeans, UnknownError},
    probe::{NoProbe, Probe, ProbeOf},
    registry::refuse_second,
    returned::{PlainReturn, ReplyTo, ResultReturn, Returned, Shape},
};
use crate::{
    handler::{HandlerEntry, Outcome},
    message::{CommandSpec, Failure},
};

/// The spec of a command that `#[command]` refused; it never runs, for it does not compile.
pub const REFUSED: &CommandSpec = &CommandSpec::new("refused", "");

/// The entry of a handler that `#[handler]` refused.
pub const REFUSED_HANDLER: HandlerEntry = HandlerEntry {
    command: REFUSED,
    name: "",
    file: "",
    line: 0,
    needs: &[],
    call: |_| Box::pin(async { Outcome::Failed(Failure::permanent("REFUSED", "this handler did not compile")) }),
};
