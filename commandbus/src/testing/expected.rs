//! A command of a process under test, to be answered.

use std::fmt;

use serde_json::value::to_raw_value;

use super::TestProcess;
use crate::{
    message::{Command, CommandId, FailureKind, Outcome, Reply},
    process::Process,
};

/// A command that is in flight. Whatever its process does meanwhile, it stays so until it is answered.
#[must_use = "answer it, or say that it stays `unanswered`"]
pub struct Expected<P: Process, C: Command> {
    command_id: CommandId,
    command: C,
    test: TestProcess<P>,
}

impl<P: Process, C: Command> Expected<P, C> {
    pub(super) fn new(command_id: CommandId, command: C, test: TestProcess<P>) -> Self {
        Self { command_id, command, test }
    }

    /// Looks at the command.
    pub fn with(self, look: impl FnOnce(&C)) -> Self {
        look(&self.command);
        self
    }

    /// It succeeds.
    ///
    /// # Panics
    ///
    /// When the process cannot take in the reply.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "as a handler returns it")]
    pub fn reply(self, reply: C::Reply) -> TestProcess<P> {
        let result = to_raw_value(&reply)
            .unwrap_or_else(|error| panic!("the reply to `{}` cannot be written: {error}", C::SPEC.name));
        let mut reply = self.ended(Outcome::Success);
        reply.result = Some(result).filter(|result| result.get() != "null");
        self.test.answer(reply)
    }

    /// A business rule refuses it.
    ///
    /// # Panics
    ///
    /// When the process cannot take in the reply.
    #[track_caller]
    pub fn fails(self, code: &str) -> TestProcess<P> {
        let message = format!("refused in a test: {code}");
        self.fails_with(code, &message)
    }

    /// The same with a message of one's own.
    ///
    /// # Panics
    ///
    /// When the process cannot take in the reply.
    #[track_caller]
    pub fn fails_with(self, code: &str, message: &str) -> TestProcess<P> {
        let mut reply = self.ended(Outcome::Failed);
        reply.error_type = Some(FailureKind::BusinessRule.to_string());
        reply.error_code = Some(code.to_owned());
        reply.error_message = Some(message.to_owned());
        self.test.answer(reply)
    }

    /// It is canceled: before it ran, or by an operator after it was parked.
    ///
    /// # Panics
    ///
    /// When the process cannot take in the reply.
    #[track_caller]
    pub fn cancels(self, reason: &str) -> TestProcess<P> {
        let mut reply = self.ended(Outcome::Canceled);
        reply.reason = Some(reason.to_owned());
        self.test.answer(reply)
    }

    /// Its reply does not come in time. It stays in flight, and may be answered later.
    ///
    /// # Panics
    ///
    /// When the step has no timeout.
    #[track_caller]
    pub fn times_out(self) -> TestProcess<P> {
        self.test.time_out(self.command_id)
    }

    /// It stays in flight.
    pub fn unanswered(self) -> TestProcess<P> {
        self.test
    }

    fn ended(&self, outcome: Outcome) -> Reply {
        Reply {
            command_id: self.command_id,
            correlation_id: Some(self.test.ledger.record.process_id.as_uuid()),
            outcome,
            result: None,
            error_type: None,
            error_code: None,
            error_message: None,
            error_details: None,
            reason: None,
        }
    }
}

impl<P: Process, C: Command> fmt::Debug for Expected<P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected").field("command_id", &self.command_id).finish_non_exhaustive()
    }
}
