//! What is stored, and one transition at work on it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use super::{
    group::Group,
    queue::{Message, Queue},
};
use crate::{
    message::{
        AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, CommandStatus, Domain, EventType, ProcessId,
        ProcessMetadata, ProcessStatus, Reply, SentStep,
    },
    store::{NewCommand, Operation, OperationId, Parked, ParkedReply, StrayReply, Wake, WorkerRecord},
};

pub(super) type CommandKey = (Domain, CommandId);
pub(super) type BatchKey = (Domain, BatchId);
pub(super) type ProcessKey = (Domain, ProcessId);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queues: HashMap<String, Queue>,
    pub(super) commands: BTreeMap<CommandKey, CommandMetadata>,
    pub(super) batches: HashMap<BatchKey, Batch>,
    pub(super) groups: HashMap<(Domain, String), Group>,
    pub(super) paused: HashSet<Domain>,
    pub(super) parked: HashMap<CommandKey, Shelved>,
    pub(super) last_parked_id: i64,
    pub(super) payloads_before_edit: HashMap<CommandKey, Value>,
    pub(super) replies: HashMap<CommandKey, Reply>,
    pub(super) undelivered: Vec<UndeliveredReply>,
    pub(super) processes: BTreeMap<ProcessKey, Process>,
    pub(super) parked_replies: BTreeMap<i64, ShelvedReply>,
    pub(super) last_parked_reply_id: i64,
    pub(super) retried_replies: Vec<RetriedReply>,
    pub(super) stray_replies: Vec<StrayReply>,
    pub(super) audit: HashMap<(Domain, Uuid), Vec<AuditEvent>>,
    pub(super) operations: BTreeMap<OperationId, OpenOperation>,
    pub(super) workers: BTreeMap<Uuid, WorkerRecord>,
    last_audit_id: i64,
}

/// An operation, and what it needs to go on.
#[derive(Debug)]
pub(super) struct OpenOperation {
    pub(super) operation: Operation,
    pub(super) result: Option<Box<RawValue>>,
    /// It has taken what is parked up to here.
    pub(super) reached: i64,
    /// What is parked behind this is left.
    pub(super) last: i64,
}

#[derive(Debug)]
pub(super) struct Batch {
    pub(super) metadata: BatchMetadata,
    pub(super) then: Option<(Domain, NewCommand)>,
    /// How many processes were started that it counts.
    pub(super) started: u32,
}

/// A process and all that it sent.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) metadata: ProcessMetadata,
    /// As it was written; the metadata hold what is read from it.
    pub(super) state: Box<RawValue>,
    pub(super) steps: Vec<SentStep>,
    pub(super) ends_as: Option<ProcessStatus>,
    pub(super) revision: i64,
    /// When a router has to look at it if nothing comes until then.
    pub(super) due_at: Option<DateTime<Utc>>,
    /// Whether its batch counts it.
    pub(super) is_counted: bool,
}

/// A parked command and the message it came in, to be sent again.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) entry: Parked,
    pub(super) message: Message,
}

/// A parked reply and the message that brought it, to be put again.
#[derive(Debug)]
pub(super) struct ShelvedReply {
    pub(super) entry: ParkedReply,
    pub(super) message: Message,
}

/// A parked reply that an operator sent again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetriedReply {
    /// What was parked.
    pub parked: ParkedReply,
    /// Whether its result was replaced.
    pub edited: bool,
    /// Who did it.
    pub operator: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub retried_at: DateTime<Utc>,
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
    /// When that was found out.
    pub recorded_at: DateTime<Utc>,
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
        self.state.commands.get_mut(key).expect("looked up before, in the same transition")
    }

    /// A process which exists.
    pub(super) fn process(&mut self, key: &ProcessKey) -> &mut Process {
        self.state.processes.get_mut(key).expect("looked up before, in the same transition")
    }

    /// Archives the message of a command.
    pub(super) fn archive(&mut self, key: &CommandKey) -> Option<&Message> {
        let now = self.now;
        let msg_id = self.command(key).msg_id?;
        self.commands_queue(&key.0).archive(msg_id, now)
    }

    /// Moves a command to another state, and with it its batch, and the process that waits for it.
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
        if from == CommandStatus::InTroubleshooting || to == CommandStatus::InTroubleshooting {
            self.recount_sender(key);
        }
        if to.is_terminal() {
            self.leave_group(key);
        }
    }
}
