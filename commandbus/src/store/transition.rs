//! What goes into a transition and what comes out of it.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use crate::message::{
    BatchId, BatchType, CommandId, CommandStatus, Domain, Failure, ProcessId, domain::PROCESS_REPLIES,
    version::version_of,
};

/// When a command may first be received.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Start {
    /// At once.
    #[default]
    Now,
    /// After a pause, by the store's clock.
    After(Duration),
    /// Not before a point in time.
    At(DateTime<Utc>),
}

/// A command to send.
#[derive(Debug, Clone)]
pub struct NewCommand {
    /// Its id, new in the domain.
    pub command_id: CommandId,
    /// The name of its type.
    pub command_type: Cow<'static, str>,
    /// What it belongs to.
    pub correlation_id: Uuid,
    /// The payload, already checked by [`seal`](crate::message::envelope::seal).
    pub data: Box<RawValue>,
    /// The queue for its reply.
    pub reply_to: Option<String>,
    /// How many attempts it has.
    pub max_attempts: u32,
    /// When it may first be received.
    pub start: Start,
    /// Headers of its message (trace context, group key, version).
    pub headers: Option<Map<String, Value>>,
}

/// What became of one command of a group of sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// It was sent.
    Sent,
    /// A command with this id exists already; nothing was sent.
    Duplicate,
}

/// A batch to create.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// Its domain.
    pub domain: Domain,
    /// Its id, new in the domain.
    pub batch_id: BatchId,
    /// What it groups.
    pub batch_type: BatchType,
    /// Its name, for people.
    pub name: Option<String>,
    /// Whatever the creator wants to keep with it.
    pub custom_data: Option<Value>,
    /// The command sent by the transaction that ends the batch, with the domain it goes to.
    pub then: Option<(Domain, NewCommand)>,
}

/// The ids that refused a batch: they exist already, or came twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duplicates {
    /// Commands, the durable callback among them.
    pub commands: Vec<CommandId>,
    /// Processes.
    pub processes: Vec<ProcessId>,
}

impl Duplicates {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.processes.is_empty()
    }
}

/// What proves that a worker holds a delivery: command, message, and the token of this delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// The command.
    pub command_id: CommandId,
    /// The message that carried it.
    pub msg_id: i64,
    /// The number of this delivery, never reused.
    pub delivery: i64,
}

/// A command as a worker receives it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What proves that we hold it.
    pub token: Token,
    /// Its domain.
    pub domain: Domain,
    /// The name of its type.
    pub command_type: String,
    /// What it belongs to.
    pub correlation_id: Option<Uuid>,
    /// The payload, as it travelled.
    pub data: Box<RawValue>,
    /// The headers of its message.
    pub headers: Map<String, Value>,
    /// The queue for its reply.
    pub reply_to: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many attempts it has.
    pub max_attempts: u32,
    /// The batch it belongs to.
    pub batch_id: Option<BatchId>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

impl Delivery {
    /// The version of its payload.
    pub fn version(&self) -> u32 {
        version_of(&self.headers)
    }

    /// Whether a process waits for its reply.
    pub fn is_step(&self) -> bool {
        self.reply_to.as_deref().is_some_and(|queue| queue.ends_with(PROCESS_REPLIES))
    }
}

/// What one receive brought.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// What to run.
    pub deliveries: Vec<Delivery>,
    /// What was parked instead, because workers died on its last attempt (UNSETTLED).
    pub parked: Vec<CommandId>,
    /// Messages that were archived because no command waits for them.
    pub strays: Vec<Stray>,
    /// Messages given back because their batch or the domain is paused.
    pub held: usize,
}

/// A message that belongs to no command that waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The message.
    pub msg_id: i64,
    /// Why nobody waits for it.
    pub reason: StrayReason,
}

/// Why a message was archived unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StrayReason {
    /// There is no such command.
    Absent,
    /// The command ended or is parked.
    NotAwaited,
    /// The command waits for another message.
    Superseded,
    /// It is not the envelope of a command.
    Malformed,
}

impl StrayReason {
    /// The name used in logs, metrics and SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "ABSENT",
            Self::NotAwaited => "NOT_AWAITED",
            Self::Superseded => "SUPERSEDED",
            Self::Malformed => "MALFORMED",
        }
    }
}

/// Why a command is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParkReason {
    /// Its error will not go away by itself.
    Permanent,
    /// Its attempts are used up.
    Exhausted,
    /// Its payload cannot be read by the type's handler.
    Undecodable,
    /// Workers died on every attempt.
    Unsettled,
    /// Its outcome could not be written.
    Unsettleable,
}

impl ParkReason {
    /// The text stored as `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "PERMANENT",
            Self::Exhausted => "EXHAUSTED",
            Self::Undecodable => "UNDECODABLE",
            Self::Unsettled => "UNSETTLED",
            Self::Unsettleable => "UNSETTLEABLE",
        }
    }
}

/// How one delivery ended.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which delivery.
    pub token: Token,
    /// What to record.
    pub verdict: Verdict,
}

/// What to record of a delivery; decided by `worker::settlement`.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// COMPLETED, with what the handler returned; `keep` it for a sender that waits.
    Complete {
        /// The result; `None` for a handler that returns nothing.
        result: Option<Box<RawValue>>,
        /// Whether the result is kept, and waiting senders woken.
        keep: bool,
    },
    /// PENDING again after a pause.
    Retry {
        /// What went wrong.
        failure: Failure,
        /// The pause.
        after: Duration,
    },
    /// IN_TROUBLESHOOTING_QUEUE.
    Park {
        /// Why.
        reason: ParkReason,
        /// What went wrong.
        failure: Failure,
    },
    /// FAILED: a business rule said no.
    Fail {
        /// What the rule said.
        failure: Failure,
        /// Whether the reply is kept, and waiting senders woken.
        keep: bool,
    },
    /// PENDING again, the attempt not counted.
    GiveBack {
        /// The pause; zero for at once.
        after: Duration,
    },
}

/// Whether a settlement took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It did.
    Recorded,
    /// Its token was no longer current; nothing changed.
    Stale,
    /// Its data could not be written; the command was parked (UNSETTLEABLE).
    Unsettleable,
}

/// How a group of deliveries was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledGroup {
    /// One for each settlement, in their order.
    pub answers: Vec<Settled>,
    /// Counts of a batch are left to [`Store::fold_batches`](super::Store::fold_batches): somebody else was counting
    /// there.
    pub unfolded: bool,
}

/// What became of a request to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canceled {
    /// It is CANCELED now.
    Canceled,
    /// It is not PENDING any more, but this.
    Not(CommandStatus),
    /// There is no such command.
    NotFound,
}

/// One verb of an operator on one parked command.
#[derive(Debug, Clone)]
pub struct OperatorAction {
    /// The command.
    pub command_id: CommandId,
    /// Who acts.
    pub operator: String,
    /// Why.
    pub reason: Option<String>,
    /// What to do.
    pub verb: OperatorVerb,
}

/// What an operator can do with a parked command.
#[derive(Debug, Clone)]
pub enum OperatorVerb {
    /// Send it again, with a new budget of attempts; `payload` replaces what it carried.
    Retry {
        /// The edited payload.
        payload: Option<EditedPayload>,
    },
    /// End it as CANCELED.
    Cancel,
    /// End it as COMPLETED, with a result as the handler would have returned it.
    Complete {
        /// The result.
        result: Option<Box<RawValue>>,
    },
}

/// A payload that an operator wrote.
#[derive(Debug, Clone)]
pub struct EditedPayload {
    /// The payload.
    pub data: Box<RawValue>,
    /// The version that it is written in, which its message then names; `None` for the one that the command came in.
    pub version: Option<u32>,
}

impl OperatorVerb {
    /// The name used in SQL.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "RETRY",
            Self::Cancel => "CANCEL",
            Self::Complete { .. } => "COMPLETE",
        }
    }
}

/// What became of an operator's verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// It was done.
    Done,
    /// The command is no longer parked, but this.
    NotParked(CommandStatus),
    /// The message it would be sent with again is no longer in the archive; a retry with an edited payload needs none.
    MessageGone,
    /// There is no such command.
    NotFound,
}

/// What somebody may be waiting for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wake {
    /// Messages in a queue.
    Queue(String),
    /// A kept reply in a domain.
    Reply(Domain),
    /// A process that ended in a domain.
    Process(Domain),
    /// A batch that ended; `None` in [`Store::watch`](super::Store::watch) and after a lost connection: any.
    Batch(Option<BatchId>),
    /// Notifications may have been lost: look at everything.
    Resync,
}
