//! What generated code names. No part of the public API: it changes with the macros, which are pinned to this version.

pub use commandbus_macros::__handlers as handlers;
pub use inventory;
pub use serde;

pub use crate::handler::{
    call::{
        CallWith, Caller, CommandOf, Decoder, FallbackCommand, FallbackParameters, Known, KnownCommand,
        KnownParameters, Refusal, Unknown,
    },
    classify::{ClassifiedError, ErrorOf, OpaqueError, PlainError, SaysWhatItMeans, UnknownError, message},
    probe::{NoProbe, Probe, ProbeOf},
    registry::refuse_second,
    returned::{Conclusion, PlainReturn, ReplyTo, ResultReturn, Returned, Shape},
    take::{FallbackTake, KnownTake, Take, TakeAll, Taken, TypesOf, Untaken},
};
pub use crate::process::generated::{AnswerOf, LearnedFrom, StepOf, next, refused_process};
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
