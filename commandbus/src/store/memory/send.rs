//! Sending: single commands, groups and batches.

use std::collections::HashSet;

use serde_json::json;

use super::{
    clock::later,
    state::{Batch, Transition},
};
use crate::{
    error::StoreError,
    message::{
        BatchId, BatchMetadata, BatchStatus, CommandId, CommandMetadata, CommandStatus, Domain, Envelope, EventType,
    },
    store::{Acceptance, NewBatch, NewCommand, Start, Wake},
};

impl Transition<'_> {
    pub(super) fn send(&mut self, domain: &Domain, command: &NewCommand) -> Acceptance {
        if self.exists(domain, command.command_id) {
            return Acceptance::Duplicate;
        }
        self.insert(domain, None, command);
        Acceptance::Sent
    }

    pub(super) fn send_all(&mut self, domain: &Domain, commands: &[NewCommand]) -> Result<(), Vec<CommandId>> {
        let duplicates = self.duplicates(commands.iter().map(|command| (domain, command.command_id)));
        if !duplicates.is_empty() {
            return Err(duplicates);
        }
        commands.iter().for_each(|command| self.insert(domain, None, command));
        Ok(())
    }

    /// Refuses a batch that cannot be created whatever its commands are, and makes the queues that it will need.
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

    pub(super) fn create_batch(
        &mut self,
        batch: NewBatch,
        commands: &[NewCommand],
    ) -> Result<Result<u32, Vec<CommandId>>, StoreError> {
        self.open_batch(&batch)?;
        if commands.is_empty() {
            return Err(StoreError::Unsupported("Batch must contain at least one command"));
        }
        let members = commands.iter().map(|command| (&batch.domain, command.command_id));
        let then = batch.then.iter().map(|(domain, command)| (domain, command.command_id));
        let duplicates = self.duplicates(members.chain(then));
        if !duplicates.is_empty() {
            return Ok(Err(duplicates));
        }

        let NewBatch { domain, batch_id, batch_type, name, custom_data, then } = batch;
        let total_count = u32::try_from(commands.len()).expect("more commands than memory holds");
        let metadata = BatchMetadata {
            domain: domain.clone(),
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
        self.state.batches.insert((domain.clone(), batch_id), Batch { metadata, then });
        commands.iter().for_each(|command| self.insert(&domain, Some(batch_id), command));
        Ok(Ok(total_count))
    }

    fn exists(&self, domain: &Domain, id: CommandId) -> bool {
        self.state.commands.contains_key(&(domain.clone(), id))
    }

    /// The ids that exist already or come twice, each named once.
    fn duplicates<'c>(&self, commands: impl Iterator<Item = (&'c Domain, CommandId)>) -> Vec<CommandId> {
        let mut seen = HashSet::new();
        let mut named = HashSet::new();
        commands
            .filter(|(domain, id)| !seen.insert((*domain, *id)) || self.exists(domain, *id))
            .map(|(_, id)| id)
            .filter(|id| named.insert(*id))
            .collect()
    }

    fn insert(&mut self, domain: &Domain, batch_id: Option<BatchId>, command: &NewCommand) {
        let now = self.now;
        let envelope = Envelope {
            domain: domain.clone(),
            command_type: command.command_type.to_string(),
            command_id: command.command_id,
            correlation_id: command.correlation_id,
            data: command.data.clone(),
            reply_to: command.reply_to.clone(),
        };
        let body = serde_json::value::to_raw_value(&envelope).expect("an envelope is always JSON");
        let visible_at = match command.start {
            Start::Now => now,
            Start::After(pause) => later(now, pause),
            Start::At(time) => time,
        };
        let key = (domain.clone(), command.command_id);
        let msg_id = self.commands_queue(domain).push(body, command.headers.clone(), now, visible_at);
        self.state.commands.insert(
            key,
            CommandMetadata {
                domain: domain.clone(),
                command_id: command.command_id,
                command_type: command.command_type.to_string(),
                status: CommandStatus::Pending,
                attempts: 0,
                max_attempts: command.max_attempts,
                delivery: 0,
                msg_id: Some(msg_id),
                correlation_id: Some(command.correlation_id),
                reply_to: command.reply_to.clone(),
                batch_id,
                last_error_type: None,
                last_error_code: None,
                last_error_msg: None,
                lease_expires_at: None,
                created_at: now,
                updated_at: now,
            },
        );
        let details = json!({
            "command_type": command.command_type,
            "correlation_id": command.correlation_id,
            "reply_to": command.reply_to,
            "msg_id": msg_id,
            "batch_id": batch_id,
        });
        self.record(domain, command.command_id.as_uuid(), EventType::Sent, details);
        self.wake(Wake::Queue(domain.commands_queue()));
    }
}
