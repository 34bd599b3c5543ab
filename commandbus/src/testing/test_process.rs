//! A process under test.

use std::fmt::{self, Write as _};

use super::{Expected, ledger::Ledger};
use crate::{
    message::{Command, CommandId, Outcome, ProcessId, ProcessStatus, Reply, StepRole},
    process::{
        Process,
        instance::Turn,
        route::{IncomingReply, Reaction},
        sending::new_process,
    },
    store::process::{NewStep, StrayReplyReason},
};

/// A process without bus, store and clock: the test is what answers its commands. It is moved by the same code as in a
/// worker, and its state is written and read again between any two replies.
///
/// ```
/// # use commandbus::message::{Command, CommandSpec};
/// # use commandbus::process::{Action, Process, ProcessSpec, Step, StepSpec, prepare};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize)] struct ReserveFunds { cents: i64 }
/// # impl Command for ReserveFunds { type Reply = (); const SPEC: &'static CommandSpec = &CommandSpec::new("funds", "ReserveFunds"); }
/// # #[derive(Serialize, Deserialize)] struct ReleaseFunds;
/// # impl Command for ReleaseFunds { type Reply = (); const SPEC: &'static CommandSpec = &CommandSpec::new("funds", "ReleaseFunds"); }
/// # #[derive(Serialize, Deserialize)] struct DebitAccount { cents: i64 }
/// # impl Command for DebitAccount { type Reply = (); const SPEC: &'static CommandSpec = &CommandSpec::new("funds", "DebitAccount"); }
/// # #[derive(Serialize, Deserialize)] struct Transfer { cents: i64 }
/// # #[derive(Clone, Copy, PartialEq, Eq, Debug)] enum TransferStep { Reserve, Debit }
/// # impl Step for TransferStep { const ALL: &'static [Self] = &[Self::Reserve, Self::Debit]; fn index(self) -> usize { self as usize } }
/// # impl Process for Transfer {
/// #     type Step = TransferStep;
/// #     const SPEC: &'static ProcessSpec<Self> = &ProcessSpec::new("transfers", "Transfer", &[
/// #         StepSpec::new("reserve", 0, Action::new::<ReserveFunds>(|t: &Transfer| prepare(&ReserveFunds { cents: t.cents })))
/// #             .with_undo(Action::new::<ReleaseFunds>(|_| prepare(&ReleaseFunds))),
/// #         StepSpec::new("debit", 1, Action::new::<DebitAccount>(|t: &Transfer| prepare(&DebitAccount { cents: t.cents }))),
/// #     ]);
/// # }
/// use commandbus::testing::TestProcess;
///
/// TestProcess::start(Transfer { cents: 5 })
///     .expect::<ReserveFunds>()
///     .reply(())
///     .expect::<DebitAccount>()
///     .with(|command| assert_eq!(command.cents, 5))
///     .fails("INSUFFICIENT_FUNDS")
///     .expect::<ReleaseFunds>()
///     .reply(())
///     .canceled()
///     .because("INSUFFICIENT_FUNDS");
/// ```
pub struct TestProcess<P: Process> {
    pub(super) ledger: Ledger<P>,
    last: Option<IncomingReply>,
    history: Vec<String>,
}

impl<P: Process> TestProcess<P> {
    /// A process that has just been started.
    ///
    /// # Panics
    ///
    /// When its state, or a command of its first step, cannot be stored.
    #[must_use]
    #[track_caller]
    #[allow(clippy::needless_pass_by_value, reason = "as `start` of a process takes it; what goes on is read back")]
    pub fn start(state: P) -> Self {
        let new = new_process(ProcessId::new(), &state)
            .unwrap_or_else(|error| panic!("`{}` cannot be started: {error}", P::SPEC.name));
        let ledger = Ledger::new(P::SPEC, new);
        let history = ledger.sent.iter().map(|sent| format!("sent {}", Sent(sent))).collect();
        Self { ledger, last: None, history }
    }

    /// The oldest `C` without a reply, in order to answer it.
    ///
    /// # Panics
    ///
    /// When no such command is in flight.
    #[track_caller]
    pub fn expect<C: Command>(self) -> Expected<P, C> {
        self.pick(None)
    }

    /// The same for the `C` that does, or undoes, this step, where several steps send such a command.
    ///
    /// # Panics
    ///
    /// When no such command is in flight.
    #[track_caller]
    pub fn expect_step<C: Command>(self, step: &str) -> Expected<P, C> {
        self.pick(Some(step))
    }

    /// Checks which commands are without a reply, by the names of their types, oldest first.
    ///
    /// # Panics
    ///
    /// When they are others.
    #[track_caller]
    pub fn in_flight(self, expected: &[&str]) -> Self {
        let found: Vec<_> = self.ledger.in_flight().map(|sent| sent.command.command_type.to_string()).collect();
        assert!(found == expected, "expected {expected:?} in flight, {self}");
        self
    }

    /// Lets the deadline of the process pass.
    ///
    /// # Panics
    ///
    /// When it has none.
    #[track_caller]
    pub fn deadline(mut self) -> Self {
        let spec = self.ledger.spec();
        assert!(spec.deadline.is_some(), "`{}` has no deadline that could pass, {self}", spec.name);
        self.history.push("the deadline passed".to_owned());
        self.ledger.record.is_overdue = true;
        self.route(&[], true);
        self
    }

    /// Delivers the last reply once more, and checks that this changes nothing.
    ///
    /// # Panics
    ///
    /// When there was no reply yet, or the second one changes something.
    #[track_caller]
    pub fn duplicate(mut self) -> Self {
        let Some(mut again) = self.last.clone() else { panic!("there was no reply yet to deliver twice, {self}") };
        again.msg_id = self.ledger.next_message();
        let routed = self.ledger.route(&[again], false);
        let is_stray =
            matches!(routed.replies[..], [Reaction::Stray(StrayReplyReason::Duplicate | StrayReplyReason::Late)]);
        assert!(is_stray && routed.turn.is_none(), "the second delivery of the last reply changed something, {self}");
        self.history.push("the same reply came again".to_owned());
        self
    }

    /// Looks at the state.
    ///
    /// # Panics
    ///
    /// When `look` does, or the state as it is stored is not one of the type.
    #[track_caller]
    pub fn state(self, look: impl FnOnce(&P)) -> Self {
        match serde_json::from_str(self.ledger.record.state.get()) {
            Ok(state) => look(&state),
            Err(error) => panic!("the state does not survive being stored: {error}, {self}"),
        }
        self
    }

    /// Checks that every step was done.
    ///
    /// # Panics
    ///
    /// When the process has not ended so.
    #[track_caller]
    pub fn completed(self) -> Self {
        self.ended(ProcessStatus::Completed)
    }

    /// Checks that the process chose to be taken back, and was.
    ///
    /// # Panics
    ///
    /// When the process has not ended so.
    #[track_caller]
    pub fn compensated(self) -> Self {
        self.ended(ProcessStatus::Compensated)
    }

    /// Checks that a step failed, was canceled, or was too late, and that what was done has been taken back.
    ///
    /// # Panics
    ///
    /// When the process has not ended so.
    #[track_caller]
    pub fn canceled(self) -> Self {
        self.ended(ProcessStatus::Canceled)
    }

    /// Checks that the process was to be taken back, and that an undo did not succeed.
    ///
    /// # Panics
    ///
    /// When the process has not ended so.
    #[track_caller]
    pub fn failed(self) -> Self {
        self.ended(ProcessStatus::Failed)
    }

    /// Checks the code of what the process is being, or was, taken back for.
    ///
    /// # Panics
    ///
    /// When it is another, or there is none.
    #[track_caller]
    pub fn because(self, code: &str) -> Self {
        let found = self.ledger.record.cause.as_ref().map(|(code, _)| code.as_str());
        assert!(found == Some(code), "expected the cause {code}, {self}");
        self
    }

    #[track_caller]
    fn pick<C: Command>(self, step: Option<&str>) -> Expected<P, C> {
        let found = self.ledger.in_flight().find(|sent| {
            sent.domain == C::SPEC.domain
                && sent.command.command_type == C::SPEC.name
                && step.is_none_or(|step| sent.step_name == step)
        });
        let of_step = step.map(|step| format!(" of step `{step}`")).unwrap_or_default();
        let Some(sent) = found else { panic!("expected `{}`{of_step} in flight, {self}", C::SPEC.name) };
        match serde_json::from_str(sent.command.data.get()) {
            Ok(command) => Expected::new(sent.command.command_id, command, self),
            Err(error) => panic!("the payload of {} is not one: {error}, {self}", Sent(sent)),
        }
    }

    #[track_caller]
    pub(super) fn answer(mut self, reply: Reply) -> Self {
        self.history.push(format!("{} {}", self.name_of(reply.command_id), told(&reply)));
        let incoming = IncomingReply { msg_id: self.ledger.next_message(), reply };
        self.last = Some(incoming.clone());
        self.route(&[incoming], false);
        self
    }

    #[track_caller]
    pub(super) fn time_out(mut self, command_id: CommandId) -> Self {
        let name = self.name_of(command_id);
        let timeout = self.ledger.step_of(command_id).and_then(|sent| sent.timeout);
        assert!(timeout.is_some(), "{name} has no timeout, {self}");
        if let Some(step) = self.ledger.record_of(command_id) {
            step.is_overdue = true;
        }
        self.history.push(format!("{name} timed out"));
        self.route(&[], true);
        self
    }

    #[track_caller]
    fn route(&mut self, replies: &[IncomingReply], is_due: bool) {
        let routed = self.ledger.route(replies, is_due);
        let failed = routed.replies.iter().find_map(|reaction| match reaction {
            Reaction::Failed(error) => Some(error),
            Reaction::Taken | Reaction::Stray(_) => None,
        });
        if let Some(error) = failed.or(routed.due_error.as_ref()) {
            panic!("the process could not be moved: {error}, {self}");
        }
        if let Some(Turn { movement, cancels }) = routed.turn {
            self.history.extend(movement.steps.iter().map(|sent| format!("sent {}", Sent(sent))));
            for (_, command_id) in cancels {
                let name = self.name_of(command_id);
                self.history.push(format!("asked to cancel {name}, if it has not run yet"));
            }
        }
    }

    #[track_caller]
    fn ended(self, status: ProcessStatus) -> Self {
        assert!(self.ledger.record.status == status, "expected the process to be {status}, {self}");
        self
    }

    fn name_of(&self, command_id: CommandId) -> String {
        self.ledger.step_of(command_id).map_or_else(|| "a command".to_owned(), |sent| Sent(sent).to_string())
    }
}

/// Where it is, and how it came there: the end of every message of a failed test.
impl<P: Process> fmt::Display for TestProcess<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_flight: Vec<_> = self.ledger.in_flight().map(|sent| Sent(sent).to_string()).collect();
        let in_flight = if in_flight.is_empty() { "nothing".to_owned() } else { in_flight.join(", ") };
        write!(f, "but `{}` is {}", self.ledger.record.process_type, self.ledger.record.status)?;
        if let Some((code, message)) = &self.ledger.record.cause {
            write!(f, " because of {code} ({message})")?;
        }
        write!(f, ", with {in_flight} in flight. So far:")?;
        self.history.iter().try_for_each(|event| write!(f, "\n  {event}"))
    }
}

impl<P: Process> fmt::Debug for TestProcess<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestProcess").field("record", &self.ledger.record).finish_non_exhaustive()
    }
}

/// A command as a message names it.
struct Sent<'a>(&'a NewStep);

impl fmt::Display for Sent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.0.role == StepRole::Step { "step" } else { "undo of" };
        write!(f, "`{}` ({what} `{}`)", self.0.command.command_type, self.0.step_name)
    }
}

fn told(reply: &Reply) -> String {
    let mut told = match reply.outcome {
        Outcome::Success => "succeeded",
        Outcome::Failed => "failed",
        Outcome::Canceled => "was canceled",
    }
    .to_owned();
    if let Some(why) = reply.error_code.as_ref().or(reply.reason.as_ref()) {
        let _ = write!(told, " ({why})");
    }
    told
}
