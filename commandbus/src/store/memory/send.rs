//! Sending: single commands and groups.

use std::collections::HashSet;

use serde_json::json;

use super::{clock::later, group::group_of, state::Transition};
use crate::{
    message::{BatchId, CommandId, CommandMetadata, CommandStatus, Domain, Envelope, EventType},
    store::{Acceptance, NewCommand, Start, Wake},
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

    pub(super) fn exists(&self, domain: &Domain, id: CommandId) -> bool {
        self.state.commands.contains_key(&(domain.clone(), id))
    }

    /// The ids that exist already or come twice, each named once.
    pub(super) fn duplicates<'c>(&self, commands: impl Iterator<Item = (&'c Domain, CommandId)>) -> Vec<CommandId> {
        let mut seen = HashSet::new();
        let mut named = HashSet::new();
        commands
            .filter(|(domain, id)| !seen.insert((*domain, *id)) || self.exists(domain, *id))
            .map(|(_, id)| id)
            .filter(|id| named.insert(*id))
            .collect()
    }

    pub(super) fn insert(&mut self, domain: &Domain, batch_id: Option<BatchId>, command: &NewCommand) {
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
        let group = group_of(command);
        self.state.commands.insert(
            key.clone(),
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
                group: group.clone(),
                held_behind: None,
                last_error_type: None,
                last_error_code: None,
                last_error_msg: None,
                lease_expires_at: None,
                created_at: now,
                updated_at: now,
            },
        );
        if let Some(group) = group {
            self.join_group(&key, group, msg_id, visible_at);
        }
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
