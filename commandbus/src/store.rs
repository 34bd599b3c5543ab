//! Floor 2: every transition of the system, behind one object-safe trait.
//!
//! Methods take and return *groups*: one call, one procedure, one transaction for many commands. PostgreSQL is
//! `store::postgres`; `store::memory` keeps the same rules behind a mutex, on a clock that tests turn. One
//! conformance suite runs on both.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, Reply},
};

pub mod admin;
pub mod inventory;
pub mod memory;
pub mod postgres;
pub mod process;
pub mod query;
pub mod transition;

pub use admin::{
    AdminStore, AuditFilter, BatchCursor, BatchFilter, Count, Fault, FaultKind, InvalidCursor, Latency, Listing,
    NewOperation, Operation, OperationId, OperationStatus, OperationVerb, Prunable, PruneChunk, Pruned, QueueOverview,
    Throughput, Versions, WorkerBeat, WorkerRecord,
};
pub use inventory::{CommandCount, Inventory, ProcessCount};
pub use process::{
    Moved, NewProcess, NewStep, ParkedReply, ProcessFilter, ProcessMove, ProcessRecord, ProcessStore, ReceivedReply,
    ReplyAside, ReplyFate, RoutingWork, StepAnswer, StepRecord, StrayReply, StrayReplyReason,
};
pub use query::{CommandFilter, Page, Parked, ParkedFilter, ParkedGroup};
pub use transition::{
    Acceptance, Canceled, Delivery, Duplicates, EditedPayload, NewBatch, NewCommand, OperatorAction, OperatorVerb,
    ParkReason, Received, Resolution, Settled, SettledGroup, Settlement, Start, Stray, StrayReason, Token, Verdict,
    Wake,
};

/// What a store can do. Every method is one transaction; what it returns has been committed.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    // ---- sending -------------------------------------------------------------------------------------------------

    /// Makes the queues of a domain, and any others named, where they are missing.
    async fn ensure_queues(&self, domain: &Domain, others: &[String]) -> Result<(), StoreError>;

    /// Sends a group of commands of one domain; each stands for itself, so a duplicate hinders no other. The answers
    /// are in the order of `commands`.
    async fn send(&self, domain: &Domain, commands: &[NewCommand]) -> Result<Vec<Acceptance>, StoreError>;

    /// Sends commands of one domain, all or none. On duplicates nothing is sent and their ids are returned as `Err`
    /// inside.
    async fn send_all(
        &self,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Result<(), Vec<CommandId>>, StoreError>;

    /// Opens the atomic creation of a batch; the commands follow in chunks, so that a sender never holds them all.
    async fn begin_batch<'a>(&'a self, batch: NewBatch) -> Result<Box<dyn BatchWriter + 'a>, StoreError>;

    // ---- working -------------------------------------------------------------------------------------------------

    /// Whether a receive might find something now. A look that costs less than a receive is worth it where the answer is
    /// mostly no; without one, and where it fails, the receive shall tell.
    async fn may_have_work(&self, _domain: &Domain) -> bool {
        true
    }

    /// Receives up to `limit` commands whose messages are visible and hides them for `lease`.
    async fn receive(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<Received, StoreError>;

    /// Records how a group of deliveries ended. The answers are in the order of `settlements`.
    async fn settle(&self, domain: &Domain, settlements: &[Settlement]) -> Result<SettledGroup, StoreError>;

    /// Hides the messages of a group of deliveries for `lease` from now on. Answers which are still current.
    async fn renew(&self, domain: &Domain, deliveries: &[Token], lease: Duration) -> Result<Vec<bool>, StoreError>;

    /// Adds up batch counts that settlements left behind and ends the batches that are done. Returns how
    /// many batches were looked at.
    async fn fold_batches(&self, domain: &Domain) -> Result<usize, StoreError>;

    // ---- ending what has not run, and operators ------------------------------------------------------------------

    /// Cancels commands that are PENDING.
    async fn cancel(
        &self,
        domain: &Domain,
        ids: &[CommandId],
        by: &str,
        reason: &str,
    ) -> Result<Vec<Canceled>, StoreError>;

    /// Cancels every command of a batch that is PENDING and returns how many. What runs goes on; parked ones stay.
    async fn cancel_rest(&self, domain: &Domain, batch: BatchId, by: &str, reason: &str) -> Result<u64, StoreError>;

    /// Retries, cancels or completes parked commands for an operator.
    async fn resolve(&self, domain: &Domain, actions: &[OperatorAction]) -> Result<Vec<Resolution>, StoreError>;

    /// Pauses (`true`) or resumes a batch, or the whole domain when no batch is named. What runs finishes. The audit trail
    /// says by whom and why, if anything changed.
    async fn set_paused(
        &self,
        domain: &Domain,
        batch: Option<BatchId>,
        paused: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError>;

    // ---- asking --------------------------------------------------------------------------------------------------

    /// One command.
    async fn command(&self, domain: &Domain, id: CommandId) -> Result<Option<CommandMetadata>, StoreError>;

    /// Commands, newest id first.
    async fn commands(&self, filter: &CommandFilter, page: Page<CommandId>)
    -> Result<Vec<CommandMetadata>, StoreError>;

    /// The replies kept for senders that wait, and what is known of commands that ended without one; ids that have not
    /// ended are left out.
    async fn replies(&self, domain: &Domain, ids: &[CommandId]) -> Result<Vec<Reply>, StoreError>;

    /// The audit trail of a command or a batch, oldest first.
    async fn audit(&self, domain: &Domain, subject: Uuid) -> Result<Vec<AuditEvent>, StoreError>;

    /// Batches by id; those that do not exist are left out.
    async fn batches(&self, domain: &Domain, ids: &[BatchId]) -> Result<Vec<BatchMetadata>, StoreError>;

    /// What is parked, oldest first.
    async fn parked(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError>;

    /// How much is parked.
    async fn count_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreError>;

    /// What is parked, by error fingerprint, the largest group first.
    async fn parked_groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError>;

    /// What is not over, by what a program needs to handle it. Looks at every command that waits, runs or is parked, and at
    /// every process that has not ended.
    async fn inventory(&self) -> Result<Inventory, StoreError>;

    // ---- waiting -------------------------------------------------------------------------------------------------

    /// Wake-ups. They may be lost or come too often; whoever waits polls as well.
    fn wakes(&self) -> broadcast::Receiver<Wake>;

    /// Asks to be woken about a domain (its commands, replies or batches), in the background.
    fn watch(&self, wake: &Wake);

    /// The time by the store's clock.
    async fn now(&self) -> Result<DateTime<Utc>, StoreError>;

    /// Waits; a store with a clock of its own returns when that clock has passed it.
    async fn sleep(&self, duration: Duration);

    /// The transitions of processes.
    fn processes(&self) -> &dyn ProcessStore;

    /// What keeping a system in order takes.
    fn admin(&self) -> &dyn AdminStore;

    /// The PostgreSQL store behind this one, for what only it can do (transactions of the caller).
    fn as_postgres(&self) -> Option<&postgres::PostgresStore> {
        None
    }
}

/// The creation of one batch, under way in one transaction. Dropped without [`finish`](BatchWriter::finish), nothing
/// has happened where the transaction was its own.
#[async_trait]
pub trait BatchWriter: Send {
    /// Adds commands to a batch of commands. Duplicates, within the batch or in the domain, are remembered and refuse the
    /// batch at the end. They may be on their way still when this returns; an error is then that of the next call.
    async fn add(&mut self, commands: &[NewCommand]) -> Result<(), StoreError>;

    /// Adds processes to a batch of processes, which start with it. Duplicates are remembered as those of commands are.
    async fn add_processes(&mut self, processes: &[NewProcess]) -> Result<(), StoreError>;

    /// Ends the creation: the number of members, or the ids that were duplicates, and then nothing was created.
    async fn finish(self: Box<Self>) -> Result<Result<u32, Duplicates>, StoreError>;

    /// Ends it with nothing created. In a transaction of the caller this is what undoes the commands already added,
    /// which no `Drop` can.
    async fn abandon(self: Box<Self>) -> Result<(), StoreError>;
}
