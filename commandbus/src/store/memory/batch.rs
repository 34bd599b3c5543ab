//! What the moves of its commands do to a batch.

use serde_json::json;

use super::state::{BatchKey, State, Transition};
use crate::{
    message::{BatchId, BatchStatus, CommandStatus, Domain, EventType},
    store::{Acceptance, Wake},
};

impl Transition<'_> {
    /// Counts one move of one command. Any first move starts the batch, for it is a receive or a cancel.
    pub(super) fn count(&mut self, key: &BatchKey, from: CommandStatus, to: CommandStatus) {
        use CommandStatus::{Canceled, Completed, Failed, InProgress, InTroubleshooting, Pending};
        let now = self.now;
        let batch = &mut self.state.batches.get_mut(key).expect("a command's batch exists").metadata;
        let starts = batch.status == BatchStatus::Pending;
        if starts {
            batch.status = BatchStatus::InProgress;
            batch.started_at = Some(now);
        }
        if from == InTroubleshooting {
            batch.in_troubleshooting_count -= 1;
        }
        match to {
            Completed => batch.completed_count += 1,
            Failed => batch.failed_count += 1,
            Canceled => batch.canceled_count += 1,
            InTroubleshooting => batch.in_troubleshooting_count += 1,
            Pending | InProgress => {}
        }
        let ends = to.is_terminal() && batch.ended_count() == batch.total_count;
        let total = batch.total_count;

        if starts {
            let details = json!({ "status": BatchStatus::InProgress, "total_count": total });
            self.record(&key.0, key.1.as_uuid(), EventType::BatchStarted, details);
        }
        if ends {
            self.end_batch(key);
        }
    }

    fn end_batch(&mut self, key: &BatchKey) {
        let batch = self.state.batches.get_mut(key).expect("looked up before");
        let then = batch.then.take();
        let metadata = &mut batch.metadata;
        metadata.status = if metadata.completed_count == metadata.total_count {
            BatchStatus::Completed
        } else {
            BatchStatus::CompletedWithFailures
        };
        metadata.completed_at = Some(self.now);
        let details = json!({
            "status": metadata.status,
            "total_count": metadata.total_count,
            "completed_count": metadata.completed_count,
            "failed_count": metadata.failed_count,
            "canceled_count": metadata.canceled_count,
        });
        self.record(&key.0, key.1.as_uuid(), EventType::BatchCompleted, details);
        if let Some((domain, command)) = then
            && self.send_one(&domain, &command) == Acceptance::Duplicate
        {
            tracing::warn!(batch_id = %key.1, command_id = %command.command_id,
                "the command that follows a batch was not sent: its id was taken meanwhile");
        }
        self.wake(Wake::Batch(Some(key.1)));
    }

    /// Pauses or resumes a batch, or the domain.
    pub(super) fn set_paused(&mut self, domain: &Domain, batch: Option<BatchId>, paused: bool) {
        match batch {
            None if paused => {
                self.state.paused.insert(domain.clone());
            }
            None => {
                self.state.paused.remove(domain);
            }
            Some(batch_id) => {
                let Some(batch) = self.state.batches.get_mut(&(domain.clone(), batch_id)) else { return };
                let metadata = &mut batch.metadata;
                metadata.paused_at = match (paused, metadata.paused_at) {
                    (true, since) if metadata.status.is_terminal() => since,
                    (true, since) => since.or(Some(self.now)),
                    (false, _) => None,
                };
            }
        }
        if !paused {
            self.release(domain, batch);
        }
    }

    pub(super) fn is_paused(&self, domain: &Domain, batch: Option<BatchId>) -> bool {
        self.state.paused.contains(domain)
            || batch
                .and_then(|batch_id| self.state.batches.get(&(domain.clone(), batch_id)))
                .is_some_and(|batch| batch.metadata.paused_at.is_some())
    }

    /// Makes held messages visible; the next receive holds those again that another pause still concerns.
    fn release(&mut self, domain: &Domain, batch: Option<BatchId>) {
        let State { queues, commands, .. } = &mut *self.state;
        let Some(queue) = queues.get_mut(&domain.commands_queue()) else { return };
        commands
            .values()
            .filter(|command| command.domain == *domain && (batch.is_none() || command.batch_id == batch))
            .filter_map(|command| command.msg_id)
            .for_each(|msg_id| queue.release(msg_id, self.now));
        self.wake(Wake::Queue(domain.commands_queue()));
    }
}
