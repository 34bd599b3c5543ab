//! What one call of a handler came to.

use serde_json::value::RawValue;

use crate::message::Failure;

/// What one call of a handler came to, before anyone decides what it means for the command.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It returned normally, with this reply; `None` for a command that declares none.
    Done(Option<Box<RawValue>>),
    /// It returned an error, or one of its parameters could not be had.
    Failed(Failure),
    /// The payload could not be read as the command's type; the handler was not called.
    Undecodable(Failure),
}
