//! A store in memory that can be told what goes wrong.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use crate::{
    bus::Bus,
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, Reply},
    store::{
        Acceptance, BatchWriter, Canceled, CommandFilter, NewBatch, NewCommand, OperatorAction, Page, Parked,
        ParkedFilter, ParkedGroup, Received, Resolution, SettledGroup, Settlement, Store, Token, Wake,
        memory::MemoryStore,
    },
};

#[derive(Debug, Default)]
pub(super) struct Faulty {
    pub(super) store: MemoryStore,
    /// Which commands make a send fail, and how.
    pub(super) faults: Mutex<HashMap<CommandId, StoreError>>,
    /// How long a send takes.
    pub(super) commit: Mutex<Duration>,
    /// The sizes of the groups that were sent, in order.
    pub(super) groups: Mutex<Vec<usize>>,
    pub(super) queue_queries: AtomicUsize,
    pub(super) reply_queries: AtomicUsize,
    pub(super) batch_queries: AtomicUsize,
    /// Whether wake-ups get lost.
    pub(super) deaf: bool,
}

impl Faulty {
    pub(super) fn bus(self) -> (Arc<Self>, Bus) {
        let store = Arc::new(self);
        (Arc::clone(&store), Bus::from_store(store))
    }
}

#[async_trait]
impl Store for Faulty {
    async fn ensure_queues(&self, domain: &Domain, others: &[String]) -> Result<(), StoreError> {
        self.queue_queries.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.store.ensure_queues(domain, others).await
    }

    async fn send(&self, domain: &Domain, commands: &[NewCommand]) -> Result<Vec<Acceptance>, StoreError> {
        let commit = *self.commit.lock().unwrap();
        tokio::time::sleep(commit).await;
        let fault = commands.iter().find_map(|command| self.faults.lock().unwrap().get(&command.command_id).cloned());
        if let Some(fault) = fault {
            return Err(fault);
        }
        self.groups.lock().unwrap().push(commands.len());
        self.store.send(domain, commands).await
    }

    async fn send_all(
        &self,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Result<(), Vec<CommandId>>, StoreError> {
        self.store.send_all(domain, commands).await
    }

    async fn begin_batch<'a>(&'a self, batch: NewBatch) -> Result<Box<dyn BatchWriter + 'a>, StoreError> {
        self.store.begin_batch(batch).await
    }

    async fn receive(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<Received, StoreError> {
        self.store.receive(domain, limit, lease).await
    }

    async fn settle(&self, domain: &Domain, settlements: &[Settlement]) -> Result<SettledGroup, StoreError> {
        self.store.settle(domain, settlements).await
    }

    async fn renew(&self, domain: &Domain, deliveries: &[Token], lease: Duration) -> Result<Vec<bool>, StoreError> {
        self.store.renew(domain, deliveries, lease).await
    }

    async fn fold_batches(&self, domain: &Domain) -> Result<usize, StoreError> {
        self.store.fold_batches(domain).await
    }

    async fn cancel(
        &self,
        domain: &Domain,
        ids: &[CommandId],
        by: &str,
        reason: &str,
    ) -> Result<Vec<Canceled>, StoreError> {
        self.store.cancel(domain, ids, by, reason).await
    }

    async fn cancel_rest(&self, domain: &Domain, batch: BatchId, by: &str, reason: &str) -> Result<u64, StoreError> {
        self.store.cancel_rest(domain, batch, by, reason).await
    }

    async fn resolve(&self, domain: &Domain, actions: &[OperatorAction]) -> Result<Vec<Resolution>, StoreError> {
        self.store.resolve(domain, actions).await
    }

    async fn set_paused(
        &self,
        domain: &Domain,
        batch: Option<BatchId>,
        paused: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        self.store.set_paused(domain, batch, paused, by, reason).await
    }

    async fn command(&self, domain: &Domain, id: CommandId) -> Result<Option<CommandMetadata>, StoreError> {
        self.store.command(domain, id).await
    }

    async fn commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        self.store.commands(filter, page).await
    }

    async fn replies(&self, domain: &Domain, ids: &[CommandId]) -> Result<Vec<Reply>, StoreError> {
        self.reply_queries.fetch_add(1, Ordering::Relaxed);
        self.store.replies(domain, ids).await
    }

    async fn audit(&self, domain: &Domain, subject: uuid::Uuid) -> Result<Vec<AuditEvent>, StoreError> {
        self.store.audit(domain, subject).await
    }

    async fn batches(&self, domain: &Domain, ids: &[BatchId]) -> Result<Vec<BatchMetadata>, StoreError> {
        self.batch_queries.fetch_add(1, Ordering::Relaxed);
        self.store.batches(domain, ids).await
    }

    async fn parked(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError> {
        self.store.parked(filter, page).await
    }

    async fn count_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreError> {
        self.store.count_parked(filter).await
    }

    async fn parked_groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError> {
        self.store.parked_groups(filter).await
    }

    async fn inventory(&self) -> Result<crate::store::Inventory, StoreError> {
        self.store.inventory().await
    }

    fn processes(&self) -> &dyn crate::store::ProcessStore {
        self.store.processes()
    }

    fn admin(&self) -> &dyn crate::store::AdminStore {
        self.store.admin()
    }

    fn wakes(&self) -> broadcast::Receiver<Wake> {
        if self.deaf { broadcast::Sender::new(1).subscribe() } else { self.store.wakes() }
    }

    fn watch(&self, wake: &Wake) {
        self.store.watch(wake);
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        self.store.now().await
    }

    async fn sleep(&self, duration: Duration) {
        self.store.sleep(duration).await;
    }
}
