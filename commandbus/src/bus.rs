//! Floor 3: sending commands and batches, and waiting for what became of them.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sqlx::PgPool;

use crate::{
    error::StoreError,
    message::Domain,
    store::{
        Store,
        memory::MemoryStore,
        postgres::{MigrateError, PostgresStore},
    },
};

pub(crate) mod batch;
mod completion;
mod connecting;
mod error;
mod group_commit;
mod many;
mod outgoing;
mod queues;
mod replies;
mod reply;
mod sending;
mod sent;
mod untyped;

#[cfg(test)]
mod tests;

pub(crate) use batch::Plan;
pub use batch::{
    Batch, BatchBuilder, BatchError, BatchItem, BatchKind, BatchMember, BatchSending, CallbackFuture, CallbackOutput,
    Empty, Filled, HasCommands, IntoMember, OnAnyThread, Progress, UncommittedBatch, WaitForBatch,
};
pub use connecting::BusBuilder;
pub use error::{SendError, SendManyError};
pub use many::SendingMany;
pub(crate) use outgoing::seal_command;
pub use outgoing::{IntoCommand, WithId};
pub use reply::{PendingReply, ReplyError};
pub use sending::{CommandExt, Sending};
pub use sent::{Sent, Uncommitted};
pub use untyped::UntypedCommand;

/// The entry to everything: sends commands, creates batches, asks, and is what workers and operators hold.
///
/// Cheap to clone; clones share connections. A bus starts no task by itself: it spawns some on the runtime of the
/// caller while something is being sent or waited for, and they end when that is over. So one bus may be used from
/// several runtimes, one after the other or at once.
///
/// ```
/// # use commandbus::prelude::*;
/// # #[command(domain = "parcels", reply = u32)]
/// # #[derive(Debug, Serialize, Deserialize)]
/// # struct PrintLabel { order: u32 }
/// # async fn example(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::connect("postgres://app@db.internal/app").await?; // or `Bus::new(pool)`, or `Bus::in_memory()` in tests
/// bus.migrate().await?;
///
/// let number = PrintLabel { order: 7 }.send(&bus).await?.reply().await?;
/// let parked = bus.troubleshooting().count(&Default::default()).await?;
/// # let _: (u32, u64) = (number, parked);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

/// What the clones of a bus share.
struct Inner {
    store: Arc<dyn Store>,
    queues: queues::Queues,
    sends: group_commit::GroupCommit,
    replies: replies::Replies,
    completion: completion::Completion,
}

impl Bus {
    /// Connects to PostgreSQL, as in `postgres://user@localhost/database`, with a pool of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] when the URL is malformed or nobody answers there; [`StoreError::NoTls`] when TLS is
    /// wanted, and this program was built without.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// Chooses how to connect: how many connections, through a pooler, past one.
    pub fn builder(url: impl Into<String>) -> BusBuilder {
        BusBuilder::new(url.into())
    }

    /// A bus on a pool that the program has already.
    pub fn new(pool: PgPool) -> Self {
        Self::from_store(Arc::new(PostgresStore::new(pool)))
    }

    /// A bus without a database, for unit tests: the same rules, on a clock that tests turn, lost when it is dropped.
    pub fn in_memory() -> Self {
        Self::from_store(Arc::new(MemoryStore::new()))
    }

    /// A bus on a store of one's own making.
    pub fn from_store(store: Arc<dyn Store>) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                queues: queues::Queues::default(),
                sends: group_commit::GroupCommit::default(),
                replies: replies::Replies::default(),
                completion: completion::Completion::default(),
            }),
        }
    }

    /// Brings the database to this library's schema, PGMQ included where it is missing. Safe to call at every start, from
    /// any number of processes at once. A bus in memory has nothing to migrate.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; nothing was changed then.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        match self.store().as_postgres() {
            Some(postgres) => postgres.migrate().await,
            None => Ok(()),
        }
    }

    /// The store behind the bus.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// Makes the queues of a domain where this bus does not know that they exist.
    pub(crate) async fn ensure_queues(&self, domain: &Domain) -> Result<(), StoreError> {
        self.inner.ensure_queues(domain, None).await
    }

    /// The store for what only PostgreSQL can do.
    pub(crate) fn postgres(&self) -> Result<&PostgresStore, StoreError> {
        self.store()
            .as_postgres()
            .ok_or(StoreError::Unsupported("`.within` needs a bus on PostgreSQL; this one is in memory"))
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

/// Locks what no panic can leave half-changed, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
