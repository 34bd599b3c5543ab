//! The creation of batches.

use super::state::{Batch, Transition};
use crate::{
    error::StoreError,
    message::{BatchMetadata, BatchStatus, BatchType},
    store::{Duplicates, NewBatch, NewCommand, NewProcess},
};

impl Transition<'_> {
    /// Refuses a batch that cannot be created whatever its members are, and makes the queues that it will need.
    pub(super) fn open_batch(&mut self, batch: &NewBatch) -> Result<(), StoreError> {
        if let Some((domain, command)) = &batch.then {
            self.commands_queue(domain);
            if let Some(queue) = &command.reply_to {
                self.state.queues.entry(queue.clone()).or_default();
            }
        }
        if self.state.batches.contains_key(&(batch.domain.clone(), batch.batch_id)) {
            return Err(StoreError::Data {
                code: "23505".to_owned(),
                message: format!("batch {} exists already in {}", batch.batch_id, batch.domain),
            });
        }
        Ok(())
    }

    /// Creates a batch with all its members; the processes start with it.
    pub(super) fn create_batch(
        &mut self,
        batch: NewBatch,
        commands: &[NewCommand],
        processes: &[NewProcess],
    ) -> Result<Result<u32, Duplicates>, StoreError> {
        self.open_batch(&batch)?;
        if commands.is_empty() && processes.is_empty() {
            return Err(StoreError::Unsupported(match batch.batch_type {
                BatchType::Command => "Batch must contain at least one command",
                BatchType::Process => "Batch must contain at least one process",
            }));
        }
        let (fresh, twice) = self.fresh(&batch.domain, processes);
        let members = commands.iter().map(|command| (&batch.domain, command.command_id));
        let steps = fresh.iter().flat_map(|process| &process.steps).map(|step| (&step.domain, step.command.command_id));
        let then = batch.then.iter().map(|(domain, command)| (domain, command.command_id));
        let taken = self.duplicates(members.chain(steps).chain(then));
        let duplicates = Duplicates { commands: taken, processes: twice };
        if !duplicates.is_empty() {
            return Ok(Err(duplicates));
        }

        let (domain, batch_id) = (batch.domain.clone(), batch.batch_id);
        let total = u32::try_from(commands.len() + processes.len()).expect("more members than memory holds");
        self.insert_batch(batch, total);
        commands.iter().for_each(|command| self.insert(&domain, Some(batch_id), command));
        processes.iter().for_each(|process| self.insert_process(&domain, process, Some(batch_id)));
        Ok(Ok(total))
    }

    /// Creates a process batch that starts will fill.
    pub(super) fn create_process_batch(&mut self, batch: NewBatch, total: u32) -> Result<(), StoreError> {
        self.open_batch(&batch)?;
        if total == 0 {
            return Err(StoreError::Unsupported("Batch must contain at least one process"));
        }
        if let Some((domain, command)) = batch.then.as_ref().filter(|(domain, one)| self.exists(domain, one.command_id))
        {
            return Err(StoreError::Data {
                code: "23505".to_owned(),
                message: format!("command {} exists already in {domain}", command.command_id),
            });
        }
        self.insert_batch(NewBatch { batch_type: BatchType::Process, ..batch }, total);
        Ok(())
    }

    fn insert_batch(&mut self, batch: NewBatch, total_count: u32) {
        let NewBatch { domain, batch_id, batch_type, name, custom_data, then } = batch;
        let key = (domain.clone(), batch_id);
        let metadata = BatchMetadata {
            domain,
            batch_id,
            name,
            custom_data,
            batch_type,
            status: BatchStatus::Pending,
            total_count,
            completed_count: 0,
            failed_count: 0,
            canceled_count: 0,
            in_troubleshooting_count: 0,
            created_at: self.now,
            started_at: None,
            completed_at: None,
            paused_at: None,
        };
        self.state.batches.insert(key, Batch { metadata, then, started: 0 });
    }
}
