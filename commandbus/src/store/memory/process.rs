//! The store of processes: each transition of them by the name of what it does.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;

use super::MemoryStore;
use crate::{
    error::StoreError,
    message::{BatchId, Domain, ProcessId, ProcessMetadata, SentStep},
    store::{
        Acceptance, Moved, NewBatch, NewProcess, Page, ParkedReply, ProcessFilter, ProcessMove, ProcessRecord,
        ProcessStore, ReplyAside, RoutingWork, StrayReply,
    },
};

#[async_trait]
impl ProcessStore for MemoryStore {
    async fn start(
        &self,
        domain: &Domain,
        processes: &[NewProcess],
        batch: Option<BatchId>,
    ) -> Result<Vec<Acceptance>, StoreError> {
        self.transition(|transition| transition.start_processes(domain, processes, batch))
    }

    async fn create_batch(&self, batch: NewBatch, total: u32) -> Result<(), StoreError> {
        self.transition(|transition| transition.create_process_batch(batch, total))
    }

    async fn receive_replies(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<RoutingWork, StoreError> {
        Ok(self.transition(|transition| transition.receive_replies(domain, limit, lease)))
    }

    async fn load(&self, domain: &Domain, ids: &[ProcessId]) -> Result<Vec<ProcessRecord>, StoreError> {
        let (state, now) = (self.state(), self.clock.now());
        let found = ids.iter().filter_map(|id| state.processes.get(&(domain.clone(), *id)));
        Ok(found.map(|process| process.record(now)).collect())
    }

    async fn advance(&self, domain: &Domain, moves: &[ProcessMove]) -> Result<Vec<Moved>, StoreError> {
        self.transition(|transition| transition.advance(domain, moves))
    }

    async fn set_aside(&self, domain: &Domain, asides: &[ReplyAside]) -> Result<(), StoreError> {
        self.transition(|transition| asides.iter().for_each(|aside| transition.set_aside(domain, aside)));
        Ok(())
    }

    async fn postpone(&self, domain: &Domain, ids: &[ProcessId], by: Duration) -> Result<(), StoreError> {
        self.transition(|transition| transition.postpone(domain, ids, by));
        Ok(())
    }

    async fn retry_replies(
        &self,
        domain: &Domain,
        ids: &[i64],
        result: Option<&RawValue>,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<Vec<bool>, StoreError> {
        Ok(self.transition(|transition| {
            ids.iter().map(|id| transition.retry_reply(domain, *id, result, operator, reason)).collect()
        }))
    }

    async fn find(&self, domain: &Domain, id: ProcessId) -> Result<Option<ProcessMetadata>, StoreError> {
        Ok(self.state().processes.get(&(domain.clone(), id)).map(|process| process.metadata.clone()))
    }

    async fn list(&self, filter: &ProcessFilter, page: Page<ProcessId>) -> Result<Vec<ProcessMetadata>, StoreError> {
        Ok(self.state().list_processes(filter, page))
    }

    async fn steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError> {
        let state = self.state();
        let process = state.processes.get(&(domain.clone(), id));
        Ok(process.map(|process| process.steps.clone()).unwrap_or_default())
    }

    async fn stray_replies(&self, domain: &Domain, id: ProcessId) -> Result<Vec<StrayReply>, StoreError> {
        Ok(self.state().strays_of(domain, id))
    }

    async fn parked_replies(&self, domain: &Domain, page: Page<i64>) -> Result<Vec<ParkedReply>, StoreError> {
        Ok(self.state().list_parked_replies(domain, page))
    }
}
