//! How a worker is doing, as a value one can ask for at any time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::hand::Hand;
use crate::{error::StoreError, message::Domain};

/// Where a worker is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerPhase {
    /// Built, or waiting for the database; it has not received anything yet.
    Starting,
    /// It receives and handles.
    Running,
    /// It was told to stop, and finishes what it has in hand.
    Stopping,
    /// It ended.
    Stopped,
}

/// How a worker is doing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerHealth {
    /// Its domain.
    pub domain: Domain,
    /// Where it is in its life.
    pub phase: WorkerPhase,
    /// What the last call of the database failed with, and for how long calls have been failing; `None` while they
    /// succeed.
    pub trouble: Option<(StoreError, Duration)>,
    /// How long ago the last receive succeeded, whether or not it brought anything.
    pub last_receive: Option<Duration>,
    /// Handlers that run.
    pub running: usize,
    /// Commands received that wait for a free handler.
    pub waiting: usize,
    /// Everything received and not yet settled: running, waiting, and outcomes that wait to be written.
    pub in_hand: usize,
}

impl WorkerHealth {
    /// Whether it receives and its database answers: what a readiness probe asks.
    pub const fn is_ready(&self) -> bool {
        matches!(self.phase, WorkerPhase::Running) && self.trouble.is_none()
    }
}

/// Asks a worker how it is doing; outlives it, and is cheap to clone.
///
/// ```
/// # use commandbus::worker::Worker;
/// # async fn example(worker: Worker, stopped: impl Future<Output = ()>) -> Result<(), commandbus::worker::WorkerError> {
/// let monitor = worker.monitor(); // for a readiness probe, say
/// let is_ready = move || monitor.health().is_ready();
/// worker.run_until(stopped).await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct WorkerMonitor {
    domain: Domain,
    vitals: Arc<Vitals>,
    hand: Arc<Hand>,
}

impl WorkerMonitor {
    pub(super) fn new(domain: Domain, vitals: Arc<Vitals>, hand: Arc<Hand>) -> Self {
        Self { domain, vitals, hand }
    }

    /// How the worker is doing now.
    pub fn health(&self) -> WorkerHealth {
        let count = self.hand.count();
        let pulse = self.vitals.pulse();
        WorkerHealth {
            domain: self.domain.clone(),
            phase: pulse.phase,
            trouble: pulse.trouble.as_ref().map(|(error, since)| (error.clone(), since.elapsed())),
            last_receive: pulse.last_receive.map(|at| at.elapsed()),
            running: count.running,
            waiting: count.waiting,
            in_hand: count.held,
        }
    }
}

/// What the parts of a worker note down for its monitor.
#[derive(Debug)]
pub(super) struct Vitals(Mutex<Pulse>);

#[derive(Debug)]
struct Pulse {
    phase: WorkerPhase,
    trouble: Option<(StoreError, Instant)>,
    last_receive: Option<Instant>,
}

impl Vitals {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Pulse { phase: WorkerPhase::Starting, trouble: None, last_receive: None }))
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, phase: WorkerPhase) {
        self.pulse().phase = phase;
    }

    pub(super) fn received(&self) {
        self.pulse().last_receive = Some(Instant::now());
    }

    /// Notes how a call of the store ended. Returns whether that changed anything, so that an outage is logged once.
    pub(super) fn answered(&self, error: Option<&StoreError>) -> bool {
        let mut pulse = self.pulse();
        let changed = pulse.trouble.is_some() != error.is_some();
        pulse.trouble = error.map(|error| {
            let since = pulse.trouble.as_ref().map_or_else(Instant::now, |(_, since)| *since);
            (error.clone(), since)
        });
        changed
    }
}
