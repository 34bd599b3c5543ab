//! What operators look at and keep in order.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::MemoryStore;
use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, ProcessId, ProcessMetadata},
    store::{
        AdminStore, AuditFilter, BatchCursor, BatchFilter, CommandFilter, Count, Fault, Latency, Listing, NewOperation,
        Operation, OperationId, Page, ProcessFilter, PruneChunk, Pruned, QueueOverview, Throughput, Versions,
        WorkerBeat, WorkerRecord, postgres::NEWEST_MIGRATION,
    },
};

mod look;
mod operation;
mod prune;
mod search;

#[async_trait]
impl AdminStore for MemoryStore {
    async fn search_commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Listing<CommandMetadata, CommandId>, StoreError> {
        let items = self.state().list_commands(filter, page);
        Ok(paged(items, page.limit, |last| last.command_id))
    }

    async fn count_commands(&self, filter: &CommandFilter, cap: u32) -> Result<Count, StoreError> {
        let found = self.state().list_commands(filter, Page::first(cap.saturating_add(1))).len() as u64;
        let cap = u64::from(cap);
        Ok(Count { count: found.min(cap), is_capped: found > cap })
    }

    async fn search_processes(
        &self,
        filter: &ProcessFilter,
        page: Page<ProcessId>,
    ) -> Result<Listing<ProcessMetadata, ProcessId>, StoreError> {
        let items = self.state().list_processes(filter, page);
        Ok(paged(items, page.limit, |last| last.process_id))
    }

    async fn search_batches(
        &self,
        filter: &BatchFilter,
        page: Page<BatchCursor>,
    ) -> Result<Listing<BatchMetadata, BatchCursor>, StoreError> {
        let items = self.state().list_batches(filter, page);
        Ok(paged(items, page.limit, search::cursor))
    }

    async fn batches_of_id(&self, id: BatchId) -> Result<Vec<BatchMetadata>, StoreError> {
        let state = self.state();
        let found = state.batches.values().map(|batch| &batch.metadata).filter(|batch| batch.batch_id == id);
        Ok(found.cloned().collect())
    }

    async fn commands_of_id(&self, id: CommandId) -> Result<Vec<CommandMetadata>, StoreError> {
        let state = self.state();
        let found = state.commands.values().filter(|command| command.command_id == id);
        Ok(found.map(|command| state.told(command)).collect())
    }

    async fn search_audit(
        &self,
        filter: &AuditFilter,
        page: Page<i64>,
    ) -> Result<Listing<AuditEvent, i64>, StoreError> {
        let items = self.state().list_audit(filter, page);
        Ok(paged(items, page.limit, |last| last.audit_id))
    }

    async fn payload(&self, domain: &Domain, id: CommandId) -> Result<Option<Value>, StoreError> {
        Ok(self.state().payload_of(domain, id))
    }

    /// What is counted here is what is there.
    async fn recount_batch(&self, _domain: &Domain, _id: BatchId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn begin_operation(&self, operation: &NewOperation) -> Result<Operation, StoreError> {
        Ok(self.transition(|transition| transition.begin_operation(operation)))
    }

    async fn advance_operation(&self, id: OperationId, limit: u32) -> Result<Option<Operation>, StoreError> {
        Ok(self.transition(|transition| transition.advance_operation(id, limit)))
    }

    async fn cancel_operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        Ok(self.transition(|transition| transition.cancel_operation(id)))
    }

    async fn operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        Ok(self.state().operations.get(&id).map(|open| open.operation.clone()))
    }

    async fn operations(&self, page: Page<OperationId>) -> Result<Listing<Operation, OperationId>, StoreError> {
        let state = self.state();
        let newest = state.operations.values().rev().map(|open| &open.operation);
        let behind = newest.filter(|operation| page.after.is_none_or(|last| operation.operation_id < last));
        let items = behind.take(page.limit as usize).cloned().collect();
        Ok(paged(items, page.limit, |last: &Operation| last.operation_id))
    }

    async fn versions(&self) -> Result<Versions, StoreError> {
        Ok(Versions {
            database: "in memory".to_owned(),
            pgmq: None,
            schema: None,
            schema_of_library: NEWEST_MIGRATION,
            library: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    async fn queues(&self, cap: u32) -> Result<Vec<QueueOverview>, StoreError> {
        Ok(self.transition(|transition| transition.look_at_queues(cap)))
    }

    async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        Ok(self.transition(|transition| transition.list_workers()))
    }

    async fn beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        self.transition(|transition| transition.beat(beat));
        Ok(())
    }

    async fn leave(&self, worker: Uuid) -> Result<(), StoreError> {
        self.transition(|transition| transition.state.workers.remove(&worker));
        Ok(())
    }

    async fn throughput(&self, minutes: u32) -> Result<Vec<Throughput>, StoreError> {
        Ok(self.transition(|transition| transition.look_at_throughput(minutes)))
    }

    async fn latency(&self) -> Result<Vec<Latency>, StoreError> {
        Ok(self.state().look_at_latency())
    }

    /// Nobody writes here past the rules.
    async fn diagnose(&self) -> Result<Vec<Fault>, StoreError> {
        Ok(Vec::new())
    }

    async fn prune(&self, chunk: &PruneChunk) -> Result<(Pruned, Option<String>), StoreError> {
        Ok((self.transition(|transition| transition.prune(chunk)), None))
    }
}

fn paged<T, K>(items: Vec<T>, limit: u32, key: impl FnOnce(&T) -> K) -> Listing<T, K> {
    let next = items.last().filter(|_| items.len() >= limit as usize).map(key);
    Listing { items, next }
}
