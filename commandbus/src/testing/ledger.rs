//! What a store would know of one process.

use crate::{
    message::{CommandId, ProcessStatus},
    process::{
        Process, ProcessSpec,
        instance::Turn,
        route::{IncomingReply, Routed, route_of},
    },
    store::process::{NewProcess, NewStep, ProcessMove, ProcessRecord, StepRecord},
};

/// One process, kept as a database keeps it: of the value itself there is only the text.
#[derive(Debug)]
pub(crate) struct Ledger<P: Process> {
    spec: &'static ProcessSpec<P>,
    pub(crate) record: ProcessRecord,
    /// The commands of the record's steps, in the same order.
    pub(crate) sent: Vec<NewStep>,
    messages: i64,
}

impl<P: Process> Ledger<P> {
    /// A process that has just been started.
    pub(crate) fn new(spec: &'static ProcessSpec<P>, new: NewProcess) -> Self {
        let record = ProcessRecord {
            process_id: new.process_id,
            process_type: new.process_type.into_owned(),
            status: ProcessStatus::WaitingForReply,
            state: new.state,
            cause: None,
            ends_as: None,
            revision: 0,
            is_overdue: false,
            steps: Vec::new(),
        };
        let mut ledger = Self { spec, record, sent: Vec::new(), messages: 0 };
        ledger.keep(new.steps);
        ledger
    }

    pub(crate) fn spec(&self) -> &'static ProcessSpec<P> {
        self.spec
    }

    /// The number of a new message.
    pub(crate) fn next_message(&mut self) -> i64 {
        self.messages += 1;
        self.messages
    }

    /// Does what a router does: decides from the record, and records the move.
    pub(crate) fn route(&mut self, replies: &[IncomingReply], is_due: bool) -> Routed {
        let routed = route_of(self.spec, &self.record, replies, is_due);
        if let Some(Turn { movement, .. }) = &routed.turn {
            self.apply(movement);
        }
        routed
    }

    /// What was sent as this command.
    pub(crate) fn step_of(&self, command_id: CommandId) -> Option<&NewStep> {
        self.sent.iter().find(|step| step.command.command_id == command_id)
    }

    /// The commands without a reply, oldest first.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = &NewStep> {
        self.record.steps.iter().zip(&self.sent).filter(|(step, _)| step.outcome.is_none()).map(|(_, sent)| sent)
    }

    pub(crate) fn record_of(&mut self, command_id: CommandId) -> Option<&mut StepRecord> {
        self.record.steps.iter_mut().find(|step| step.command_id == command_id)
    }

    fn apply(&mut self, movement: &ProcessMove) {
        self.record.revision += 1;
        self.record.status = movement.status;
        self.record.state = movement.state.clone();
        self.record.cause = movement.cause.clone();
        self.record.ends_as = movement.ends_as;
        for answer in &movement.answers {
            if let Some(step) = self.record_of(answer.command_id) {
                step.outcome = Some(answer.outcome);
                step.is_overdue = false;
            }
        }
        self.keep(movement.steps.clone());
    }

    fn keep(&mut self, steps: Vec<NewStep>) {
        self.record.steps.extend(steps.iter().map(|step| StepRecord {
            command_id: step.command.command_id,
            domain: step.domain.clone(),
            step_name: step.step_name.clone().into_owned(),
            role: step.role,
            visit: step.visit,
            outcome: None,
            is_overdue: false,
        }));
        self.sent.extend(steps);
    }
}
