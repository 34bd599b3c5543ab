//! Starting processes, and sending what they send.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::{
    clock::later,
    state::{Process, ProcessKey, Transition},
};
use crate::{
    error::StoreError,
    message::{BatchId, BatchType, Domain, ProcessId, ProcessMetadata, ProcessStatus, SentStep},
    store::{Acceptance, NewProcess, NewStep},
};

impl Transition<'_> {
    pub(super) fn start_processes(
        &mut self,
        domain: &Domain,
        processes: &[NewProcess],
        batch: Option<BatchId>,
    ) -> Result<Vec<Acceptance>, StoreError> {
        let (fresh, _) = self.fresh(domain, processes);
        self.refuse_taken(fresh.iter().flat_map(|process| &process.steps))?;
        let start = |process: &NewProcess| {
            if self.state.processes.contains_key(&(domain.clone(), process.process_id)) {
                return Acceptance::Duplicate;
            }
            self.insert_process(domain, process, batch);
            Acceptance::Sent
        };
        Ok(processes.iter().map(start).collect())
    }

    /// The processes that can be started, and the ids that exist already or come twice, each named once.
    pub(super) fn fresh<'p>(
        &self,
        domain: &Domain,
        processes: &'p [NewProcess],
    ) -> (Vec<&'p NewProcess>, Vec<ProcessId>) {
        let mut seen = HashSet::new();
        let mut named = HashSet::new();
        let (fresh, twice): (Vec<_>, Vec<_>) = processes.iter().partition(|process| {
            let exists = self.state.processes.contains_key(&(domain.clone(), process.process_id));
            seen.insert(process.process_id) && !exists
        });
        let ids = twice.into_iter().map(|process| process.process_id);
        (fresh, ids.filter(|id| named.insert(*id)).collect())
    }

    /// Refuses to send steps when the id of one is taken: processes make new ids, so that is a fault.
    pub(super) fn refuse_taken<'s>(&self, steps: impl Iterator<Item = &'s NewStep>) -> Result<(), StoreError> {
        match *self.duplicates(steps.map(|step| (&step.domain, step.command.command_id))) {
            [] => Ok(()),
            [id, ..] => {
                Err(StoreError::Data { code: "23505".to_owned(), message: format!("command {id} exists already") })
            }
        }
    }

    /// Starts a process which does not exist.
    pub(super) fn insert_process(&mut self, domain: &Domain, process: &NewProcess, batch: Option<BatchId>) {
        let now = self.now;
        let key = (domain.clone(), process.process_id);
        self.state.queues.entry(domain.process_replies_queue()).or_default();
        let metadata = ProcessMetadata {
            domain: domain.clone(),
            process_id: process.process_id,
            process_type: process.process_type.to_string(),
            status: ProcessStatus::WaitingForReply,
            current_step: Some(process.current_step.to_string()),
            state: read(&process.state),
            error_code: None,
            error_message: None,
            created_at: now,
            updated_at: now,
            completed_at: None,
            batch_id: batch,
            parked_count: 0,
            deadline_at: process.deadline.map(|deadline| later(now, deadline)),
        };
        let row = Process {
            metadata,
            state: process.state.clone(),
            steps: Vec::new(),
            ends_as: None,
            revision: 0,
            due_at: None,
            is_counted: batch.is_some_and(|batch| self.takes_part(domain, batch)),
        };
        self.state.processes.insert(key.clone(), row);
        process.steps.iter().for_each(|step| self.send_step(&key, step));
        let row = self.process(&key);
        row.due_at = row.next_timeout();
    }

    /// Counts a start for a batch, unless there is no such process batch, or it is full.
    fn takes_part(&mut self, domain: &Domain, batch: BatchId) -> bool {
        let key = (domain.clone(), batch);
        let Some(found) = self.state.batches.get_mut(&key) else { return false };
        if found.metadata.batch_type != BatchType::Process || found.started == found.metadata.total_count {
            return false;
        }
        found.started += 1;
        self.start_batch(&key);
        true
    }

    /// Sends one command of a process and records it.
    pub(super) fn send_step(&mut self, key: &ProcessKey, step: &NewStep) {
        let now = self.now;
        self.insert(&step.domain, None, &step.command);
        self.process(key).steps.push(SentStep {
            step_name: step.step_name.to_string(),
            role: step.role,
            visit: step.visit,
            command_domain: Some(step.domain.clone()),
            command_id: step.command.command_id,
            command_type: step.command.command_type.to_string(),
            command_data: Some(read(&step.command.data)),
            sent_at: now,
            due_at: step.timeout.map(|timeout| later(now, timeout)),
            outcome: None,
            reply_data: None,
            received_at: None,
        });
    }
}

pub(super) fn read(raw: &RawValue) -> serde_json::Value {
    serde_json::from_str(raw.get()).expect("a raw value is JSON")
}
