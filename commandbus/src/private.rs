//! What generated code names. No part of the public API: it changes with the macros, which are pinned to this version.

pub use commandbus_macros::__handlers as handlers;
pub use inventory;
pub use serde;

pub use crate::bus::batch::domain::{domain_of, refuse_other_domain};
pub use crate::handler::{
    call::{
        CallWith, Caller, CommandOf, Decoder, FallbackCommand, FallbackParameters, FallbackSpec, Known, KnownCommand,
        KnownParameters, Refusal, Unknown,
    },
    classify::{ClassifiedError, ErrorOf, OpaqueError, PlainError, SaysWhatItMeans, UnknownError, message},
    probe::{NoProbe, Probe, ProbeOf},
    registry::{refuse_second, refuse_second_of_set},
    returned::{Conclusion, PlainReturn, ReplyTo, ResultReturn, Returned, Shape},
    schema::{KnownSchema, MissingSchema, SchemaOf, Schemas},
    set::{FallbackSet, KnownSet, SetOf, Shared, SharedByCalls, Unshared},
    take::{FallbackTake, KnownTake, Take, TakeAll, Taken, TypesOf, Untaken},
};
pub use crate::process::generated::{AnswerOf, LearnedFrom, StepOf, next, refused_process};
use crate::{
    handler::{Callable, HandlerEntry, Outcome},
    message::{CommandSpec, Failure},
};

/// The spec of a command that `#[command]` refused; it never runs, for it does not compile.
pub const REFUSED: &CommandSpec = &CommandSpec::new("refused", "");

/// What a worker would call of a set that `#[handler_set]` refused.
pub const REFUSED_METHOD: Callable = Callable::Function(REFUSED_HANDLER.call);

/// The entry of a handler that `#[handler]` refused.
pub const REFUSED_HANDLER: HandlerEntry = HandlerEntry {
    command: REFUSED,
    name: "",
    file: "",
    line: 0,
    needs: &[],
    call: |_| Box::pin(async { Outcome::Failed(Failure::permanent("REFUSED", "this handler did not compile")) }),
};
