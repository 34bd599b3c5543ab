//! Why a reply cannot be taken in, and the guard around the user's code.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::message::envelope::PayloadError;

/// Why a process cannot be moved. Nothing of it has changed then.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The stored state is not one of the type as it is now.
    #[error("the stored state is not a `{process_type}`: {source}")]
    State {
        /// The name of its type.
        process_type: &'static str,
        /// What the decoder said.
        source: Arc<serde_json::Error>,
    },
    /// It has sent a step that is not in the table.
    #[error(
        "`{process_type}` has no step `{step}`: if it was renamed, give the step the old name as an alias; if it was \
         removed, keep it until no process is under way that did it"
    )]
    UnknownStep {
        /// The name of its type.
        process_type: &'static str,
        /// The stored name of the step.
        step: String,
    },
    /// What follows is not in the table.
    #[error("`next` of `{process_type}` names step {index}, but the table ends before that")]
    NoSuchStep {
        /// The name of its type.
        process_type: &'static str,
        /// The place that was named.
        index: usize,
    },
    /// The reply is not one of the step's command.
    #[error("the reply to step `{step}` is not what `{process_type}` takes: {source}")]
    Reply {
        /// The name of its type.
        process_type: &'static str,
        /// The step.
        step: &'static str,
        /// What the decoder said.
        source: Arc<serde_json::Error>,
    },
    /// The state after the reply, or a command, cannot be stored.
    #[error(transparent)]
    Payload(Arc<PayloadError>),
    /// The code of the process panicked.
    #[error("{place} of `{process_type}` panicked: {message}")]
    Panic {
        /// The name of its type.
        process_type: &'static str,
        /// Where, as in `the payload of step 'debit'`.
        place: String,
        /// What the panic said.
        message: String,
    },
}

impl RouteError {
    /// A stable name, for machines.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::State { .. } => "STATE_UNDECODABLE",
            Self::UnknownStep { .. } => "UNKNOWN_STEP",
            Self::NoSuchStep { .. } => "NO_SUCH_STEP",
            Self::Reply { .. } => "REPLY_UNDECODABLE",
            Self::Payload(_) => "PAYLOAD",
            Self::Panic { .. } => "PANIC",
        }
    }
}

impl From<PayloadError> for RouteError {
    fn from(error: PayloadError) -> Self {
        Self::Payload(Arc::new(error))
    }
}

/// Runs code of the user's. What it may have left half-changed must not be used after an error.
pub(super) fn guarded<T>(
    process_type: &'static str,
    place: impl FnOnce() -> String,
    code: impl FnOnce() -> T,
) -> Result<T, RouteError> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| RouteError::Panic {
        process_type,
        place: place(),
        message: words_of(&*panic),
    })
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("with a value that is no text").to_owned()
}
