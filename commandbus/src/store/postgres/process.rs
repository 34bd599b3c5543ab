//! Processes.

use std::time::Duration;

use async_trait::async_trait;

use super::PostgresStore;
use crate::{
    error::StoreError,
    message::{BatchId, Domain, ProcessId, ProcessMetadata, SentStep},
    store::{
        Acceptance, Moved, NewBatch, NewProcess, Page, ParkedReply, ParkedReplyVerb, ProcessFilter, ProcessMove,
        ProcessRecord, ProcessStore, ReplyAside, RoutingWork, StrayReply,
    },
};

#[async_trait]
impl ProcessStore for PostgresStore {
    async fn start(
        &self,
        domain: &Domain,
        processes: &[NewProcess],
        batch: Option<BatchId>,
    ) -> Result<Vec<Acceptance>, StoreError> {
        unimplemented!("{domain} {processes:?} {batch:?}")
    }

    async fn create_batch(&self, batch: NewBatch, total: u32) -> Result<(), StoreError> {
        unimplemented!("{batch:?} {total}")
    }

    async fn receive_replies(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<RoutingWork, StoreError> {
        unimplemented!("{domain} {limit} {lease:?}")
    }

    async fn load(&self, domain: &Domain, ids: &[ProcessId]) -> Result<Vec<ProcessRecord>, StoreError> {
        unimplemented!("{domain} {ids:?}")
    }

    async fn advance(&self, domain: &Domain, moves: &[ProcessMove]) -> Result<Vec<Moved>, StoreError> {
        unimplemented!("{domain} {moves:?}")
    }

    async fn set_aside(&self, domain: &Domain, asides: &[ReplyAside]) -> Result<(), StoreError> {
        unimplemented!("{domain} {asides:?}")
    }

    async fn postpone(&self, domain: &Domain, ids: &[ProcessId], by: Duration) -> Result<(), StoreError> {
        unimplemented!("{domain} {ids:?} {by:?}")
    }

    async fn resolve_replies(
        &self,
        domain: &Domain,
        ids: &[i64],
        verb: ParkedReplyVerb,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<Vec<bool>, StoreError> {
        unimplemented!("{domain} {ids:?} {verb:?} {operator} {reason:?}")
    }

    async fn find(&self, domain: &Domain, id: ProcessId) -> Result<Option<ProcessMetadata>, StoreError> {
        unimplemented!("{domain} {id}")
    }

    async fn list(&self, filter: &ProcessFilter, page: Page<ProcessId>) -> Result<Vec<ProcessMetadata>, StoreError> {
        unimplemented!("{filter:?} {page:?}")
    }

    async fn steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError> {
        unimplemented!("{domain} {id}")
    }

    async fn stray_replies(&self, domain: &Domain, id: ProcessId) -> Result<Vec<StrayReply>, StoreError> {
        unimplemented!("{domain} {id}")
    }

    async fn parked_replies(&self, domain: &Domain, page: Page<i64>) -> Result<Vec<ParkedReply>, StoreError> {
        unimplemented!("{domain} {page:?}")
    }
}
