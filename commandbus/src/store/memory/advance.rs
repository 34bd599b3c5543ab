//! Moving processes on: replies are taken in, commands sent, ends counted.

use chrono::{DateTime, Utc};

use super::{
    clock::later,
    start::read,
    state::{Process, ProcessKey, Transition},
};
use crate::{
    error::StoreError,
    message::{Domain, SentStep},
    store::{Moved, ProcessMove, StepAnswer, Wake},
};

impl Transition<'_> {
    pub(super) fn advance(&mut self, domain: &Domain, moves: &[ProcessMove]) -> Result<Vec<Moved>, StoreError> {
        self.refuse_taken(moves.iter().filter(|one| self.is_current(domain, one)).flat_map(|one| &one.steps))?;
        Ok(moves.iter().map(|one| self.advance_one(domain, one)).collect())
    }

    /// Whether a move was decided on what the process still is.
    fn is_current(&self, domain: &Domain, one: &ProcessMove) -> bool {
        let process = self.state.processes.get(&(domain.clone(), one.process_id));
        process.is_some_and(|process| !process.metadata.status.is_terminal() && process.revision == one.revision)
    }

    fn advance_one(&mut self, domain: &Domain, one: &ProcessMove) -> Moved {
        if !self.is_current(domain, one) {
            return Moved::Stale;
        }
        let (now, key) = (self.now, (domain.clone(), one.process_id));
        one.answers.iter().for_each(|answer| self.take_in(&key, answer));
        one.steps.iter().for_each(|step| self.send_step(&key, step));
        self.process(&key).write(one, now);
        self.recount(&key);
        if one.status.is_terminal() {
            let process = self.process(&key);
            if let Some(batch) = process.metadata.batch_id.filter(|_| process.is_counted) {
                self.count_ended_process(&(domain.clone(), batch), one.status);
            }
            self.wake(Wake::Process(domain.clone()));
        }
        Moved::Recorded
    }

    /// Records a reply and deletes its message.
    fn take_in(&mut self, key: &ProcessKey, answer: &StepAnswer) {
        let now = self.now;
        self.process_replies(&key.0).delete(answer.msg_id);
        let steps = &mut self.process(key).steps;
        if let Some(step) = steps.iter_mut().find(|step| step.command_id == answer.command_id) {
            step.outcome = Some(answer.outcome);
            step.reply_data.clone_from(&answer.data);
            step.received_at = Some(now);
        }
    }
}

impl Process {
    fn write(&mut self, one: &ProcessMove, now: DateTime<Utc>) {
        self.revision += 1;
        self.ends_as = one.ends_as;
        self.state.clone_from(&one.state);
        let ends = one.status.is_terminal();
        let metadata = &mut self.metadata;
        metadata.status = one.status;
        metadata.current_step = one.current_step.as_ref().map(ToString::to_string);
        metadata.state = read(&one.state);
        (metadata.error_code, metadata.error_message) = one.cause.clone().unzip();
        metadata.updated_at = now;
        metadata.completed_at = ends.then_some(now);
        let look_again = one.look_again.map(|pause| later(now, pause));
        self.due_at = if ends { None } else { earliest(self.next_timeout(), look_again) };
    }

    /// When its deadline passes, or the timeout of a step in flight. What is taken back has neither.
    pub(super) fn next_timeout(&self) -> Option<DateTime<Utc>> {
        let open = self.open_steps().filter_map(|step| step.due_at).min();
        earliest(self.metadata.deadline_at, open).filter(|_| self.ends_as.is_none())
    }

    /// What it sent and had no reply to.
    pub(super) fn open_steps(&self) -> impl Iterator<Item = &SentStep> {
        self.steps.iter().filter(|step| step.outcome.is_none())
    }
}

fn earliest(one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    one.into_iter().chain(other).min()
}
