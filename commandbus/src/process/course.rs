//! Where a process is: what it has sent, and what came back.

use crate::{
    message::{CommandId, Domain, Outcome, ProcessStatus, StepRole},
    store::process::StrayReplyReason,
};

/// The way of one process so far. Steps are places in its table.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    heading: Heading,
    /// In the order of sending; within a group, in the order of the table.
    sent: Vec<SentCommand>,
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heading {
    /// From step to step.
    Forward,
    /// It is being taken back, to end like this.
    Back { ends_as: ProcessStatus },
    /// Nowhere: it has ended.
    Ended(ProcessStatus),
}

/// A command that it sent.
#[derive(Debug, Clone)]
pub(crate) struct SentCommand {
    pub(crate) command_id: CommandId,
    pub(crate) domain: Domain,
    pub(crate) step: usize,
    pub(crate) role: StepRole,
    pub(crate) visit: u32,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) is_overdue: bool,
}

impl SentCommand {
    pub(crate) fn is_step(&self) -> bool {
        self.role == StepRole::Step
    }

    pub(crate) fn is_in_flight(&self) -> bool {
        self.outcome.is_none()
    }
}

/// Why a reply to a command changes nothing, as far as what was sent can tell.
pub(crate) fn stray(outcome_of_sent: Option<Option<Outcome>>) -> Option<StrayReplyReason> {
    match outcome_of_sent {
        None => Some(StrayReplyReason::Foreign),
        Some(Some(_)) => Some(StrayReplyReason::Duplicate),
        Some(None) => None,
    }
}

impl Course {
    pub(crate) fn new(heading: Heading, sent: Vec<SentCommand>) -> Self {
        Self { heading, sent }
    }

    pub(crate) fn heading(&self) -> Heading {
        self.heading
    }

    pub(crate) fn sent(&self) -> &[SentCommand] {
        &self.sent
    }

    /// Notes how a command ended; answers which step it is, and whether it did it or took it back.
    pub(crate) fn answer(
        &mut self,
        command_id: CommandId,
        outcome: Outcome,
    ) -> Result<(usize, StepRole), StrayReplyReason> {
        if matches!(self.heading, Heading::Ended(_)) {
            return Err(StrayReplyReason::Late);
        }
        let sent = self.sent.iter_mut().find(|sent| sent.command_id == command_id);
        match (stray(sent.as_ref().map(|sent| sent.outcome)), sent) {
            (None, Some(sent)) => {
                sent.outcome = Some(outcome);
                Ok((sent.step, sent.role))
            }
            (reason, _) => Err(reason.unwrap_or(StrayReplyReason::Foreign)),
        }
    }

    /// Notes that a command was sent.
    pub(crate) fn push(&mut self, sent: SentCommand) {
        self.sent.push(sent);
    }

    /// Turns back, unless it has already.
    pub(crate) fn turn_back(&mut self, ends_as: ProcessStatus) -> bool {
        let turns = self.heading == Heading::Forward;
        if turns {
            self.heading = Heading::Back { ends_as };
        }
        turns
    }

    /// Notes that something could not be taken back.
    pub(crate) fn undo_failed(&mut self) {
        if let Heading::Back { ends_as } = &mut self.heading {
            *ends_as = ProcessStatus::Failed;
        }
    }

    pub(crate) fn end(&mut self, status: ProcessStatus) {
        self.heading = Heading::Ended(status);
    }

    /// The steps that wait for their replies.
    pub(crate) fn steps_in_flight(&self) -> impl Iterator<Item = &SentCommand> {
        self.sent.iter().filter(|sent| sent.is_step() && sent.is_in_flight())
    }

    /// Whether anything waits for its reply.
    pub(crate) fn is_waiting(&self) -> bool {
        self.sent.iter().any(SentCommand::is_in_flight)
    }

    /// The first command of the newest sending.
    pub(crate) fn newest(&self) -> Option<&SentCommand> {
        let newest = self.sent.iter().map(|sent| sent.visit).max()?;
        self.sent.iter().find(|sent| sent.visit == newest)
    }

    /// The number of the next sending.
    pub(crate) fn next_visit(&self) -> u32 {
        self.newest().map_or(1, |newest| newest.visit.saturating_add(1))
    }
}
