//! How an attempt failed, and what that means for the command.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a failure does to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureKind {
    /// It may go better next time: retried with backoff, then parked.
    Transient,
    /// It will not go better by itself: parked at once.
    Permanent,
    /// The business says no: the command ends FAILED and its reply says so; never parked.
    BusinessRule,
}

impl FailureKind {
    /// The text stored as `error_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "TRANSIENT",
            Self::Permanent => "PERMANENT",
            Self::BusinessRule => "BUSINESS_RULE",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One failure of one attempt: a kind, a code that machines match on, and a message for people.
///
/// ```
/// use commandbus::message::{Failure, FailureKind};
///
/// let failure = Failure::permanent("UNKNOWN_STREET", "there is no Elm Street").with_details(("Elm Street", 1));
/// assert_eq!(failure.kind, FailureKind::Permanent);
/// assert_eq!(failure.to_string(), "there is no Elm Street (UNKNOWN_STREET)");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Failure {
    /// What it does to the command.
    pub kind: FailureKind,
    /// A stable name, as in `ACCOUNT_CLOSED`.
    pub code: Cow<'static, str>,
    /// What happened, for people.
    pub message: String,
    /// Anything else worth keeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl Failure {
    /// A failure that may go better next time.
    pub fn transient(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, code, message)
    }

    /// A failure that waits for an operator.
    pub fn permanent(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(FailureKind::Permanent, code, message)
    }

    /// A refusal by a business rule.
    pub fn business_rule(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(FailureKind::BusinessRule, code, message)
    }

    /// A failure of a kind that is only known at run time.
    pub fn new(kind: FailureKind, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), details: None }
    }

    /// Adds details, written as JSON; a value that cannot be written is left out.
    #[must_use]
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        self.details = serde_json::to_value(details).ok();
        self
    }
}

/// An error of a handler that knows its kind and code. Written by `#[derive(HandlerError)]`, or by hand.
///
/// ```
/// use commandbus::prelude::*;
///
/// #[derive(Debug, thiserror::Error, HandlerError)]
/// enum LabelError {
///     #[error("order {0} has no address")]
///     #[business_rule(code = "NO_ADDRESS")]
///     NoAddress(u32),
///     #[error(transparent)]
///     #[transient(code = "CARRIER")]
///     Carrier(#[from] std::io::Error),
/// }
///
/// assert_eq!(LabelError::NoAddress(7).failure(), Failure::business_rule("NO_ADDRESS", "order 7 has no address"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it means for the command",
    label = "not a `HandlerError`",
    note = "write `#[derive(HandlerError)]` on it; or, where it is wrapped, a kind in place of `#[inherit]`, as in \
            `#[transient(code = \"..\")]`"
)]
pub trait HandlerError {
    /// What this error means for the command.
    fn failure(&self) -> Failure;
}

#[diagnostic::do_not_recommend]
impl HandlerError for Failure {
    fn failure(&self) -> Failure {
        self.clone()
    }
}
