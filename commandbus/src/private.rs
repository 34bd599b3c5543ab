//! What generated code names. No part of the public API: it changes with the macros, which are pinned to this version.

pub use commandbus_macros::{__beside as beside, __handlers as handlers};
pub use inventory;
pub use serde;

pub use crate::bus::batch::domain::{domain_of, refuse_other_domain};
pub use crate::handler::{
    call::{CallWith, Caller, CommandOf, Decoder, FallbackSpec, Known, Refusal, Unknown},
    classify::{ErrorOf, SaysWhatItMeans, UnknownError, message},
    probe::{NoProbe, Probe, ProbeOf},
    registry::{refuse_second, refuse_second_of_set},
    returned::{Conclusion, ReplyTo, Returned, Shape},
    schema::{Schema, SchemaOf},
    set::{LinkedSet, SetOf, Shared, SharedByCalls, Unshared},
    take::{Parameter, TakeAll},
};
pub use crate::process::generated::{AnswerOf, LearnedFrom, StepOf, next, refused_process};
use crate::{
    handler::{Callable, HandlerEntry, Outcome},
    message::{CommandSpec, Failure},
};

/// What generated code asks by, without their names: one import has them all, and takes no name from the user.
pub mod probes {
    pub use crate::handler::{
        call::{FallbackCommand as _, FallbackParameters as _},
        classify::{ClassifiedError as _, OpaqueError as _, PlainError as _, UnknownError as _},
        returned::PlainReturn as _,
        schema::MissingSchema as _,
        set::FallbackSet as _,
    };
}

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
