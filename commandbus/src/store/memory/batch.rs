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
        let total = batch.total_count;
        let ends = to.is_terminal() && batch.ended_count() == total;

        if starts {
            let details = json!({ "batch_id": key.1, "status": BatchStatus::InProgress, "total_count": total });
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
            "batch_id": key.1,
            "status": metadata.status,
            "total_count": metadata.total_count,
            "completed_count": metadata.completed_count,
            "failed_count": metadata.failed_count,
            "canceled_count": metadata.canceled_count,
        });
        self.record(&key.0, key.1.as_uuid(), EventType::BatchCompleted, details);
        if let Some((domain, command)) = then
            && self.send(&domain, &command) == Acceptance::Duplicate
        {
            tracing::warn!(batch_id = %key.1, command_id = %command.command_id,
                "the command that follows a batch was not sent: its id was taken meanwhile");
        }
        self.wake(Wake::Batch(Some(key.1)));
    }

    /// Pauses or resumes a domain: nothing of it is received.
    pub(super) fn set_domain_paused(&mut self, domain: &Domain, paused: bool) {
        if paused {
            self.state.paused.insert(domain.clone());
        } else if self.state.paused.remove(domain) {
            self.wake(Wake::Queue(domain.commands_queue()));
        }
    }

    /// Pauses or resumes a batch: its messages are held when a receive meets them. One that ended has nothing to pause.
    pub(super) fn set_batch_paused(&mut self, domain: &Domain, batch: BatchId, paused: bool) {
        let Some(found) = self.state.batches.get_mut(&(domain.clone(), batch)) else { return };
        let metadata = &mut found.metadata;
        if !paused {
            metadata.paused_at = None;
            self.release(domain, batch);
            self.wake(Wake::Queue(domain.commands_queue()));
        } else if !metadata.status.is_terminal() {
            metadata.paused_at.get_or_insert(self.now);
        }
    }

    pub(super) fn is_batch_paused(&self, domain: &Domain, batch: BatchId) -> bool {
        let batch = self.state.batches.get(&(domain.clone(), batch));
        batch.is_some_and(|batch| batch.metadata.paused_at.is_some())
    }

    /// Makes visible what was held.
    fn release(&mut self, domain: &Domain, batch: BatchId) {
        let State { queues, commands, .. } = &mut *self.state;
        let Some(queue) = queues.get_mut(&domain.commands_queue()) else { return };
        commands
            .values()
            .filter(|command| command.domain == *domain && command.batch_id == Some(batch))
            .filter_map(|command| command.msg_id)
            .for_each(|msg_id| queue.release(msg_id, self.now));
    }
}
