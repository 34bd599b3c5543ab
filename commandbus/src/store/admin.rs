//! What operators look at and keep in order, beside the transitions themselves.

use async_trait::async_trait;
use serde_json::Value;

use super::{CommandFilter, Page, ProcessFilter};
use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, ProcessId, ProcessMetadata},
};

mod listing;
mod operation;
mod overview;
mod prune;

pub use listing::{AuditFilter, BatchCursor, BatchFilter, Count, InvalidCursor, Listing};
pub use operation::{NewOperation, Operation, OperationId, OperationStatus, OperationVerb};
pub use overview::{Fault, FaultKind, Latency, QueueOverview, Throughput, Versions, WorkerBeat, WorkerRecord};
pub use prune::{Prunable, PruneChunk, Pruned};

/// What a store can do for those who look at a system and keep it in order; part of [`Store`](super::Store).
#[async_trait]
pub trait AdminStore: Send + Sync {
    // ---- listing -------------------------------------------------------------------------------------------------

    /// Commands, newest id first. Looks at a bounded number of rows: a page may be short and still have a next one.
    async fn search_commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Listing<CommandMetadata, CommandId>, StoreError>;

    /// How many commands a filter finds, up to `cap`.
    async fn count_commands(&self, filter: &CommandFilter, cap: u32) -> Result<Count, StoreError>;

    /// Processes, newest id first; like commands.
    async fn search_processes(
        &self,
        filter: &ProcessFilter,
        page: Page<ProcessId>,
    ) -> Result<Listing<ProcessMetadata, ProcessId>, StoreError>;

    /// Batches, newest first.
    async fn search_batches(
        &self,
        filter: &BatchFilter,
        page: Page<BatchCursor>,
    ) -> Result<Listing<BatchMetadata, BatchCursor>, StoreError>;

    /// The batches of this id, whatever their domain.
    async fn batches_of_id(&self, id: BatchId) -> Result<Vec<BatchMetadata>, StoreError>;

    /// The commands of this id, whatever their domain.
    async fn commands_of_id(&self, id: CommandId) -> Result<Vec<CommandMetadata>, StoreError>;

    /// The audit trail, newest first.
    async fn search_audit(&self, filter: &AuditFilter, page: Page<i64>)
    -> Result<Listing<AuditEvent, i64>, StoreError>;

    /// What a command carries, as long as its message is there: waiting, running, or archived.
    async fn payload(&self, domain: &Domain, id: CommandId) -> Result<Option<Value>, StoreError>;

    /// Counts a batch anew from its members, and ends it when that shows that it is done.
    async fn recount_batch(&self, domain: &Domain, id: BatchId) -> Result<(), StoreError>;

    // ---- operations ----------------------------------------------------------------------------------------------

    /// Begins a verb on everything parked that a filter finds now.
    async fn begin_operation(&self, operation: &NewOperation) -> Result<Operation, StoreError>;

    /// Does the next `limit` of an operation and answers how it stands; `None` when there is no such operation.
    async fn advance_operation(&self, id: OperationId, limit: u32) -> Result<Option<Operation>, StoreError>;

    /// Ends an operation where it stands.
    async fn cancel_operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError>;

    /// One operation.
    async fn operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError>;

    /// Operations, newest id first.
    async fn operations(&self, page: Page<OperationId>) -> Result<Listing<Operation, OperationId>, StoreError>;

    // ---- looking at the whole ------------------------------------------------------------------------------------

    /// What the database is, and how old its schema. Answers also where there is no schema.
    async fn versions(&self) -> Result<Versions, StoreError>;

    /// The queues of commands; each count stops at `cap + 1`.
    async fn queues(&self, cap: u32) -> Result<Vec<QueueOverview>, StoreError>;

    /// The workers that have said that they live, by domain.
    async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError>;

    /// A worker says that it lives.
    async fn beat(&self, beat: &WorkerBeat) -> Result<(), StoreError>;

    /// A worker has ended.
    async fn leave(&self, worker: uuid::Uuid) -> Result<(), StoreError>;

    /// What was sent and what ended in the last minutes, by domain and minute, as far as the newest entries of the audit
    /// trail tell.
    async fn throughput(&self, minutes: u32) -> Result<Vec<Throughput>, StoreError>;

    /// How long it took from sending to completion, lately, by domain.
    async fn latency(&self) -> Result<Vec<Latency>, StoreError>;

    /// What is wrong. Looks at every command: work for a person who asks, not for every second.
    async fn diagnose(&self) -> Result<Vec<Fault>, StoreError>;

    // ---- removing ------------------------------------------------------------------------------------------------

    /// Removes one chunk of what ended before a moment, or counts it. Answers what it removed, and the mark behind which
    /// the next chunk begins; `None` when nothing older is left.
    async fn prune(&self, chunk: &PruneChunk) -> Result<(Pruned, Option<String>), StoreError>;
}
