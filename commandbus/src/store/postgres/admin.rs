//! What operators look at and keep in order.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::{PostgresStore, connections::Call};
use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, ProcessId, ProcessMetadata},
    store::{
        AdminStore, AuditFilter, BatchCursor, BatchFilter, CommandFilter, Count, Fault, Latency, Listing, NewOperation,
        Operation, OperationId, Page, ProcessFilter, PruneChunk, Pruned, QueueOverview, Throughput, Versions,
        WorkerBeat, WorkerRecord,
    },
};

mod look;
mod operation;
mod prune;
mod search;
mod search_commands;

#[async_trait]
impl AdminStore for PostgresStore {
    async fn search_commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Listing<CommandMetadata, CommandId>, StoreError> {
        self.find_commands(filter, page).await
    }

    async fn count_commands(&self, filter: &CommandFilter, cap: u32) -> Result<Count, StoreError> {
        self.count_found_commands(filter, cap).await
    }

    async fn search_processes(
        &self,
        filter: &ProcessFilter,
        page: Page<ProcessId>,
    ) -> Result<Listing<ProcessMetadata, ProcessId>, StoreError> {
        self.find_processes(filter, page).await
    }

    async fn search_batches(
        &self,
        filter: &BatchFilter,
        page: Page<BatchCursor>,
    ) -> Result<Listing<BatchMetadata, BatchCursor>, StoreError> {
        self.list_batches(filter, page).await
    }

    async fn batches_of_id(&self, id: BatchId) -> Result<Vec<BatchMetadata>, StoreError> {
        self.find_batches_of_id(id).await
    }

    async fn commands_of_id(&self, id: CommandId) -> Result<Vec<CommandMetadata>, StoreError> {
        self.find_commands_of_id(id).await
    }

    async fn search_audit(
        &self,
        filter: &AuditFilter,
        page: Page<i64>,
    ) -> Result<Listing<AuditEvent, i64>, StoreError> {
        self.find_audit(filter, page).await
    }

    async fn payload(&self, domain: &Domain, id: CommandId) -> Result<Option<Value>, StoreError> {
        self.find_payload(domain, id).await
    }

    async fn recount_batch(&self, domain: &Domain, id: BatchId) -> Result<(), StoreError> {
        self.ready().await?;
        sqlx::query("select from commandbus.sp_refresh_batch_stats($1, $2)")
            .bind(domain.as_str())
            .bind(id.as_uuid())
            .call(&self.pool)
            .await?;
        Ok(())
    }

    async fn begin_operation(&self, operation: &NewOperation) -> Result<Operation, StoreError> {
        self.record_operation(operation).await
    }

    async fn advance_operation(&self, id: OperationId, limit: u32) -> Result<Option<Operation>, StoreError> {
        self.go_on_with_operation(id, limit).await
    }

    async fn cancel_operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.end_operation(id).await
    }

    async fn operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.find_operation(id).await
    }

    async fn operations(&self, page: Page<OperationId>) -> Result<Listing<Operation, OperationId>, StoreError> {
        self.list_operations(page).await
    }

    async fn versions(&self) -> Result<Versions, StoreError> {
        self.look_at_versions().await
    }

    async fn queues(&self, cap: u32) -> Result<Vec<QueueOverview>, StoreError> {
        self.look_at_queues(cap).await
    }

    async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        self.list_workers().await
    }

    async fn beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        self.record_beat(beat).await
    }

    async fn leave(&self, worker: Uuid) -> Result<(), StoreError> {
        sqlx::query("delete from commandbus.worker where worker_id = $1").bind(worker).call(&self.engine).await?;
        Ok(())
    }

    async fn throughput(&self, minutes: u32) -> Result<Vec<Throughput>, StoreError> {
        self.look_at_throughput(minutes).await
    }

    async fn latency(&self) -> Result<Vec<Latency>, StoreError> {
        self.look_at_latency().await
    }

    async fn diagnose(&self) -> Result<Vec<Fault>, StoreError> {
        self.look_for_faults().await
    }

    async fn prune(&self, chunk: &PruneChunk) -> Result<(Pruned, Option<String>), StoreError> {
        self.prune_chunk(chunk).await
    }
}
