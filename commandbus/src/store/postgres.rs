//! The store on PostgreSQL: every transition is one procedure of `migrations/`, called once for a group.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::{
    PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::{OnceCell, broadcast};
use uuid::Uuid;

use self::{
    access::Access,
    connections::{Call, Connections},
    spares::{Keeping, Spares},
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

mod access;
mod admin;
mod ask;
mod batch;
mod connections;
mod copy;
mod handler_transaction;
mod inventory;
mod listen;
mod low_water;
mod migrate;
mod notify;
mod operate;
mod process;
mod release;
mod roles;
mod send;
mod settle;
mod spares;
mod within;
mod work;

pub use connections::StoreOptions;
pub(crate) use connections::through_pooler;
pub use handler_transaction::HandlerTransaction;
pub(super) use migrate::NEWEST as NEWEST_MIGRATION;
pub use migrate::{MigrateError, migrate, migration_sql};
pub use release::with_release_check;

/// Connections that the engine keeps for receiving, settling and renewing, so that handlers which use up the caller's
/// pool cannot starve them. Opened when needed, closed when idle.
const ENGINE_CONNECTIONS: u32 = 6;

/// How long an idle connection of the engine stays open.
const ENGINE_IDLE: Duration = Duration::from_secs(60);

/// How long connections of the engine stay out of their pool while they are used; a poll takes the one of the last poll.
const KEPT_OF_THE_ENGINE: Duration = Duration::from_secs(60);

/// The same of the caller's pool; somebody who comes when all of them are in use waits no longer than this for one of them.
const KEPT_OF_THE_CALLER: Duration = Duration::from_millis(100);

/// The store on PostgreSQL and PGMQ.
///
/// ```
/// use std::time::Duration;
///
/// use commandbus::{bus::Bus, store::postgres::with_release_check};
/// use sqlx::postgres::PgPoolOptions;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // The pool is yours, and so are its options: a connection for each handler with a `Tx` that runs, and some for the rest.
/// let pool = with_release_check(PgPoolOptions::new())
///     .max_connections(60)
///     .acquire_timeout(Duration::from_secs(5))
///     .connect("postgres://app@db.internal/app")
///     .await?;
/// let bus = Bus::new(pool);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PostgresStore {
    /// The caller's: sending, asking, and the transactions of handlers.
    pool: Connections,
    /// Of the caller's, too: what handlers write in.
    handlers: Arc<Spares<Transaction<'static, Postgres>>>,
    /// Ours: receiving, settling, renewing.
    engine: Connections,
    /// The way past a pooler.
    direct: Option<PgConnectOptions>,
    compatible: OnceCell<Access>,
    known_queues: Mutex<HashSet<String>>,
    low_water: low_water::LowWater,
    wakes: listen::Listener,
    notifications: Arc<notify::Throttle>,
    /// Until it is refused, batches are written by COPY.
    may_copy: Arc<AtomicBool>,
}

impl PostgresStore {
    /// A store on the caller's pool. Connects when first needed.
    pub fn new(pool: PgPool) -> Self {
        Self::with_options(pool, StoreOptions::default())
    }

    /// A store on the caller's pool, behind a pooler for instance.
    ///
    /// With [`StoreOptions::transaction_pooler`] the options of the pool's connections are changed to what such a pooler
    /// takes; that concerns connections that are opened from now on.
    pub fn with_options(pool: PgPool, options: StoreOptions) -> Self {
        let StoreOptions { transaction_pooler, direct } = options;
        let pool = Connections::new(pool, Keeping::Shared(KEPT_OF_THE_CALLER), transaction_pooler);
        let options = pool.pool().connect_options().as_ref().clone();
        let engine = release::with_release_check(PgPoolOptions::new())
            .max_connections(ENGINE_CONNECTIONS)
            .idle_timeout(ENGINE_IDLE)
            // A dead connection shows in the call itself, which is made again; a ping before each would double them.
            .test_before_acquire(false)
            .acquire_timeout(pool.pool().options().get_acquire_timeout())
            .connect_lazy_with(options.clone());
        Self {
            handlers: Arc::new(Spares::new(pool.pool().clone(), Keeping::Shared(KEPT_OF_THE_CALLER))),
            wakes: listen::Listener::new(direct.clone().or((!transaction_pooler).then_some(options))),
            pool,
            engine: Connections::new(engine, Keeping::Own(KEPT_OF_THE_ENGINE), transaction_pooler),
            direct,
            compatible: OnceCell::new(),
            known_queues: Mutex::default(),
            low_water: low_water::LowWater::default(),
            notifications: Arc::default(),
            may_copy: Arc::new(AtomicBool::new(true)),
        }
    }

    /// The caller's pool.
    pub fn pool(&self) -> &PgPool {
        self.pool.pool()
    }

    /// Brings the database to this library's schema, as [`migrate()`] does; past the pooler, if a way past it is known.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; nothing was changed then.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        match &self.direct {
            Some(direct) => {
                let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(direct.clone());
                migrate(&pool).await
            }
            None => migrate(self.pool()).await,
        }
    }

    /// Refuses a database whose schema this library does not fit; asked once.
    async fn ready(&self) -> Result<Access, StoreError> {
        self.compatible.get_or_try_init(|| migrate::check_version(&self.pool)).await.copied()
    }

    /// Makes queues that are missing and remembers them.
    async fn ensure(&self, domain: &Domain, queues: impl IntoIterator<Item = String>) -> Result<(), StoreError> {
        for queue in queues {
            if self.known_queues.lock().unwrap_or_else(PoisonError::into_inner).contains(&queue) {
                continue;
            }
            let missing = || StoreError::QueueMissing { queue: queue.clone(), domain: domain.to_string() };
            if self.ready().await?.writes {
                let made = sqlx::query("select commandbus.ensure_queue($1)").bind(&queue).call(&self.pool).await;
                made.map_err(|error| match StoreError::from(error) {
                    StoreError::NotPermitted { .. } => missing(),
                    other => other,
                })?;
            } else {
                let absent: Option<String> = sqlx::query_scalar("select commandbus.sender_missing_queue($1, $2)")
                    .bind(domain.as_str())
                    .bind([queue.as_str()])
                    .call_one(&self.pool)
                    .await?;
                if absent.is_some() {
                    return Err(missing());
                }
            }
            self.known_queues.lock().unwrap_or_else(PoisonError::into_inner).insert(queue);
        }
        Ok(())
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn ensure_queues(&self, domain: &Domain, others: &[String]) -> Result<(), StoreError> {
        let own = [domain.commands_queue(), domain.replies_queue(), domain.process_replies_queue()];
        self.ensure(domain, own.into_iter().chain(others.iter().cloned())).await
    }

    async fn send(&self, domain: &Domain, commands: &[NewCommand]) -> Result<Vec<Acceptance>, StoreError> {
        self.send_group(domain, commands).await
    }

    async fn send_all(
        &self,
        domain: &Domain,
        commands: &[NewCommand],
    ) -> Result<Result<(), Vec<CommandId>>, StoreError> {
        self.send_all_or_none(domain, commands).await
    }

    async fn begin_batch<'a>(&'a self, batch: NewBatch) -> Result<Box<dyn BatchWriter + 'a>, StoreError> {
        self.ensure_batch_queues(&batch).await?;
        Ok(Box::new(batch::Writer::begin(self, batch).await?))
    }

    async fn may_have_work(&self, domain: &Domain) -> bool {
        self.look_for_work(domain).await.unwrap_or(true)
    }

    async fn receive(&self, domain: &Domain, limit: usize, lease: Duration) -> Result<Received, StoreError> {
        self.receive_commands(domain, limit, lease).await
    }

    async fn settle(&self, domain: &Domain, settlements: &[Settlement]) -> Result<SettledGroup, StoreError> {
        self.settle_group(domain, settlements).await
    }

    async fn renew(&self, domain: &Domain, deliveries: &[Token], lease: Duration) -> Result<Vec<bool>, StoreError> {
        self.renew_leases(domain, deliveries, lease).await
    }

    async fn fold_batches(&self, domain: &Domain) -> Result<usize, StoreError> {
        self.fold(domain).await
    }

    async fn cancel(
        &self,
        domain: &Domain,
        ids: &[CommandId],
        by: &str,
        reason: &str,
    ) -> Result<Vec<Canceled>, StoreError> {
        self.cancel_commands(domain, ids, by, reason).await
    }

    async fn cancel_rest(&self, domain: &Domain, batch: BatchId, by: &str, reason: &str) -> Result<u64, StoreError> {
        self.cancel_rest_of(domain, batch, by, reason).await
    }

    async fn resolve(&self, domain: &Domain, actions: &[OperatorAction]) -> Result<Vec<Resolution>, StoreError> {
        self.resolve_parked(domain, actions).await
    }

    async fn set_paused(
        &self,
        domain: &Domain,
        batch: Option<BatchId>,
        paused: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        self.ensure(domain, [domain.commands_queue()]).await?;
        sqlx::query("select commandbus.set_paused($1, $2, $3, $4, $5)")
            .bind(domain.as_str())
            .bind(batch.map(|id| id.as_uuid()))
            .bind(paused)
            .bind(by)
            .bind(reason)
            .call(&self.pool)
            .await?;
        Ok(())
    }

    async fn command(&self, domain: &Domain, id: CommandId) -> Result<Option<CommandMetadata>, StoreError> {
        self.find_command(domain, id).await
    }

    async fn commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        self.list_commands(filter, page).await
    }

    async fn replies(&self, domain: &Domain, ids: &[CommandId]) -> Result<Vec<Reply>, StoreError> {
        self.find_replies(domain, ids).await
    }

    async fn audit(&self, domain: &Domain, subject: Uuid) -> Result<Vec<AuditEvent>, StoreError> {
        self.list_audit(domain, subject).await
    }

    async fn batches(&self, domain: &Domain, ids: &[BatchId]) -> Result<Vec<BatchMetadata>, StoreError> {
        self.find_batches(domain, ids).await
    }

    async fn parked(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError> {
        self.list_parked(filter, page).await
    }

    async fn count_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreError> {
        self.count_of_parked(filter).await
    }

    async fn parked_groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError> {
        self.list_parked_groups(filter).await
    }

    async fn inventory(&self) -> Result<Inventory, StoreError> {
        self.take_inventory().await
    }

    fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.wakes.subscribe()
    }

    fn watch(&self, wake: &Wake) {
        self.wakes.watch(wake);
    }

    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        Ok(sqlx::query_scalar("select clock_timestamp()").call_one(&self.pool).await?)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn processes(&self) -> &dyn ProcessStore {
        self
    }

    fn admin(&self) -> &dyn AdminStore {
        self
    }

    fn as_postgres(&self) -> Option<&PostgresStore> {
        Some(self)
    }
}

/// A duration as the procedures take it.
fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A lease as PGMQ takes it, in whole seconds; never shorter than asked for.
fn lease_seconds(lease: Duration) -> i32 {
    i32::try_from(lease.as_millis().div_ceil(1000).max(1)).unwrap_or(i32::MAX)
}
