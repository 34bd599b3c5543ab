//! What handlers report to.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::Payload;

/// Counts handled jobs up to an expected number, with the time of the first start and of the last job.
#[derive(Debug, Clone)]
pub struct Meter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    created: Instant,
    expected: usize,
    handled: AtomicUsize,
    /// Microseconds since `created`.
    started: AtomicU64,
    ended: AtomicU64,
    finished: Notify,
    progress: Notify,
    latencies: Option<Mutex<Vec<f64>>>,
    pause: Duration,
}

impl Meter {
    /// A meter that is finished after `expected` jobs.
    pub fn of(expected: usize) -> Self {
        Self::new(expected, false, Duration::ZERO)
    }

    /// A meter that also keeps the time that each job took from its sending.
    pub fn of_latencies(expected: usize) -> Self {
        Self::new(expected, true, Duration::ZERO)
    }

    /// A meter whose handlers wait.
    pub fn of_waiting(expected: usize, pause: Duration) -> Self {
        Self::new(expected, false, pause)
    }

    fn new(expected: usize, latencies: bool, pause: Duration) -> Self {
        Self(Arc::new(Inner {
            created: Instant::now(),
            expected,
            handled: AtomicUsize::new(0),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            finished: Notify::new(),
            progress: Notify::new(),
            latencies: latencies.then(|| Mutex::new(Vec::with_capacity(expected))),
            pause,
        }))
    }

    /// Microseconds since the meter was made.
    pub fn now(&self) -> u64 {
        self.0.created.elapsed().as_micros() as u64
    }

    /// Starts the clock: everything is connected, and the worker is about to run.
    pub fn start(&self) {
        self.0.started.store(self.now(), Ordering::Relaxed);
    }

    /// The start of a handler.
    pub fn see(&self, payload: &Payload) {
        if let Some(latencies) = &self.0.latencies {
            let waited = self.now().saturating_sub(payload.sent) as f64 / 1e3;
            latencies.lock().expect("no holder panics").push(waited);
        }
    }

    /// The whole of a handler that does nothing.
    pub fn handled(&self, payload: &Payload) {
        self.see(payload);
        self.count(1);
    }

    /// The whole of a handler that waits, where the meter says so.
    pub async fn handle(&self, payload: &Payload) {
        if !self.0.pause.is_zero() {
            tokio::time::sleep(self.0.pause).await;
        }
        self.handled(payload);
    }

    /// Counts jobs that were handled.
    pub fn count(&self, jobs: usize) {
        let before = self.0.handled.fetch_add(jobs, Ordering::Relaxed);
        self.0.progress.notify_one();
        if before < self.0.expected && before + jobs >= self.0.expected {
            self.0.ended.store(self.now(), Ordering::Relaxed);
            self.0.finished.notify_one();
        }
    }

    /// How many were handled so far.
    pub fn so_far(&self) -> usize {
        self.0.handled.load(Ordering::Relaxed)
    }

    /// Waits until more were handled; for one waiter.
    pub async fn progress(&self) {
        self.0.progress.notified().await;
    }

    /// Waits until all were handled; for one waiter.
    pub async fn finished(&self) {
        self.0.finished.notified().await;
    }

    /// Seconds from the start of the clock to the handler of the last job.
    pub fn seconds(&self) -> f64 {
        let (started, ended) = (self.0.started.load(Ordering::Relaxed), self.0.ended.load(Ordering::Relaxed));
        ended.saturating_sub(started) as f64 / 1e6
    }

    /// Seconds from the start of the clock to now.
    pub fn seconds_by_now(&self) -> f64 {
        (self.now() - self.0.started.load(Ordering::Relaxed)) as f64 / 1e6
    }

    /// Milliseconds from send to handler, in the order they were handled.
    pub fn latencies(&self) -> Vec<f64> {
        match &self.0.latencies {
            Some(latencies) => latencies.lock().expect("no holder panics").clone(),
            None => Vec::new(),
        }
    }
}
