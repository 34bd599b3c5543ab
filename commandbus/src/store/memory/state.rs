//! What is stored, and one transition at work on it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::queue::{Message, Queue};
use crate::{
    message::{
        AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, CommandStatus, Domain, EventType, Reply,
    },
    store::{NewCommand, Parked, Wake},
};

pub(super) type CommandKey = (Domain, CommandId);
pub(super) type BatchKey = (Domain, BatchId);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queues: HashMap<String, Queue>,
    pub(super) commands: BTreeMap<CommandKey, CommandMetadata>,
    pub(super) batches: HashMap<BatchKey, Batch>,
    pub(super) paused: HashSet<Domain>,
    pub(super) parked: HashMap<CommandKey, Shelved>,
    pub(super) last_parked_id: i64,
    pub(super) payloads_before_edit: HashMap<CommandKey, Value>,
    pub(super) replies: HashMap<CommandKey, Reply>,
    pub(super) undelivered: Vec<UndeliveredReply>,
    pub(super) audit: HashMap<(Domain, Uuid), Vec<AuditEvent>>,
    last_audit_id: i64,
}

#[derive(Debug)]
pub(super) struct Batch {
    pub(super) metadata: BatchMetadata,
    pub(super) then: Option<(Domain, NewCommand)>,
}

/// A parked command and the message it came in, to be sent again.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) entry: Parked,
    pub(super) message: Message,
}

/// A reply whose queue does not exist.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UndeliveredReply {
    /// The domain of the command it answers.
    pub domain: Domain,
    /// The queue it was meant for.
    pub queue: String,
    /// What could not be delivered.
    pub reply: Reply,
}

/// One transaction: it sees the whole state at one moment and changes it all at once.
///
/// What may be refused is refused before the first change, for nothing here is ever rolled back.
pub(super) struct Transition<'a> {
    pub(super) state: &'a mut State,
    pub(super) now: DateTime<Utc>,
    /// Sent when the transition is over; nobody is woken to find the state as it was.
    pub(super) wakes: Vec<Wake>,
}

impl Transition<'_> {
    pub(super) fn wake(&mut self, wake: Wake) {
        if !self.wakes.contains(&wake) {
            self.wakes.push(wake);
        }
    }

    pub(super) fn record(&mut self, domain: &Domain, subject: Uuid, event: EventType, details: Value) {
        self.state.last_audit_id += 1;
        self.state.audit.entry((domain.clone(), subject)).or_default().push(AuditEvent {
            audit_id: self.state.last_audit_id,
            domain: domain.clone(),
            subject,
            event: event.as_str().to_owned(),
            at: self.now,
            details,
        });
    }

    /// The queue of a domain's commands, made at its first use.
    pub(super) fn commands_queue(&mut self, domain: &Domain) -> &mut Queue {
        self.state.queues.entry(domain.commands_queue()).or_default()
    }

    /// A command which exists.
    pub(super) fn command(&mut self, key: &CommandKey) -> &mut CommandMetadata {
        self.state.commands.get_mut(key).expect("looked up before, and commands are never removed")
    }

    /// Archives the message of a command.
    pub(super) fn archive(&mut self, key: &CommandKey) -> Option<&Message> {
        let msg_id = self.command(key).msg_id?;
        self.commands_queue(&key.0).archive(msg_id)
    }

    /// Moves a command to another state, and its batch with it.
    ///
    /// # Panics
    ///
    /// When the move is illegal. Callers have looked at the state before, so this is a fault of theirs.
    pub(super) fn enter(&mut self, key: &CommandKey, to: CommandStatus) {
        let now = self.now;
        let command = self.command(key);
        let from = command.status;
        assert!(from.may_become(to), "a command may not go from {from} to {to}");
        command.status = to;
        command.updated_at = now;
        if to != CommandStatus::InProgress {
            command.lease_expires_at = None;
        }
        if let Some(batch_id) = command.batch_id {
            self.count(&(key.0.clone(), batch_id), from, to);
        }
    }
}
