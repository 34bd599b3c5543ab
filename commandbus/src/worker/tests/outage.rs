//! A database that goes away and comes back.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use super::*;
use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, Reply},
    store::{
        BatchWriter, Canceled, CommandFilter, NewBatch, OperatorAction, Page, Parked, ParkedFilter, ParkedGroup,
        Received, Resolution, SettledGroup, Settlement, Token, Wake,
    },
};

/// The store in memory behind a connection that can be cut.
#[derive(Debug)]
struct Cut {
    memory: Arc<MemoryStore>,
    cut: AtomicBool,
    receives: AtomicUsize,
}

impl Cut {
    fn set(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    fn through(&self) -> Result<&MemoryStore, StoreError> {
        if self.cut.load(Ordering::SeqCst) { Err(sqlx::Error::PoolClosed.into()) } else { Ok(&self.memory) }
    }
}

#[rustfmt::skip]
#[async_trait]
impl Store for Cut {
    async fn ensure_queues(&self, domain: &Domain, others: &[String]) -> Result<(), StoreError> { self.through()?.ensure_queues(domain, others).await }
    async fn send(&self, domain: &Domain, commands: &[NewCommand]) -> Result<Vec<Acceptance>, StoreError> { self.through()?.send(domain, commands).await }
    async fn send_all(&self, domain: &Domain, commands: &[NewCommand]) -> Result<Result<(), Vec<CommandId>>, StoreError> { self.through()?.send_all(domain, commands).await }
    async fn begin_batch<'a>(&'a self, batch: NewBatch) -> Result<Box<dyn BatchWriter + 'a>, StoreError> { self.through()?.begin_batch(batch).await }
    async fn receive(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<Received, StoreError> {
        self.receives.fetch_add(1, Ordering::SeqCst);
        self.through()?.receive(domain, limit, lease).await
    }
    async fn settle(&self, domain: &Domain, settlements: &[Settlement]) -> Result<SettledGroup, StoreError> { self.through()?.settle(domain, settlements).await }
    async fn renew(&self, domain: &Domain, deliveries: &[Token], lease: Duration) -> Result<Vec<bool>, StoreError> { self.through()?.renew(domain, deliveries, lease).await }
    async fn fold_batches(&self, domain: &Domain) -> Result<usize, StoreError> { self.through()?.fold_batches(domain).await }
    async fn cancel(&self, domain: &Domain, ids: &[CommandId], by: &str, reason: &str) -> Result<Vec<Canceled>, StoreError> { self.through()?.cancel(domain, ids, by, reason).await }
    async fn cancel_rest(&self, domain: &Domain, batch: BatchId, by: &str, reason: &str) -> Result<u64, StoreError> { self.through()?.cancel_rest(domain, batch, by, reason).await }
    async fn resolve(&self, domain: &Domain, actions: &[OperatorAction]) -> Result<Vec<Resolution>, StoreError> { self.through()?.resolve(domain, actions).await }
    async fn set_paused(&self, domain: &Domain, batch: Option<BatchId>, paused: bool, by: &str, reason: Option<&str>) -> Result<(), StoreError> { self.through()?.set_paused(domain, batch, paused, by, reason).await }
    async fn command(&self, domain: &Domain, id: CommandId) -> Result<Option<CommandMetadata>, StoreError> { self.through()?.command(domain, id).await }
    async fn commands(&self, filter: &CommandFilter, page: Page<CommandId>) -> Result<Vec<CommandMetadata>, StoreError> { self.through()?.commands(filter, page).await }
    async fn replies(&self, domain: &Domain, ids: &[CommandId]) -> Result<Vec<Reply>, StoreError> { self.through()?.replies(domain, ids).await }
    async fn audit(&self, domain: &Domain, subject: Uuid) -> Result<Vec<AuditEvent>, StoreError> { self.through()?.audit(domain, subject).await }
    async fn batches(&self, domain: &Domain, ids: &[BatchId]) -> Result<Vec<BatchMetadata>, StoreError> { self.through()?.batches(domain, ids).await }
    async fn parked(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError> { self.through()?.parked(filter, page).await }
    async fn count_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreError> { self.through()?.count_parked(filter).await }
    async fn parked_groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError> { self.through()?.parked_groups(filter).await }
    async fn inventory(&self) -> Result<crate::store::Inventory, StoreError> { self.through()?.inventory().await }
    fn processes(&self) -> &dyn crate::store::ProcessStore {
        self.memory.processes()
    }

    fn admin(&self) -> &dyn crate::store::AdminStore {
        self.memory.admin()
    }

    fn wakes(&self) -> broadcast::Receiver<Wake> { self.memory.wakes() }
    fn watch(&self, wake: &Wake) { self.memory.watch(wake); }
    async fn now(&self) -> Result<DateTime<Utc>, StoreError> { self.through()?.now().await }
    async fn sleep(&self, duration: Duration) { self.memory.sleep(duration).await; }
}

async fn house() -> (House, Arc<Cut>) {
    let memory = Arc::new(MemoryStore::new());
    let cut = Arc::new(Cut { memory: Arc::clone(&memory), cut: AtomicBool::new(false), receives: AtomicUsize::new(0) });
    let store: Arc<dyn Store> = Arc::clone(&cut) as _;
    (House::on(memory, store).await, cut)
}

#[tokio::test(start_paused = true)]
async fn outcomes_survive_an_outage_longer_than_the_lease() {
    let (house, cut) = house().await;
    let mut sent = Vec::new();
    for seconds in 0..40 {
        sent.push(house.send(Act::Take(seconds * 10)).await);
    }
    let worker = AtWork::start(house.worker().concurrency(20));
    house.until_running(20).await;
    cut.set(true);
    until(async || worker.monitor.health().trouble.is_some()).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    let health = worker.monitor.health();
    assert!(!health.is_ready());
    let (error, since) = health.trouble.unwrap();
    assert!(matches!(error, StoreError::Unreachable { .. }));
    assert!(since >= Duration::from_secs(280), "{since:?}");
    cut.set(false);
    for id in &sent {
        let command = house.until_status(*id, CommandStatus::Completed).await;
        assert_eq!(command.delivery, 1, "what was in hand is not run again");
    }
    assert_eq!(house.stage.calls().len(), sent.len());
    assert!(worker.monitor.health().is_ready());
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_waits_for_a_database_that_is_late() {
    let (house, cut) = house().await;
    cut.set(true);
    let id = house.send(Act::Reply(1)).await;
    let worker = AtWork::start(house.worker());
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(worker.monitor.health().trouble.is_some());
    cut.set(false);
    house.until_status(id, CommandStatus::Completed).await;
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_ever_for_a_database_that_is_gone() {
    let (house, cut) = house().await;
    let id = house.send(Act::Wait).await;
    let worker = AtWork::start(house.worker());
    house.until_running(1).await;
    cut.set(true);
    house.stage.gate.add_permits(1);
    house.until_running(0).await;
    let told = tokio::time::Instant::now();
    worker.stop().await;
    assert!(told.elapsed() < Duration::from_secs(90), "{:?}", told.elapsed());
    assert_eq!(house.command(id).await.status, CommandStatus::InProgress, "it comes again when its lease ends");
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_is_asked_once_at_each_poll() {
    let (house, cut) = house().await;
    let worker = AtWork::start(house.worker().concurrency(100).poll_interval(Duration::from_secs(2)));
    // Quick ones, for which it would receive far ahead.
    for n in 0..1_000 {
        house.send(Act::Reply(n)).await;
    }
    until(async || house.stage.calls().len() == 1_000).await;
    let before = cut.receives.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(160)).await;
    let asked = cut.receives.load(Ordering::SeqCst) - before;
    assert!((60..=101).contains(&asked), "asked {asked} times in 80 polls");
    worker.stop().await;
}
