//! Following a batch to its end.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{
    Stream, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::sync::watch;

use super::BatchError;
use crate::{
    bus::{
        Bus,
        completion::{Key, View},
    },
    message::{BatchId, BatchMetadata},
};

/// How often a progress stream looks, unless told otherwise.
const EVERY: Duration = Duration::from_millis(250);

/// What one process saw of a batch, last.
struct Follower {
    bus: Bus,
    key: Key,
    views: watch::Receiver<View>,
}

impl Follower {
    fn new(bus: Bus, key: Key) -> Self {
        let views = bus.inner.subscribe(&key);
        Self { bus, key, views }
    }

    /// Waits for something new to be seen.
    async fn changed(&mut self) {
        if self.views.changed().await.is_err() {
            // The task that looked ended with its runtime; the next one runs on ours.
            self.views = self.bus.inner.subscribe(&self.key);
        }
    }

    /// What was seen last; `None` when nothing was yet.
    fn seen(&mut self) -> Option<Result<BatchMetadata, BatchError>> {
        match &*self.views.borrow_and_update() {
            View::Unseen => None,
            View::Seen(batch) => Some(Ok(batch.clone())),
            View::Missing => {
                let (domain, id) = self.key.clone();
                Some(Err(BatchError::BatchNotFound { domain, id }))
            }
            View::Failed(failed) => Some(Err(failed.0.clone().into())),
        }
    }
}

async fn wait(bus: Bus, key: Key) -> Result<BatchMetadata, BatchError> {
    let mut follower = Follower::new(bus, key);
    loop {
        match follower.seen() {
            Some(Ok(batch)) if batch.status.is_terminal() => return Ok(batch),
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) | None => follower.changed().await,
        }
    }
}

/// The end of a batch, to be waited for; a future of its final [`BatchMetadata`]. It waits through an outage of the
/// database.
#[must_use = "nobody waits before this is awaited"]
pub struct WaitForBatch {
    bus: Bus,
    key: Key,
    timeout: Option<Duration>,
    flight: Option<BoxFuture<'static, Result<BatchMetadata, BatchError>>>,
}

impl WaitForBatch {
    pub(super) fn new(bus: Bus, key: Key) -> Self {
        Self { bus, key, timeout: None, flight: None }
    }

    /// Gives up after a while, with [`BatchError::Timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn take_off(&self) -> BoxFuture<'static, Result<BatchMetadata, BatchError>> {
        let id: BatchId = self.key.1;
        let end = wait(self.bus.clone(), self.key.clone());
        match self.timeout {
            None => Box::pin(end),
            Some(after) => Box::pin(async move {
                tokio::time::timeout(after, end).await.unwrap_or(Err(BatchError::Timeout { id, after }))
            }),
        }
    }
}

impl Future for WaitForBatch {
    type Output = Result<BatchMetadata, BatchError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut flight = this.flight.take().unwrap_or_else(|| this.take_off());
        let poll = flight.as_mut().poll(cx);
        if poll.is_pending() {
            this.flight = Some(flight);
        }
        poll
    }
}

impl fmt::Debug for WaitForBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForBatch").field("id", &self.key.1).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The counts of a batch as they change: a stream that ends after the final ones, or after an error.
///
/// It looks only while it is asked, so a slow reader costs nothing and skips what came between.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Progress {
    bus: Bus,
    key: Key,
    every: Duration,
    snapshots: Option<BoxStream<'static, Result<BatchMetadata, BatchError>>>,
}

impl Progress {
    pub(super) fn new(bus: Bus, key: Key) -> Self {
        Self { bus, key, every: EVERY, snapshots: None }
    }

    /// Sets how often it looks; a quarter of a second if nothing is said.
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    /// The next snapshot that differs; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<BatchMetadata, BatchError>> {
        StreamExt::next(self).await
    }
}

impl Stream for Progress {
    type Item = Result<BatchMetadata, BatchError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { bus, key, every, snapshots } = self.get_mut();
        snapshots.get_or_insert_with(|| snapshots_of(bus.clone(), key.clone(), *every).boxed()).poll_next_unpin(cx)
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("id", &self.key.1).field("every", &self.every).finish_non_exhaustive()
    }
}

fn snapshots_of(
    bus: Bus,
    key: Key,
    every: Duration,
) -> impl Stream<Item = Result<BatchMetadata, BatchError>> + Send + 'static {
    stream::unfold(Some(Follower::new(bus, key)), move |follower| async move {
        let mut follower = follower?;
        let seen = loop {
            tokio::select! {
                () = follower.changed() => if let Some(seen) = follower.seen() { break seen },
                () = tokio::time::sleep(every) => follower.bus.inner.ask(&follower.key),
            }
        };
        let is_last = seen.as_ref().map_or(true, |batch| batch.status.is_terminal());
        Some((seen, (!is_last).then_some(follower)))
    })
}
