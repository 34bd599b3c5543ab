//! A bus for calling handlers by hand. Behind it there is nothing: a handler is called without touching the store,
//! unless it asks for its lease.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use commandbus::{
    bus::Bus,
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, Reply},
    store::*,
};
use tokio::sync::broadcast;

#[derive(Debug, Default)]
pub(crate) struct NoStore {
    pub(crate) lease_is_lost: AtomicBool,
}

pub(crate) fn bus() -> Bus {
    Bus::from_store(Arc::new(NoStore::default()))
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for NoStore {
    async fn renew(&self, _: &Domain, deliveries: &[Token], _: Duration) -> Answer<Vec<bool>> {
        Ok(vec![!self.lease_is_lost.load(Ordering::Relaxed); deliveries.len()])
    }
    async fn ensure_queues(&self, _: &Domain, _: &[String]) -> Answer<()> {
        unreachable!()
    }
    async fn send(&self, _: &Domain, _: &[NewCommand]) -> Answer<Vec<Acceptance>> {
        unreachable!()
    }
    async fn send_all(&self, _: &Domain, _: &[NewCommand]) -> Answer<Result<(), Vec<CommandId>>> {
        unreachable!()
    }
    async fn begin_batch<'a>(&'a self, _: NewBatch) -> Answer<Box<dyn BatchWriter + 'a>> {
        unreachable!()
    }
    async fn receive(&self, _: &Domain, _: usize, _: Duration) -> Answer<Received> {
        unreachable!()
    }
    async fn settle(&self, _: &Domain, _: &[Settlement]) -> Answer<Vec<Settled>> {
        unreachable!()
    }
    async fn fold_batches(&self, _: &Domain) -> Answer<usize> {
        unreachable!()
    }
    async fn cancel(&self, _: &Domain, _: &[CommandId], _: &str, _: &str) -> Answer<Vec<Canceled>> {
        unreachable!()
    }
    async fn cancel_rest(&self, _: &Domain, _: BatchId, _: &str, _: &str) -> Answer<u64> {
        unreachable!()
    }
    async fn resolve(&self, _: &Domain, _: &[OperatorAction]) -> Answer<Vec<Resolution>> {
        unreachable!()
    }
    async fn set_paused(&self, _: &Domain, _: Option<BatchId>, _: bool) -> Answer<()> {
        unreachable!()
    }
    async fn command(&self, _: &Domain, _: CommandId) -> Answer<Option<CommandMetadata>> {
        unreachable!()
    }
    async fn commands(&self, _: &CommandFilter, _: Page<CommandId>) -> Answer<Vec<CommandMetadata>> {
        unreachable!()
    }
    async fn replies(&self, _: &Domain, _: &[CommandId]) -> Answer<Vec<Reply>> {
        unreachable!()
    }
    async fn audit(&self, _: &Domain, _: uuid::Uuid) -> Answer<Vec<AuditEvent>> {
        unreachable!()
    }
    async fn batches(&self, _: &Domain, _: &[BatchId]) -> Answer<Vec<BatchMetadata>> {
        unreachable!()
    }
    async fn parked(&self, _: &ParkedFilter, _: Page<i64>) -> Answer<Vec<Parked>> {
        unreachable!()
    }
    async fn count_parked(&self, _: &ParkedFilter) -> Answer<u64> {
        unreachable!()
    }
    async fn parked_groups(&self, _: &ParkedFilter) -> Answer<Vec<ParkedGroup>> {
        unreachable!()
    }
    fn wakes(&self) -> broadcast::Receiver<Wake> {
        unreachable!()
    }
    fn watch(&self, _: &Wake) {
        unreachable!()
    }
    async fn now(&self) -> Answer<DateTime<Utc>> {
        unreachable!()
    }
    async fn sleep(&self, _: Duration) {
        unreachable!()
    }
}
