//! The transitions of processes: what a store can do with them, what goes in, and what comes out.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::{Acceptance, NewBatch, NewCommand, Page};
use crate::{
    error::StoreError,
    message::{BatchId, CommandId, Domain, Outcome, ProcessId, ProcessMetadata, ProcessStatus, SentStep, StepRole},
};

/// What a store can do with processes; part of [`Store`](super::Store), and like it in groups and transactions.
#[async_trait]
pub trait ProcessStore: Send + Sync {
    /// Starts a group of processes of one domain, each with the commands of its first step; a duplicate hinders no
    /// other. The answers are in the order of `processes`.
    ///
    /// With `batch` they belong to it. One beyond its total, or in a batch that does not exist, is not counted.
    async fn start(
        &self,
        domain: &Domain,
        processes: &[NewProcess],
        batch: Option<BatchId>,
    ) -> Result<Vec<Acceptance>, StoreError>;

    /// Creates a process batch that starts will name, for `total` processes.
    async fn create_batch(&self, batch: NewBatch, total: u32) -> Result<(), StoreError>;

    /// Receives up to `limit` replies, hidden from other routers for `lease`, and looks for processes that are due.
    async fn receive_replies(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<RoutingWork, StoreError>;

    /// Processes with all that they have sent; those that do not exist are left out.
    async fn load(&self, domain: &Domain, ids: &[ProcessId]) -> Result<Vec<ProcessRecord>, StoreError>;

    /// Moves a group of processes, each named once: replies are taken in, commands sent, batches counted. The answers
    /// are in the order of `moves`.
    async fn advance(&self, domain: &Domain, moves: &[ProcessMove]) -> Result<Vec<Moved>, StoreError>;

    /// Records, puts off or parks replies that no process takes in now.
    async fn set_aside(&self, domain: &Domain, asides: &[ReplyAside]) -> Result<(), StoreError>;

    /// Puts off due processes that could not be moved.
    async fn postpone(&self, domain: &Domain, ids: &[ProcessId], by: Duration) -> Result<(), StoreError>;

    /// Sends parked replies to the routers again for an operator, with another `result` if one is given; answers, in the
    /// order of `ids`, which were parked.
    async fn retry_replies(
        &self,
        domain: &Domain,
        ids: &[i64],
        result: Option<&RawValue>,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<Vec<bool>, StoreError>;

    /// One process.
    async fn find(&self, domain: &Domain, id: ProcessId) -> Result<Option<ProcessMetadata>, StoreError>;

    /// Processes, newest id first.
    async fn list(&self, filter: &ProcessFilter, page: Page<ProcessId>) -> Result<Vec<ProcessMetadata>, StoreError>;

    /// Every command that a process sent and what became of it, in order.
    async fn steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError>;

    /// The replies to a process that changed nothing, oldest first.
    async fn stray_replies(&self, domain: &Domain, id: ProcessId) -> Result<Vec<StrayReply>, StoreError>;

    /// The replies of a domain that wait for an operator, oldest first.
    async fn parked_replies(&self, domain: &Domain, page: Page<i64>) -> Result<Vec<ParkedReply>, StoreError>;
}

/// A process to start, with the commands of its first step.
#[derive(Debug, Clone)]
pub struct NewProcess {
    /// Its id, new in the domain.
    pub process_id: ProcessId,
    /// The name of its type.
    pub process_type: Cow<'static, str>,
    /// Its state, already checked by [`seal`](crate::message::envelope::seal).
    pub state: Box<RawValue>,
    /// The step that it begins with.
    pub current_step: Cow<'static, str>,
    /// How long it may take as a whole.
    pub deadline: Option<Duration>,
    /// The commands of its first step.
    pub steps: Vec<NewStep>,
}

/// A command that a process sends. Its correlation id is the id of the process, its reply goes to the queue of the
/// process's domain.
#[derive(Debug, Clone)]
pub struct NewStep {
    /// The domain of the command, which need not be that of the process.
    pub domain: Domain,
    /// The command.
    pub command: NewCommand,
    /// The step it does or takes back.
    pub step_name: Cow<'static, str>,
    /// Which of both.
    pub role: StepRole,
    /// Which sending of the process it belongs to, from 1.
    pub visit: u32,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// What there is to route in a domain.
#[derive(Debug, Clone, Default)]
pub struct RoutingWork {
    /// Replies, hidden from other routers for the lease.
    pub replies: Vec<ReceivedReply>,
    /// Processes of which a step, or all of it, is late, and that no reply is on the way to.
    pub due: Vec<ProcessId>,
    /// When the next one will be, if none is now.
    pub next_due: Option<Duration>,
}

/// A message from the queue of process replies.
#[derive(Debug, Clone)]
pub struct ReceivedReply {
    /// The message.
    pub msg_id: i64,
    /// How often it has been received, this time included.
    pub reads: u32,
    /// What it says; it is for the router to find out whether that is a reply.
    pub body: Box<RawValue>,
}

/// A process as a router needs it.
#[derive(Debug, Clone)]
pub struct ProcessRecord {
    /// Its id.
    pub process_id: ProcessId,
    /// The name of its type.
    pub process_type: String,
    /// Where it is in its life.
    pub status: ProcessStatus,
    /// Its state.
    pub state: Box<RawValue>,
    /// Code and message of what it is being taken back for.
    pub cause: Option<(String, String)>,
    /// How it is to end, while it is being taken back.
    pub ends_as: Option<ProcessStatus>,
    /// What a move must name, and raises.
    pub revision: i64,
    /// Whether its deadline has passed.
    pub is_overdue: bool,
    /// Every command that it sent, in order.
    pub steps: Vec<StepRecord>,
}

/// A command that a process sent, as a router needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// The command.
    pub command_id: CommandId,
    /// Its domain.
    pub domain: Domain,
    /// The step.
    pub step_name: String,
    /// Whether it does the step or takes it back.
    pub role: StepRole,
    /// Which sending of the process it belongs to.
    pub visit: u32,
    /// How it ended; `None` while it is in flight.
    pub outcome: Option<Outcome>,
    /// Whether its timeout has passed while it is in flight.
    pub is_overdue: bool,
}

/// One move of one process: what some replies, or the passing of time, made of it.
#[derive(Debug, Clone)]
pub struct ProcessMove {
    /// The process.
    pub process_id: ProcessId,
    /// The revision that was decided on; with any other nothing changes.
    pub revision: i64,
    /// WAITING_FOR_REPLY, COMPENSATING, or how it ended. The store writes WAITING_FOR_TSQ for the first while something
    /// of the process is parked.
    pub status: ProcessStatus,
    /// The step it is at.
    pub current_step: Option<Cow<'static, str>>,
    /// Its state, already checked.
    pub state: Box<RawValue>,
    /// Code and message of what it is being, or was, taken back for.
    pub cause: Option<(String, String)>,
    /// How it is to end, while it is being taken back.
    pub ends_as: Option<ProcessStatus>,
    /// The replies that it has taken in.
    pub answers: Vec<StepAnswer>,
    /// What it sends.
    pub steps: Vec<NewStep>,
    /// When to look at it again if nothing comes until then.
    pub look_again: Option<Duration>,
}

/// A reply that a process has taken in.
#[derive(Debug, Clone)]
pub struct StepAnswer {
    /// The message that brought it.
    pub msg_id: i64,
    /// The command it answers.
    pub command_id: CommandId,
    /// How that ended.
    pub outcome: Outcome,
    /// The result, the error or the reason.
    pub data: Option<Value>,
}

/// Whether a move took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It did.
    Recorded,
    /// The process had moved, or ended, meanwhile; nothing changed.
    Stale,
}

/// A reply that no process takes in now.
#[derive(Debug, Clone)]
pub struct ReplyAside {
    /// The message.
    pub msg_id: i64,
    /// The process it speaks to, as far as it says so.
    pub process_id: Option<ProcessId>,
    /// The command it answers, as far as it says so.
    pub command_id: Option<CommandId>,
    /// What becomes of it.
    pub fate: ReplyFate,
}

/// What becomes of a reply that no process takes in now.
#[derive(Debug, Clone)]
pub enum ReplyFate {
    /// It changes nothing and is recorded.
    Stray(StrayReplyReason),
    /// It is tried again after a pause.
    Later(Duration),
    /// It waits for an operator, and its process with it.
    Park {
        /// Why, for machines.
        code: Cow<'static, str>,
        /// Why, for people.
        message: String,
    },
}

/// Why a reply changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StrayReplyReason {
    /// The command was answered before.
    Duplicate,
    /// The process has ended.
    Late,
    /// There is no such process, or it did not send that command.
    Foreign,
    /// It is no reply.
    Malformed,
}

impl StrayReplyReason {
    /// The text stored as `reason`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "DUPLICATE",
            Self::Late => "LATE",
            Self::Foreign => "FOREIGN",
            Self::Malformed => "MALFORMED",
        }
    }
}

/// A reply that changed nothing, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrayReply {
    /// The domain of the processes it was sent to.
    pub domain: Domain,
    /// The process it speaks to, as far as it says so.
    pub process_id: Option<ProcessId>,
    /// The command it answers, as far as it says so.
    pub command_id: Option<CommandId>,
    /// What it says.
    pub reply: Value,
    /// Why it changed nothing.
    pub reason: StrayReplyReason,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// A reply that waits for an operator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParkedReply {
    /// Its place in the list; the key of its page.
    pub parked_reply_id: i64,
    /// The domain of the processes it was sent to.
    pub domain: Domain,
    /// The process it speaks to.
    pub process_id: Option<ProcessId>,
    /// The command it answers.
    pub command_id: Option<CommandId>,
    /// What it says.
    pub reply: Value,
    /// Why it could not be taken in, for machines.
    pub error_code: String,
    /// Why it could not be taken in, for people.
    pub error_message: String,
    /// Since when it is parked.
    pub parked_at: DateTime<Utc>,
}

/// Which processes to list; fields that are `None` do not restrict.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ProcessFilter {
    /// Of this domain.
    pub domain: Option<Domain>,
    /// Of this type.
    pub process_type: Option<String>,
    /// In this state.
    pub status: Option<ProcessStatus>,
    /// Of this batch.
    pub batch_id: Option<BatchId>,
}

impl ProcessFilter {
    /// Every process of a domain.
    pub fn in_domain(domain: Domain) -> Self {
        Self { domain: Some(domain), ..Self::default() }
    }

    /// Those of one batch.
    #[must_use]
    pub fn of_batch(mut self, batch: BatchId) -> Self {
        self.batch_id = Some(batch);
        self
    }

    /// Those in one state.
    #[must_use]
    pub fn with_status(mut self, status: ProcessStatus) -> Self {
        self.status = Some(status);
        self
    }
}
