//! Floor 5: what receives commands, calls their handlers, and records how it went.
//!
//! ```text
//! intake ──▶ hand ──▶ execution ──▶ settlement ──▶ outbox ──▶ settling
//!            └─ lease: renews everything in hand                └─▶ room in the hand
//! ```
//!
//! Everything that touches the store does so for a group. The intake asks for what there is room for, runners take from
//! the hand, outcomes gather in the outbox while earlier ones are written.

use std::sync::Arc;

use crate::{bus::Bus, error::StoreError, message::Domain};

mod builder;
mod cleaning;
mod companion;
mod engine;
mod execution;
mod folding;
mod hand;
mod health;
mod heartbeat;
mod intake;
mod lease;
mod life;
mod outbox;
mod pace;
mod settlement;
mod settling;
#[cfg(test)]
mod tests;
mod transactional;

pub use builder::{BuildError, WorkerBuilder};
pub(crate) use companion::{Companion, CompanionCall};
pub use health::{WorkerHealth, WorkerMonitor, WorkerPhase};
pub(crate) use intake::{next_wake, pauses};

/// Handles the commands of one domain.
///
/// ```no_run
/// # async fn serve(bus: commandbus::bus::Bus) -> Result<(), Box<dyn std::error::Error>> {
/// use commandbus::worker::Worker;
///
/// #[derive(Clone)]
/// struct Ledger;
///
/// let worker = Worker::new(&bus, "payments")
///     .provide(Ledger) // `State<Ledger>` in handlers
///     .concurrency(50)
///     .build()?;
/// worker.run_until(async { /* a signal */ }).await?;
/// # Ok(())
/// # }
/// ```
///
/// Several workers of a domain, in one process or many, share its commands. Where processes of the domain are linked into
/// the binary, the worker routes their replies, too.
#[derive(Debug)]
#[must_use = "a worker does nothing until it runs"]
pub struct Worker {
    engine: Arc<engine::Engine>,
}

impl Worker {
    /// Describes a worker for a domain; [`build`](WorkerBuilder::build) makes it.
    #[expect(clippy::new_ret_no_self, reason = "a worker is described before it is made")]
    pub fn new(bus: &Bus, domain: impl Into<String>) -> WorkerBuilder {
        WorkerBuilder::new(bus.clone(), domain.into())
    }

    /// The domain whose commands it handles.
    pub fn domain(&self) -> &Domain {
        &self.engine.domain
    }

    /// What to ask for its health while it runs.
    pub fn monitor(&self) -> WorkerMonitor {
        self.engine.monitor()
    }

    /// Runs until the returned future is dropped; what is in hand then comes again when its lease ends. Prefer
    /// [`run_until`](Self::run_until), which ends in order.
    ///
    /// # Errors
    ///
    /// Those of [`run_until`](Self::run_until).
    pub async fn run(self) -> Result<(), WorkerError> {
        self.run_until(std::future::pending()).await
    }

    /// Runs until `shutdown` completes. Then it receives nothing more, waits up to the grace period for what runs,
    /// cancels the rest, gives leases back without counting the attempt, and returns when everything is settled.
    ///
    /// While it runs, a database that cannot be reached is waited for, and no outcome is lost.
    ///
    /// # Errors
    ///
    /// When the database answers but cannot be worked with: its schema is missing, too old or too new, or the queue of
    /// the domain is missing and may not be made.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), WorkerError> {
        life::run(self.engine, shutdown).await
    }
}

/// Why a worker did not run.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The store cannot be worked with.
    #[error("the worker cannot start: {0}")]
    Start(#[from] StoreError),
}
