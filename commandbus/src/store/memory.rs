//! The store in memory: the same rules, behind a mutex, on a clock that tests turn.

use std::{
    fmt,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use self::{
    open_batch::OpenBatch,
    state::{State, Transition},
};
use super::{
    Acceptance, AdminStore, BatchWriter, Canceled, CommandFilter, Inventory, NewBatch, NewCommand, OperatorAction,
    Page, Parked, ParkedFilter, ParkedGroup, ProcessStore, Received, Resolution, SettledGroup, Settlement, Store,
    Token, Wake,
};
use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, CommandId, CommandMetadata, Domain, Reply},
};

mod admin;
mod advance;
mod aside;
mod batch;
mod block;
mod clock;
mod create;
mod group;
mod inventory;
mod lookup;
mod open_batch;
mod park;
mod process;
mod queue;
mod receive;
mod reply;
mod resolve;
mod route;
mod send;
mod settle;
mod start;
mod state;

pub use clock::Clock;
pub use queue::Message;
pub use state::{RetriedReply, UndeliveredReply};

/// How many wake-ups a slow listener may fall behind before it is told that it missed some.
const WAKES_KEPT: usize = 1024;

/// A store in memory, for tests and trials: everything is lost with it.
///
/// ```
/// use std::time::Duration;
///
/// use commandbus::{
///     message::Domain,
///     store::{Store, memory::MemoryStore},
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), commandbus::error::StoreError> {
/// let store = MemoryStore::new();
/// let payments = Domain::from_static("payments");
/// store.ensure_queues(&payments, &[]).await?;
/// assert!(store.receive(&payments, 10, Duration::from_secs(30)).await?.deliveries.is_empty());
///
/// // A test does not wait for a backoff to end: it turns the clock.
/// store.clock().advance(Duration::from_secs(600));
/// # Ok(())
/// # }
/// ```
pub struct MemoryStore {
    state: Mutex<State>,
    clock: Clock,
    wakes: broadcast::Sender<Wake>,
}

impl MemoryStore {
    /// An empty store, whose clock shows the time.
    pub fn new() -> Self {
        Self { state: Mutex::default(), clock: Clock::new(), wakes: broadcast::Sender::new(WAKES_KEPT) }
    }

    /// The clock that this store goes by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Puts a message into a queue as another program would, and makes the queue where it is missing.
    pub fn put(&self, queue: &str, body: &Value) -> i64 {
        self.transition(|transition| {
            let now = transition.now;
            let body = serde_json::value::to_raw_value(body).expect("a JSON value is JSON");
            transition.wake(Wake::Queue(queue.to_owned()));
            transition.state.queues.entry(queue.to_owned()).or_default().push(body, None, now, now)
        })
    }

    /// The messages that are in a queue, visible or not.
    pub fn messages(&self, queue: &str) -> Vec<Message> {
        self.state().queues.get(queue).map(|queue| queue.live().cloned().collect()).unwrap_or_default()
    }

    /// The messages of a queue that were archived.
    pub fn archived(&self, queue: &str) -> Vec<Message> {
        self.state().queues.get(queue).map(|queue| queue.archived().cloned().collect()).unwrap_or_default()
    }

    /// The replies whose queues do not exist.
    pub fn undelivered_replies(&self) -> Vec<UndeliveredReply> {
        self.state().undelivered.clone()
    }

    /// The parked replies that operators sent again, in the order they did.
    pub fn retried_replies(&self) -> Vec<RetriedReply> {
        self.state().retried_replies.clone()
    }

    /// The payload as it was sent, of a command whose payload an operator edited.
    pub fn payload_before_edit(&self, domain: &Domain, id: CommandId) -> Option<Value> {
        self.state().payloads_before_edit.get(&(domain.clone(), id)).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a transition panicked half-way, so what is stored cannot be trusted")
    }

    fn transition<T>(&self, change: impl FnOnce(&mut Transition<'_>) -> T) -> T {
        let mut state = self.state();
        let mut transition = Transition { state: &mut state, now: self.clock.now(), wakes: Vec::new() };
        let answer = change(&mut transition);
        let wakes = transition.wakes;
        drop(state);
        for wake in wakes {
            // Fails when nobody listens, which is no fault.
            let _ = self.wakes.send(wake);
        }
        answer
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("clock", &self.clock).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ensure_queues(&self, domain: &Domain, others: &[String]) -> Result<(), StoreError> {
        let mut state = self.state();
        let own = [domain.commands_queue(), domain.replies_queue(), domain.process_replies_queue()];
        for queue in own.iter().chain(others) {
            state.queues.entry(queue.clone()).or_default();
        }
        Ok(())
    }

    async fn send(&self, domain: &Domain, commands: &[NewCommand]) -> Result<Vec<Acceptance>, StoreError> {
        Ok(self.transition(|transition| commands.iter().map(|one| transition.send(domain, one)).collect()))
    }

    async fn send_all(
        &self,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Result<(), Vec<CommandId>>, StoreError> {
        Ok(self.transition(|transition| transition.send_all(domain, commands)))
    }

    async fn begin_batch<'a>(&'a self, batch: NewBatch) -> Result<Box<dyn BatchWriter + 'a>, StoreError> {
        self.transition(|transition| transition.open_batch(&batch))?;
        Ok(Box::new(OpenBatch::new(self, batch)))
    }

    async fn receive(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<Received, StoreError> {
        Ok(self.transition(|transition| transition.receive(domain, limit, lease)))
    }

    async fn settle(&self, domain: &Domain, settlements: &[Settlement]) -> Result<SettledGroup, StoreError> {
        let answers = self.transition(|state| settlements.iter().map(|one| state.settle(domain, one)).collect());
        Ok(SettledGroup { answers, unfolded: false })
    }

    async fn renew(&self, domain: &Domain, deliveries: &[Token], lease: Duration) -> Result<Vec<bool>, StoreError> {
        Ok(self.transition(|transition| deliveries.iter().map(|one| transition.renew(domain, one, lease)).collect()))
    }

    async fn fold_batches(&self, _domain: &Domain) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn cancel(
        &self,
        domain: &Domain,
        ids: &[CommandId],
        by: &str,
        reason: &str,
    ) -> Result<Vec<Canceled>, StoreError> {
        Ok(self.transition(|transition| ids.iter().map(|id| transition.cancel(domain, *id, by, reason)).collect()))
    }

    async fn cancel_rest(&self, domain: &Domain, batch: BatchId, by: &str, reason: &str) -> Result<u64, StoreError> {
        Ok(self.transition(|transition| transition.cancel_rest(domain, batch, by, reason)))
    }

    async fn resolve(&self, domain: &Domain, actions: &[OperatorAction]) -> Result<Vec<Resolution>, StoreError> {
        Ok(self.transition(|transition| actions.iter().map(|one| transition.resolve(domain, one)).collect()))
    }

    async fn set_paused(
        &self,
        domain: &Domain,
        batch: Option<BatchId>,
        paused: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        self.transition(|transition| {
            let has_changed = match batch {
                None => transition.set_domain_paused(domain, paused),
                Some(batch) => transition.set_batch_paused(domain, batch, paused),
            };
            if has_changed {
                transition.record_pause(domain, batch, paused, by, reason);
            }
        });
        Ok(())
    }

    async fn command(&self, domain: &Domain, id: CommandId) -> Result<Option<CommandMetadata>, StoreError> {
        let state = self.state();
        Ok(state.commands.get(&(domain.clone(), id)).map(|command| state.told(command)))
    }

    async fn commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        Ok(self.state().list_commands(filter, page))
    }

    async fn replies(&self, domain: &Domain, ids: &[CommandId]) -> Result<Vec<Reply>, StoreError> {
        Ok(self.state().replies_to(domain, ids))
    }

    async fn audit(&self, domain: &Domain, subject: Uuid) -> Result<Vec<AuditEvent>, StoreError> {
        Ok(self.state().audit.get(&(domain.clone(), subject)).cloned().unwrap_or_default())
    }

    async fn batches(&self, domain: &Domain, ids: &[BatchId]) -> Result<Vec<BatchMetadata>, StoreError> {
        let state = self.state();
        let found = ids.iter().filter_map(|id| state.batches.get(&(domain.clone(), *id)));
        Ok(found.map(|batch| batch.metadata.clone()).collect())
    }

    async fn parked(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError> {
        let state = self.state();
        let found = state.list_parked(filter).into_iter();
        let behind = found.filter(|parked| page.after.is_none_or(|last| parked.parked_id > last));
        Ok(behind.take(page.limit as usize).map(|parked| state.told_parked(parked)).collect())
    }

    async fn count_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreError> {
        Ok(self.state().list_parked(filter).len() as u64)
    }

    async fn parked_groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError> {
        Ok(self.state().group_parked(filter))
    }

    async fn inventory(&self) -> Result<Inventory, StoreError> {
        Ok(self.state().inventory())
    }

    fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.wakes.subscribe()
    }

    /// Here everybody hears everything.
    fn watch(&self, _wake: &Wake) {}

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(self.clock.now())
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    fn processes(&self) -> &dyn ProcessStore {
        self
    }

    fn admin(&self) -> &dyn AdminStore {
        self
    }
}
