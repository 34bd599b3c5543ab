//! What the moves of its members do to a batch.

use serde_json::json;
use uuid::Uuid;

use super::state::{BatchKey, State, Transition};
use crate::{
    message::{BatchId, BatchMetadata, BatchStatus, CommandStatus, Domain, EventType, ProcessStatus},
    store::{Acceptance, Wake},
};

impl Transition<'_> {
    /// Counts one move of one command. Any first move starts the batch, for it is a receive or a cancel.
    pub(super) fn count(&mut self, key: &BatchKey, from: CommandStatus, to: CommandStatus) {
        use CommandStatus::{Canceled, Completed, Failed, InProgress, InTroubleshooting, Pending};
        self.start_batch(key);
        let batch = self.batch(key);
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
        if to.is_terminal() {
            self.end_batch_if_done(key);
        }
    }

    /// Counts the end of one process.
    pub(super) fn count_ended_process(&mut self, key: &BatchKey, status: ProcessStatus) {
        let batch = self.batch(key);
        match status {
            ProcessStatus::Completed | ProcessStatus::Compensated => batch.completed_count += 1,
            _ => batch.canceled_count += 1,
        }
        self.end_batch_if_done(key);
    }

    /// Counts that something of a process is parked now, or that nothing is any more.
    pub(super) fn count_blocked_process(&mut self, key: &BatchKey, is_blocked: bool) {
        let batch = self.batch(key);
        if is_blocked {
            batch.in_troubleshooting_count += 1;
        } else {
            batch.in_troubleshooting_count -= 1;
        }
    }

    /// Starts a batch with the first move of a member.
    pub(super) fn start_batch(&mut self, key: &BatchKey) {
        let now = self.now;
        let batch = self.batch(key);
        if batch.status == BatchStatus::Pending {
            batch.status = BatchStatus::InProgress;
            batch.started_at = Some(now);
            let total = batch.total_count;
            let details = json!({ "batch_id": key.1, "status": BatchStatus::InProgress, "total_count": total });
            self.record(&key.0, key.1.as_uuid(), EventType::BatchStarted, details);
        }
    }

    fn batch(&mut self, key: &BatchKey) -> &mut BatchMetadata {
        &mut self.state.batches.get_mut(key).expect("a member's batch exists").metadata
    }

    fn end_batch_if_done(&mut self, key: &BatchKey) {
        let batch = self.batch(key);
        if batch.ended_count() == batch.total_count {
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
    pub(super) fn set_domain_paused(&mut self, domain: &Domain, paused: bool) -> bool {
        if paused {
            return self.state.paused.insert(domain.clone());
        }
        let was_paused = self.state.paused.remove(domain);
        if was_paused {
            self.wake(Wake::Queue(domain.commands_queue()));
        }
        was_paused
    }

    /// Pauses or resumes a batch: its messages are held when a receive meets them. One that ended has nothing to pause.
    pub(super) fn set_batch_paused(&mut self, domain: &Domain, batch: BatchId, paused: bool) -> bool {
        let Some(found) = self.state.batches.get_mut(&(domain.clone(), batch)) else { return false };
        let metadata = &mut found.metadata;
        let was_paused = metadata.paused_at.is_some();
        if !paused {
            metadata.paused_at = None;
            self.release(domain, batch);
            self.wake(Wake::Queue(domain.commands_queue()));
            return was_paused;
        }
        if !metadata.status.is_terminal() {
            metadata.paused_at.get_or_insert(self.now);
            return !was_paused;
        }
        false
    }

    pub(super) fn record_pause(
        &mut self,
        domain: &Domain,
        batch: Option<BatchId>,
        paused: bool,
        by: &str,
        reason: Option<&str>,
    ) {
        let event = if paused { EventType::OperatorPause } else { EventType::OperatorResume };
        let mut details = json!({ "operator": by, "reason": reason });
        if batch.is_none() {
            details["whole_domain"] = json!(true);
        }
        self.record(domain, batch.map_or_else(Uuid::now_v7, |batch| batch.as_uuid()), event, details);
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
