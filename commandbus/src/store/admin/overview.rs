//! Queues, workers, figures and faults.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::message::Domain;

/// What a database is, and how old its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Versions {
    /// The database, as it names itself.
    pub database: String,
    /// PGMQ, if it is there.
    pub pgmq: Option<String>,
    /// The newest migration that was made, if any was.
    pub schema: Option<i32>,
    /// The newest migration that this library knows.
    pub schema_of_library: i32,
    /// This library.
    pub library: String,
}

/// The queue of a domain's commands. Counts stop at the cap that was asked for, and one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueueOverview {
    /// The domain.
    pub domain: Domain,
    /// Commands that a worker would get now.
    pub ready: u64,
    /// Commands that a worker has.
    pub running: u64,
    /// Commands that wait for their time: a delay, or the backoff after a failure.
    pub delayed: u64,
    /// Commands that wait for others of their group.
    pub held: u64,
    /// Commands of paused batches that a worker has met.
    pub paused: u64,
    /// Commands that wait for an operator.
    pub parked: u64,
    /// Replies that processes of the domain have yet to take in.
    pub replies: u64,
    /// Since when the oldest of those that are ready is.
    pub oldest_ready_at: Option<DateTime<Utc>>,
    /// Since when the oldest of those that are parked is.
    pub oldest_parked_at: Option<DateTime<Utc>>,
    /// Since when the whole domain is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Workers that live.
    pub workers: u64,
}

/// What a worker says of itself now and then.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerBeat {
    /// Its id, drawn when it starts.
    pub worker_id: Uuid,
    /// Whose commands it handles.
    pub domain: Domain,
    /// The machine it runs on.
    pub host: String,
    /// The process it runs in.
    pub pid: u32,
    /// The version of this library that it was built with.
    pub version: &'static str,
    /// How many handlers it runs at once.
    pub concurrency: u32,
    /// STARTING, RUNNING or STOPPING.
    pub phase: &'static str,
    /// Handlers that run.
    pub running: u32,
    /// Everything received and not yet settled.
    pub in_hand: u32,
}

/// A worker that has said that it lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkerRecord {
    /// Its id.
    pub worker_id: Uuid,
    /// Whose commands it handles.
    pub domain: Domain,
    /// The machine it runs on.
    pub host: String,
    /// The process it runs in.
    pub pid: u32,
    /// The version of this library that it was built with.
    pub version: String,
    /// How many handlers it runs at once.
    pub concurrency: u32,
    /// STARTING, RUNNING or STOPPING.
    pub phase: String,
    /// Handlers that ran when it said so.
    pub running: u32,
    /// Everything it had received and not yet settled.
    pub in_hand: u32,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it said so last.
    pub seen_at: DateTime<Utc>,
    /// Whether that was within the last minute.
    pub is_alive: bool,
}

/// One minute of a domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Throughput {
    /// The domain.
    pub domain: Domain,
    /// When the minute began.
    pub minute: DateTime<Utc>,
    /// Commands sent.
    pub sent: u64,
    /// Commands completed.
    pub completed: u64,
    /// Commands that failed.
    pub failed: u64,
    /// Commands canceled.
    pub canceled: u64,
    /// Commands parked.
    pub parked: u64,
}

/// How long commands of a domain took lately, from sending to completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Latency {
    /// The domain.
    pub domain: Domain,
    /// Of how many that is told.
    pub completed: u64,
    /// Half of them took no more than so many seconds.
    pub p50_s: f64,
    /// 95 of 100 took no more than so many seconds.
    pub p95_s: f64,
    /// The slowest took so many seconds.
    pub max_s: f64,
}

/// Something that is wrong, or waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// What it is.
    pub kind: FaultKind,
    /// In which domain; empty where several are concerned.
    pub domain: String,
    /// How often.
    pub total: u64,
    /// One of them: an id, or a name.
    pub example: Option<String>,
}

macro_rules! fault_kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $is_broken:literal, $says:literal;)+) => {
        /// What can be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[non_exhaustive]
        pub enum FaultKind { $($(#[$doc])* $variant,)+ }

        impl FaultKind {
            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Whether data contradict each other; else it only waits for somebody.
            pub const fn is_broken(self) -> bool {
                match self { $(Self::$variant => $is_broken,)+ }
            }

            /// What it means, and what to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $says,)+ }
            }

            pub(in crate::store) fn read(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

fault_kinds! {
    /// A message in the queue that no command waits for.
    MessageWithoutCommand = "MESSAGE_WITHOUT_COMMAND", false,
        "messages in the queue that no command waits for: the next worker that meets them archives them";
    /// A command that waits or runs, and no message that would bring it to a worker.
    CommandWithoutMessage = "COMMAND_WITHOUT_MESSAGE", true,
        "commands that wait or run without a message, so no worker will ever get them: their messages were removed past the \
         library. Send what they were for again";
    /// A parked command whose message is gone.
    ParkedWithoutMessage = "PARKED_WITHOUT_MESSAGE", false,
        "parked commands whose messages are gone from the archive: they can be completed, canceled, or retried with an \
         edited payload";
    /// A parked command that the troubleshooting list does not show.
    ParkedAndNotListed = "PARKED_AND_NOT_LISTED", true,
        "commands that are parked and do not stand in the list of what is: another program changed their rows. Its operators' \
         tools can still resolve them";
    /// A command that no worker renews, and none takes up.
    StuckLease = "STUCK_LEASE", false,
        "commands whose workers died, and that no other has taken up for 5 minutes: start a worker of the domain, or look why \
         those that run receive nothing";
    /// Commands are ready, and no worker lives.
    NobodyReceives = "NOBODY_RECEIVES", false,
        "commands that have been ready for 5 minutes while no worker of the domain lives: start one";
    /// Commands of a domain that has no queue.
    DomainWithoutQueue = "DOMAIN_WITHOUT_QUEUE", true,
        "a domain with commands whose queue is gone: run `commandbus migrate --domain` with its name";
    /// A batch whose counts are not those of its members.
    BatchMiscounted = "BATCH_MISCOUNTED", true,
        "batches whose counts are not those of their members: run `commandbus doctor --repair`, which counts them anew";
    /// Replies that found no queue.
    UndeliveredReply = "UNDELIVERED_REPLY", false,
        "replies whose queue does not exist: make it, or ask those who sent these commands whether they still wait";
    /// Replies that no process could take in.
    ParkedReply = "PARKED_REPLY", false,
        "replies that their processes could not take in: look at them and retry them";
    /// A domain that is paused.
    DomainPaused = "DOMAIN_PAUSED", false,
        "the domain is paused: its workers receive nothing until somebody resumes it";
    /// An operation that nobody goes on with.
    OperationStalled = "OPERATION_STALLED", false,
        "operations that nobody has gone on with for a minute: run `commandbus operations resume` with their ids";
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
