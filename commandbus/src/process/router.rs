//! Routes replies to the processes of a domain, and looks after those that are due.
//!
//! ```text
//! receive ──▶ load ──▶ decide (pure, every process of the group) ──▶ move ──▶ cancel what is no longer wanted
//!                ▲                                                     │
//!                └────────── processes that moved meanwhile ───────────┘
//! ```

use std::{fmt, future::Future, sync::Arc, time::Duration};

use backon::ExponentialBackoff;
use tokio::{sync::broadcast, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{ProcessEntry, group::Group};
use crate::{
    bus::Bus,
    error::{StoreError, bounded},
    message::{Domain, InvalidDomain},
    store::{RoutingWork, Wake},
    telemetry::field,
    worker::{Companion, CompanionCall, next_wake, pauses},
};

/// The largest group received at once.
const GROUP: usize = 100;

/// How many groups may be under way; a second one covers the round trips of the first.
const LANES: usize = 2;

inventory::submit! {
    Companion {
        is_wanted: |domain| entries_of(domain).next().is_some(),
        run: |call| Box::pin(async move {
            let CompanionCall { bus, domain, poll_interval, lease, stop } = call;
            Engine::new(bus, domain, poll_interval, lease, stop).run().await;
        }),
    }
}

/// The process types of a domain that are linked into the binary.
fn entries_of(domain: &Domain) -> impl Iterator<Item = &'static ProcessEntry> {
    inventory::iter::<ProcessEntry>().filter(move |entry| entry.domain == domain)
}

/// Routes the replies to the processes of one domain, where no [`Worker`](crate::worker::Worker) of the domain does.
///
/// Several routers of a domain, in one process or many, share its replies.
///
/// ```
/// # use commandbus::{bus::Bus, process::{Router, RouterError}};
/// # async fn example(bus: Bus, stopped: impl Future<Output = ()>) -> Result<(), RouterError> {
/// Router::new(&bus, "shipping")?.run_until(stopped).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a router does nothing until it runs"]
pub struct Router {
    bus: Bus,
    domain: Domain,
    poll_interval: Duration,
    lease: Duration,
}

impl Router {
    /// A router for every process type of a domain that is linked into the binary.
    ///
    /// # Errors
    ///
    /// When the domain is none, or nothing is linked: the processes of a crate that only Cargo.toml names are not.
    pub fn new(bus: &Bus, domain: impl Into<String>) -> Result<Self, RouterError> {
        let domain = Domain::new(domain.into())?;
        if entries_of(&domain).next().is_none() {
            return Err(RouterError::NothingLinked { domain });
        }
        let (poll_interval, lease) = (Duration::from_secs(2), Duration::from_secs(30));
        Ok(Self { bus: bus.clone(), domain, poll_interval, lease })
    }

    /// How often to look for replies without having been woken; 2 s unless set, with jitter of a fifth.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Duration::from_millis(10));
        self
    }

    /// How long a received reply stays hidden from other routers; 30 s unless set, at least 1 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// Runs until `shutdown` completes, and what was received is routed.
    ///
    /// A database that cannot be reached is waited for; no reply is lost.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        let stop = CancellationToken::new();
        let engine = Engine::new(self.bus, self.domain, self.poll_interval, self.lease, stop.clone());
        let mut run = std::pin::pin!(engine.run());
        tokio::select! {
            () = &mut run => {}
            () = shutdown => {
                stop.cancel();
                run.await;
            }
        }
    }
}

/// Why there is no router.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// Its domain is none.
    #[error(transparent)]
    Domain(#[from] InvalidDomain),
    /// No process of the domain is linked into the binary.
    #[error(
        "no process of domain `{domain}` is linked into this program: name the crate that has them, as in \
         `use transfers as _;`"
    )]
    NothingLinked {
        /// The domain.
        domain: Domain,
    },
}

impl fmt::Debug for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A router at work.
struct Engine {
    bus: Bus,
    domain: Domain,
    entries: Arc<[&'static ProcessEntry]>,
    poll_interval: Duration,
    lease: Duration,
    stop: CancellationToken,
    wakes: Option<broadcast::Receiver<Wake>>,
    queue: String,
    pauses: ExponentialBackoff,
}

impl Engine {
    fn new(bus: Bus, domain: Domain, poll_interval: Duration, lease: Duration, stop: CancellationToken) -> Self {
        let queue = domain.process_replies_queue();
        let wakes = bus.store().wakes();
        bus.store().watch(&Wake::Queue(queue.clone()));
        let entries = entries_of(&domain).collect();
        Self { bus, domain, entries, poll_interval, lease, stop, wakes: Some(wakes), queue, pauses: pauses() }
    }

    async fn run(mut self) {
        let mut groups = JoinSet::new();
        tracing::debug!({ field::DOMAIN } = %self.domain, "the router runs");
        while !self.stop.is_cancelled() {
            if groups.len() >= LANES {
                finished(&mut groups).await;
                continue;
            }
            let receiving = self.bus.store().processes().receive_replies(&self.domain, GROUP, self.lease);
            match bounded(self.lease, "receive_replies", receiving).await {
                Ok(work) => {
                    self.pauses = pauses();
                    let (is_full, next_due) = (work.replies.len() == GROUP, work.next_due);
                    if !work.replies.is_empty() || !work.due.is_empty() {
                        groups.spawn(self.group(work).route());
                    }
                    if !is_full {
                        self.idle(&mut groups, next_due).await;
                    }
                }
                Err(error) => self.recover(&error).await,
            }
        }
        while !groups.is_empty() {
            finished(&mut groups).await;
        }
    }

    fn group(&self, work: RoutingWork) -> Group {
        Group::new(
            self.bus.clone(),
            self.domain.clone(),
            Arc::clone(&self.entries),
            work,
            self.lease,
            self.stop.clone(),
        )
    }

    /// Waits until there may be something: a wake-up, the next process that is due, or the poll.
    async fn idle(&mut self, groups: &mut JoinSet<()>, next_due: Option<Duration>) {
        // Jitter, so that routers started together do not ask together.
        let poll = self.poll_interval.mul_f64(rand::random_range(0.8..1.2));
        let store = Arc::clone(self.bus.store());
        let mut pause = std::pin::pin!(store.sleep(next_due.map_or(poll, |due| due.min(poll))));
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = &mut pause => return,
                is_ours = woken(&mut self.wakes, &self.queue) => if is_ours { return },
                () = finished(groups), if !groups.is_empty() => {}
            }
        }
    }

    async fn recover(&mut self, error: &StoreError) {
        tracing::warn!({ field::DOMAIN } = %self.domain, %error, "the router cannot receive replies; trying again");
        let pause = self.pauses.next().unwrap_or_default();
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Waits for one group; a panic in it, a mistake of ours, goes on here.
async fn finished(groups: &mut JoinSet<()>) {
    if let Some(Err(error)) = groups.join_next().await
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Waits for the next wake-up; whether it concerns this queue.
async fn woken(wakes: &mut Option<broadcast::Receiver<Wake>>, queue: &str) -> bool {
    match next_wake(wakes).await {
        Some(Wake::Queue(woken)) => woken == queue,
        Some(Wake::Resync) | None => true,
        Some(_) => false,
    }
}
