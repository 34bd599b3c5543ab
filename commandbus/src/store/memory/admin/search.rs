//! Batches, the audit trail and payloads.

use std::cmp::Reverse;

use serde_json::Value;

use crate::{
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, Domain},
    store::{AuditFilter, BatchCursor, BatchFilter, Page, memory::state::State},
};

pub(super) fn cursor(batch: &BatchMetadata) -> BatchCursor {
    BatchCursor { created_at: batch.created_at, batch_id: batch.batch_id }
}

/// Written down, a cursor knows microseconds.
fn order(cursor: BatchCursor) -> (i64, BatchId) {
    (cursor.created_at.timestamp_micros(), cursor.batch_id)
}

impl State {
    pub(super) fn list_batches(&self, filter: &BatchFilter, page: Page<BatchCursor>) -> Vec<BatchMetadata> {
        let mut found: Vec<&BatchMetadata> = self
            .batches
            .values()
            .map(|batch| &batch.metadata)
            .filter(|batch| {
                filter.domain.as_ref().is_none_or(|domain| *domain == batch.domain)
                    && filter.batch_type.is_none_or(|kind| kind == batch.batch_type)
                    && filter.has_ended.is_none_or(|ended| ended == batch.status.is_terminal())
                    && page.after.is_none_or(|last| order(cursor(batch)) < order(last))
            })
            .collect();
        found.sort_by_key(|batch| Reverse(order(cursor(batch))));
        found.into_iter().take(page.limit as usize).cloned().collect()
    }

    pub(super) fn list_audit(&self, filter: &AuditFilter, page: Page<i64>) -> Vec<AuditEvent> {
        let mut found: Vec<&AuditEvent> = self
            .audit
            .values()
            .flatten()
            .filter(|event| {
                let operator = event.details.get("operator").or_else(|| event.details.get("by"));
                filter.domain.as_ref().is_none_or(|domain| *domain == event.domain)
                    && filter.subject.is_none_or(|subject| subject == event.subject)
                    && filter.event.as_ref().is_none_or(|kind| *kind == event.event)
                    && filter.operator.as_ref().is_none_or(|name| operator.is_some_and(|by| by == name.as_str()))
                    && page.after.is_none_or(|last| event.audit_id < last)
            })
            .collect();
        found.sort_by_key(|event| Reverse(event.audit_id));
        found.into_iter().take(page.limit as usize).cloned().collect()
    }

    pub(super) fn payload_of(&self, domain: &Domain, id: CommandId) -> Option<Value> {
        let msg_id = self.commands.get(&(domain.clone(), id))?.msg_id?;
        let queue = self.queues.get(&domain.commands_queue())?;
        let mut messages = queue.live().chain(queue.archived());
        let message = messages.find(|message| message.msg_id == msg_id)?;
        let mut envelope: Value = serde_json::from_str(message.body.get()).ok()?;
        envelope.get_mut("data").map(Value::take)
    }
}
