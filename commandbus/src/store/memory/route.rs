//! What routers ask for: replies, processes that are due, and processes as they are.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    clock::later,
    queue::{Message, Queue},
    state::{Process, ShelvedReply, State, Transition},
};
use crate::{
    message::{CommandMetadata, Domain, ProcessId, SentStep},
    store::{ProcessRecord, ReceivedReply, RoutingWork, StepRecord},
};

impl Transition<'_> {
    /// The queue of the replies to a domain's processes, made at its first use.
    pub(super) fn process_replies(&mut self, domain: &Domain) -> &mut Queue {
        self.state.queues.entry(domain.process_replies_queue()).or_default()
    }

    pub(super) fn receive_replies(&mut self, domain: &Domain, limit: usize, lease: Duration) -> RoutingWork {
        let now = self.now;
        let queue = self.process_replies(domain);
        let visible = queue.visible(limit, now);
        for message in &visible {
            queue.lease(message.msg_id, later(now, lease));
        }
        let reply =
            |message: Message| ReceivedReply { msg_id: message.msg_id, reads: message.reads + 1, body: message.body };
        let replies = visible.into_iter().map(reply).collect();
        RoutingWork { replies, due: self.state.due(domain, now, limit), next_due: self.state.next_due(domain, now) }
    }

    /// Puts off processes that are due; what became of the others since is left alone.
    pub(super) fn postpone(&mut self, domain: &Domain, ids: &[ProcessId], by: Duration) {
        let now = self.now;
        for id in ids {
            let process = self.state.processes.get_mut(&(domain.clone(), *id));
            if let Some(process) = process.filter(|process| process.due_at.is_some_and(|due_at| due_at <= now)) {
                process.due_at = Some(later(now, by));
            }
        }
    }
}

impl State {
    /// The processes that are late and that no reply is on the way to, the latest first.
    fn due(&self, domain: &Domain, now: DateTime<Utc>, limit: usize) -> Vec<ProcessId> {
        let mut due: Vec<_> = self
            .processes_of(domain)
            .filter(|process| !process.open_steps().any(|step| self.is_answered(step)))
            .filter_map(|process| Some((process.due_at.filter(|due_at| *due_at <= now)?, process.metadata.process_id)))
            .collect();
        due.sort_unstable();
        due.into_iter().take(limit).map(|(_, id)| id).collect()
    }

    fn next_due(&self, domain: &Domain, now: DateTime<Utc>) -> Option<Duration> {
        let ahead = self.processes_of(domain).filter_map(|process| process.due_at).filter(|due_at| *due_at > now);
        ahead.min().and_then(|due_at| (due_at - now).to_std().ok())
    }

    fn processes_of(&self, domain: &Domain) -> impl Iterator<Item = &Process> {
        self.processes.values().filter(move |process| process.metadata.domain == *domain)
    }

    /// Whether the reply is on the way; one that is parked is not.
    fn is_answered(&self, step: &SentStep) -> bool {
        let is_parked = |reply: &ShelvedReply| reply.entry.command_id == Some(step.command_id);
        self.command_of(step).is_some_and(|command| command.status.is_terminal())
            && !self.parked_replies.values().any(is_parked)
    }

    /// The command that a process sent.
    pub(super) fn command_of(&self, step: &SentStep) -> Option<&CommandMetadata> {
        self.commands.get(&(step.command_domain.clone()?, step.command_id))
    }
}

impl Process {
    pub(super) fn record(&self, now: DateTime<Utc>) -> ProcessRecord {
        let metadata = &self.metadata;
        let has_passed = |time: Option<DateTime<Utc>>| time.is_some_and(|time| time <= now);
        let step = |step: &SentStep| {
            Some(StepRecord {
                command_id: step.command_id,
                domain: step.command_domain.clone()?,
                step_name: step.step_name.clone(),
                role: step.role,
                visit: step.visit,
                outcome: step.outcome,
                is_overdue: step.outcome.is_none() && has_passed(step.due_at),
            })
        };
        ProcessRecord {
            process_id: metadata.process_id,
            process_type: metadata.process_type.clone(),
            status: metadata.status,
            state: self.state.clone(),
            cause: metadata.error_code.clone().zip(metadata.error_message.clone()),
            ends_as: self.ends_as,
            revision: self.revision,
            is_overdue: has_passed(metadata.deadline_at),
            steps: self.steps.iter().filter_map(step).collect(),
        }
    }
}
