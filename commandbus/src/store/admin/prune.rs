//! What is over and can be removed.

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What can be pruned, in the order in which it is: members before their batches, messages after their commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prunable {
    /// Replies kept for senders that wait.
    Results,
    /// Processes that ended, with their timelines.
    Processes,
    /// Commands that ended, with their audit trails.
    Commands,
    /// Batches that ended and whose members are gone.
    Batches,
    /// Messages in the archives of the queues that no operator may need again.
    Archives,
    /// Replies that changed nothing.
    StrayReplies,
    /// Replies that were parked and have been sent again.
    ParkedReplies,
    /// Replies that found no queue.
    UndeliveredReplies,
    /// Operations that are over.
    Operations,
}

impl Prunable {
    /// Everything, in order.
    pub const ALL: &'static [Self] = &[
        Self::Results,
        Self::Processes,
        Self::Commands,
        Self::Batches,
        Self::Archives,
        Self::StrayReplies,
        Self::ParkedReplies,
        Self::UndeliveredReplies,
        Self::Operations,
    ];
}

/// One chunk of pruning.
#[derive(Debug, Clone, PartialEq)]
pub struct PruneChunk {
    /// What to look at.
    pub what: Prunable,
    /// What ended before this moment goes.
    pub before: DateTime<Utc>,
    /// The mark that the chunk before answered.
    pub after: Option<String>,
    /// How many rows to look at.
    pub limit: u32,
    /// Only counts.
    pub dry_run: bool,
}

/// How much was pruned, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Pruned {
    /// Commands that had ended.
    pub commands: u64,
    /// Entries of the audit trail.
    pub audit_events: u64,
    /// Replies kept for senders that wait.
    pub results: u64,
    /// Processes that had ended.
    pub processes: u64,
    /// Entries of their timelines.
    pub process_steps: u64,
    /// Batches that had ended.
    pub batches: u64,
    /// Messages in archives.
    pub archived_messages: u64,
    /// Replies that changed nothing.
    pub stray_replies: u64,
    /// Replies that were parked and have been sent again.
    pub parked_replies: u64,
    /// Replies that found no queue.
    pub undelivered_replies: u64,
    /// Operations that were over.
    pub operations: u64,
}

impl Pruned {
    /// Whether it was nothing at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// How many rows these are.
    pub const fn total(&self) -> u64 {
        self.commands
            + self.audit_events
            + self.results
            + self.processes
            + self.process_steps
            + self.batches
            + self.archived_messages
            + self.stray_replies
            + self.parked_replies
            + self.undelivered_replies
            + self.operations
    }
}

impl AddAssign for Pruned {
    fn add_assign(&mut self, more: Self) {
        self.commands += more.commands;
        self.audit_events += more.audit_events;
        self.results += more.results;
        self.processes += more.processes;
        self.process_steps += more.process_steps;
        self.batches += more.batches;
        self.archived_messages += more.archived_messages;
        self.stray_replies += more.stray_replies;
        self.parked_replies += more.parked_replies;
        self.undelivered_replies += more.undelivered_replies;
        self.operations += more.operations;
    }
}
