//! What the API and the command line tell, as JSON.

use chrono::{DateTime, Utc};
use commandbus::{
    message::{AuditEvent, BatchMetadata, BatchType, CommandMetadata, ProcessMetadata, SentStep, StepRole},
    ops::Case,
    store::{self, ParkedFilter},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident of $source:ty as $it:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty = $value:expr,)+
    })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
            pub struct $name { $($(#[$field_doc])* pub $field: $kind,)+ }

            impl From<$source> for $name {
                fn from($it: $source) -> Self {
                    Self { $($field: $value,)+ }
                }
            }
        )+
    };
}

views! {
    /// A command.
    Command of CommandMetadata as it {
        /// Its domain.
        domain: String = it.domain.to_string(),
        /// Its id.
        command_id: Uuid = it.command_id.as_uuid(),
        /// The name of its type.
        command_type: String = it.command_type,
        /// Where it is in its life.
        status: String = it.status.to_string(),
        /// Attempts made.
        attempts: u32 = it.attempts,
        /// Attempts it has.
        max_attempts: u32 = it.max_attempts,
        /// What it belongs to.
        correlation_id: Option<Uuid> = it.correlation_id,
        /// The queue that its reply goes to.
        reply_to: Option<String> = it.reply_to,
        /// The batch it belongs to.
        batch_id: Option<Uuid> = it.batch_id.map(|id| id.as_uuid()),
        /// The group it runs in.
        group: Option<String> = it.group,
        /// The command of its group that it waits for.
        held_behind: Option<Uuid> = it.held_behind.map(|id| id.as_uuid()),
        /// The kind of its last error.
        last_error_type: Option<String> = it.last_error_type,
        /// The code of its last error.
        last_error_code: Option<String> = it.last_error_code,
        /// The message of its last error.
        last_error_msg: Option<String> = it.last_error_msg,
        /// Until when a worker has it.
        lease_expires_at: Option<DateTime<Utc>> = it.lease_expires_at,
        /// When it was sent.
        created_at: DateTime<Utc> = it.created_at,
        /// When it last changed.
        updated_at: DateTime<Utc> = it.updated_at,
    }

    /// An entry of the audit trail.
    Event of AuditEvent as it {
        /// Its number; later ones are greater.
        audit_id: i64 = it.audit_id,
        /// The domain.
        domain: String = it.domain.to_string(),
        /// The command or batch it speaks of.
        subject: Uuid = it.subject,
        /// What happened.
        event: String = it.event,
        /// When.
        at: DateTime<Utc> = it.at,
        /// More about it.
        details: Value = it.details,
    }

    /// A command that waits for an operator.
    Parked of store::Parked as it {
        /// Its place in the list.
        parked_id: i64 = it.parked_id,
        /// Its domain.
        domain: String = it.domain.to_string(),
        /// Its id.
        command_id: Uuid = it.command_id.as_uuid(),
        /// The name of its type.
        command_type: String = it.command_type,
        /// The batch it belongs to.
        batch_id: Option<Uuid> = it.batch_id.map(|id| id.as_uuid()),
        /// What it belongs to.
        correlation_id: Option<Uuid> = it.correlation_id,
        /// Why it is parked: PERMANENT, EXHAUSTED, UNDECODABLE, UNSETTLED or UNSETTLEABLE.
        reason: String = it.reason,
        /// The kind of the error.
        error_type: Option<String> = it.error_type,
        /// The code of the error.
        error_code: Option<String> = it.error_code,
        /// The message of the error.
        error_msg: Option<String> = it.error_msg,
        /// Anything else the handler gave.
        error_details: Option<Value> = it.error_details,
        /// What errors of the same cause share.
        fingerprint: String = it.fingerprint,
        /// Attempts made.
        attempts: u32 = it.attempts,
        /// Attempts it had.
        max_attempts: u32 = it.max_attempts,
        /// Since when it is parked.
        parked_at: DateTime<Utc> = it.parked_at,
        /// The group that it holds.
        group: Option<String> = it.group,
        /// How many commands of its group wait until it is resolved.
        holds: u32 = it.holds,
        /// What it carries, with sensitive fields masked; absent when its message is gone.
        payload: Option<Value> = it.payload,
        /// The version of its type that the payload is written in.
        version: u32 = it.version,
    }

    /// Parked commands of one cause.
    ParkedGroup of store::ParkedGroup as it {
        /// Their domain.
        domain: String = it.domain.to_string(),
        /// Their type.
        command_type: String = it.command_type,
        /// What they share.
        fingerprint: String = it.fingerprint,
        /// The code of the error.
        error_code: Option<String> = it.error_code,
        /// One of their messages.
        example: Option<String> = it.example,
        /// How many there are.
        count: u64 = it.count,
        /// Since when the oldest of them is parked.
        oldest: DateTime<Utc> = it.oldest,
    }

    /// A parked command with its history.
    ParkedCase of Case as it {
        /// Why it is parked, and what it carries.
        parked: Parked = it.parked.into(),
        /// The command.
        command: Command = it.command.into(),
        /// What happened to it, oldest first.
        audit: Vec<Event> = it.audit.into_iter().map(Into::into).collect(),
    }

    /// A batch of commands or of processes.
    Batch of BatchMetadata as it {
        /// Its domain.
        domain: String = it.domain.to_string(),
        /// Its id.
        batch_id: Uuid = it.batch_id.as_uuid(),
        /// COMMAND or PROCESS: what its counts are of.
        batch_type: String = match it.batch_type { BatchType::Command => "COMMAND", BatchType::Process => "PROCESS" }.to_owned(),
        /// What people call it.
        name: Option<String> = it.name.clone(),
        /// What its sender kept with it.
        custom_data: Option<Value> = it.custom_data.clone(),
        /// Where it is in its life.
        batch_status: String = it.status.to_string(),
        /// Its members.
        total_count: u32 = it.total_count,
        /// Those that completed.
        completed_count: u32 = it.completed_count,
        /// Those that failed.
        failed_count: u32 = it.failed_count,
        /// Those that were canceled; of processes, those that failed, too.
        canceled_count: u32 = it.canceled_count,
        /// Those that wait for an operator.
        in_troubleshooting_count: u32 = it.in_troubleshooting_count,
        /// Those that wait or run.
        open_count: u32 = it.open_count(),
        /// When it was created.
        created_at: DateTime<Utc> = it.created_at,
        /// When its first member moved.
        started_at: Option<DateTime<Utc>> = it.started_at,
        /// When its last member ended.
        completed_at: Option<DateTime<Utc>> = it.completed_at,
        /// Since when it is paused.
        paused_at: Option<DateTime<Utc>> = it.paused_at,
    }

    /// A process.
    Process of ProcessMetadata as it {
        /// Its domain.
        domain: String = it.domain.to_string(),
        /// Its id.
        process_id: Uuid = it.process_id.as_uuid(),
        /// The name of its type.
        process_type: String = it.process_type,
        /// Where it is in its life.
        status: String = it.status.to_string(),
        /// The step it is at.
        current_step: Option<String> = it.current_step,
        /// Its state.
        state: Value = it.state,
        /// The code of what it was, or is being, taken back for.
        error_code: Option<String> = it.error_code,
        /// The same in words.
        error_message: Option<String> = it.error_message,
        /// The batch it belongs to.
        batch_id: Option<Uuid> = it.batch_id.map(|id| id.as_uuid()),
        /// Commands and replies of it that wait for an operator.
        parked_count: u32 = it.parked_count,
        /// Until when it has to be over.
        deadline_at: Option<DateTime<Utc>> = it.deadline_at,
        /// When it started.
        created_at: DateTime<Utc> = it.created_at,
        /// When it last moved.
        updated_at: DateTime<Utc> = it.updated_at,
        /// When it ended.
        completed_at: Option<DateTime<Utc>> = it.completed_at,
    }

    /// A command that a process sent.
    ProcessStep of SentStep as it {
        /// The step.
        step_name: String = it.step_name,
        /// STEP or UNDO.
        kind: String = match it.role { StepRole::Step => "STEP", StepRole::Undo { .. } => "UNDO" }.to_owned(),
        /// The command that an UNDO takes back.
        undoes: Option<Uuid> = match it.role { StepRole::Step => None, StepRole::Undo { undoes } => Some(undoes.as_uuid()) },
        /// Which sending of the process it belongs to.
        visit: u32 = it.visit,
        /// The domain of the command.
        command_domain: Option<String> = it.command_domain.map(|domain| domain.to_string()),
        /// The command.
        command_id: Uuid = it.command_id.as_uuid(),
        /// Its type.
        command_type: String = it.command_type,
        /// What it carried, with sensitive fields masked.
        command_data: Option<Value> = it.command_data,
        /// When it was sent.
        sent_at: DateTime<Utc> = it.sent_at,
        /// Until when its reply is awaited.
        due_at: Option<DateTime<Utc>> = it.due_at,
        /// How it ended.
        outcome: Option<Value> = it.outcome.and_then(|outcome| serde_json::to_value(outcome).ok()),
        /// What the reply said.
        reply_data: Option<Value> = it.reply_data,
        /// When the reply was taken in.
        received_at: Option<DateTime<Utc>> = it.received_at,
    }

    /// A reply that its process could not take in.
    ParkedReply of store::ParkedReply as it {
        /// Its number.
        parked_reply_id: i64 = it.parked_reply_id,
        /// The domain of the process.
        domain: String = it.domain.to_string(),
        /// The process.
        process_id: Option<Uuid> = it.process_id.map(|id| id.as_uuid()),
        /// The command it answers.
        command_id: Option<Uuid> = it.command_id.map(|id| id.as_uuid()),
        /// What it says.
        reply: Value = it.reply,
        /// Why it could not be taken in, for programs.
        error_code: String = it.error_code,
        /// The same in words.
        error_message: String = it.error_message,
        /// Since when it waits.
        parked_at: DateTime<Utc> = it.parked_at,
    }

    /// A verb on everything that a filter found.
    Operation of store::Operation as it {
        /// Its id.
        operation_id: Uuid = it.operation_id.as_uuid(),
        /// RETRY, CANCEL or COMPLETE.
        verb: String = it.verb.to_string(),
        /// Which parked commands.
        #[schema(value_type = Object)]
        filter: ParkedFilter = it.filter,
        /// In whose name.
        operator: String = it.operator,
        /// Why.
        reason: Option<String> = it.reason,
        /// RUNNING, COMPLETED or CANCELED.
        status: String = it.status.to_string(),
        /// How many the filter found.
        total_count: u32 = it.total_count,
        /// How many were resolved.
        done_count: u32 = it.done_count,
        /// How many were not: somebody else was faster, or their messages are gone.
        skipped_count: u32 = it.skipped_count,
        /// When it began.
        created_at: DateTime<Utc> = it.created_at,
        /// When it last went on.
        updated_at: DateTime<Utc> = it.updated_at,
        /// When it ended.
        completed_at: Option<DateTime<Utc>> = it.completed_at,
    }

    /// The queue of a domain. Counts stop at 10,001.
    Queue of store::QueueOverview as it {
        /// The domain.
        domain: String = it.domain.to_string(),
        /// What a worker would get now.
        ready: u64 = it.ready,
        /// What a worker has.
        running: u64 = it.running,
        /// What waits for its time.
        delayed: u64 = it.delayed,
        /// What waits for others of its group.
        held: u64 = it.held,
        /// What belongs to paused batches.
        paused: u64 = it.paused,
        /// What waits for an operator.
        parked: u64 = it.parked,
        /// Replies that processes have yet to take in.
        replies: u64 = it.replies,
        /// Since when the oldest that is ready is.
        oldest_ready_at: Option<DateTime<Utc>> = it.oldest_ready_at,
        /// Since when the oldest that is parked is.
        oldest_parked_at: Option<DateTime<Utc>> = it.oldest_parked_at,
        /// Since when the domain is paused.
        paused_at: Option<DateTime<Utc>> = it.paused_at,
        /// Workers that live.
        workers: u64 = it.workers,
    }

    /// A worker.
    Worker of store::WorkerRecord as it {
        /// Its id.
        worker_id: Uuid = it.worker_id,
        /// Whose commands it handles.
        domain: String = it.domain.to_string(),
        /// The machine it runs on.
        host: String = it.host,
        /// The process it runs in.
        pid: u32 = it.pid,
        /// The version of the library.
        version: String = it.version,
        /// How many handlers it runs at once.
        concurrency: u32 = it.concurrency,
        /// STARTING, RUNNING or STOPPING.
        phase: String = it.phase,
        /// Handlers that ran when it said so.
        running: u32 = it.running,
        /// What it had received and not yet settled.
        in_hand: u32 = it.in_hand,
        /// When it started.
        started_at: DateTime<Utc> = it.started_at,
        /// When it said so last.
        seen_at: DateTime<Utc> = it.seen_at,
        /// Whether that was within the last minute.
        is_alive: bool = it.is_alive,
    }

    /// One minute of a domain.
    Minute of store::Throughput as it {
        /// The domain.
        domain: String = it.domain.to_string(),
        /// When it began.
        minute: DateTime<Utc> = it.minute,
        /// Commands sent.
        sent: u64 = it.sent,
        /// Commands completed.
        completed: u64 = it.completed,
        /// Commands that failed.
        failed: u64 = it.failed,
        /// Commands canceled.
        canceled: u64 = it.canceled,
        /// Commands parked.
        parked: u64 = it.parked,
    }

    /// How long commands of a domain took lately.
    Latency of store::Latency as it {
        /// The domain.
        domain: String = it.domain.to_string(),
        /// Of how many that is told.
        completed: u64 = it.completed,
        /// Half of them took no more than so many seconds.
        p50_s: f64 = it.p50_s,
        /// 95 of 100 took no more than so many seconds.
        p95_s: f64 = it.p95_s,
        /// The slowest took so many seconds.
        max_s: f64 = it.max_s,
    }

    /// Something that is wrong, or waits for a person.
    Fault of store::Fault as it {
        /// What it is.
        fault: String = it.kind.to_string(),
        /// Whether data contradict each other.
        is_broken: bool = it.kind.is_broken(),
        /// In which domain.
        domain: String = it.domain,
        /// How often.
        total: u64 = it.total,
        /// One of them.
        example: Option<String> = it.example,
        /// What it means, and what to do about it.
        advice: String = it.kind.advice().to_owned(),
    }

    /// A count that stops at a cap.
    Count of store::Count as it {
        /// How many were found.
        count: u64 = it.count,
        /// Whether there may be more.
        is_capped: bool = it.is_capped,
        /// For people: "10,000+".
        text: String = it.to_string(),
    }
}

/// One page, and the cursor of the next.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// What was found, in order. Where what is asked for is rare, a page may be short, or empty, and not the last.
    pub items: Vec<T>,
    /// To be given as `cursor` for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A listing, with its key as a cursor.
    pub fn of<S: Into<T>, K: ToString>(listing: store::Listing<S, K>) -> Self {
        Self {
            items: listing.items.into_iter().map(Into::into).collect(),
            next_cursor: listing.next.map(|next| next.to_string()),
        }
    }
}

/// A command with what it carries and what happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CommandDetail {
    /// The command.
    pub command: Command,
    /// What it carries, with sensitive fields masked; absent when it has completed, or its message is gone.
    pub payload: Option<Value>,
    /// What happened to it, oldest first.
    pub audit: Vec<Event>,
}

/// A process with its timeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProcessDetail {
    /// The process.
    pub process: Process,
    /// Every command that it sent, in order.
    pub steps: Vec<ProcessStep>,
    /// The replies that changed nothing.
    pub stray_replies: Vec<Value>,
}

/// The whole at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    /// The queue of each domain.
    pub queues: Vec<Queue>,
    /// The last hour, by domain and minute.
    pub throughput: Vec<Minute>,
    /// How long commands took lately.
    pub latency: Vec<Latency>,
    /// The workers.
    pub workers: Vec<Worker>,
}

/// Turns each into what is told of it.
pub fn all<S, T: From<S>>(found: Vec<S>) -> Vec<T> {
    found.into_iter().map(T::from).collect()
}
