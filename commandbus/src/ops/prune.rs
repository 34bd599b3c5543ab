//! Removing what is over.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};

use crate::{
    bus::Bus,
    error::StoreError,
    store::{Prunable, PruneChunk, Pruned},
};

/// How many rows one transaction looks at, unless told otherwise: so few that nobody who works beside it waits.
const CHUNK: u32 = 1_000;

/// For which part of the time it works, unless told otherwise: so little that workers keep their rate beside it.
const SHARE: f64 = 0.1;

impl Bus {
    /// Removes what ended longer ago than that: commands with their audit trails, batches once all their members can go,
    /// processes with their timelines, results, and messages in the archives of the queues.
    ///
    /// It may run beside workers, and be ended at any time: it works in small transactions, oldest first, passes over rows
    /// that somebody holds, and [rests](Prune::share_of_time) between transactions. What has not ended stays, and with it what an operator may need to retry it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(bus: commandbus::bus::Bus) -> Result<(), commandbus::error::StoreError> {
    /// let month = Duration::from_secs(30 * 24 * 3600);
    /// let would_go = bus.prune(month).dry_run().run().await?;
    /// let gone = bus.prune(month).run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn prune(&self, older_than: Duration) -> Prune {
        Prune { bus: self.clone(), older_than, chunk: CHUNK, share: SHARE, dry_run: false }
    }
}

/// Pruning that has not begun.
#[derive(Debug, Clone)]
#[must_use = "nothing is pruned before it is run"]
pub struct Prune {
    bus: Bus,
    older_than: Duration,
    chunk: u32,
    share: f64,
    dry_run: bool,
}

impl Prune {
    /// Only counts.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Looks at so many rows in one transaction.
    pub fn chunk_size(mut self, rows: u32) -> Self {
        self.chunk = rows.max(1);
        self
    }

    /// Works for this part of the time, from 0.001 to 1, and rests for the others: 0.1 unless told otherwise, 1 not to
    /// rest at all. A dry run never rests.
    ///
    /// # Panics
    ///
    /// With a share that is not in that range.
    pub fn share_of_time(mut self, share: f64) -> Self {
        assert!((0.001..=1.0).contains(&share), "a share of the time is from 0.001 to 1, and {share} is not");
        self.share = share;
        self
    }

    /// Prunes, and answers how much went, or would.
    pub async fn run(self) -> Result<Pruned, StoreError> {
        self.run_watched(|_, _| {}).await
    }

    /// Prunes, and tells after each transaction what it is at and how much went so far.
    pub async fn run_watched(self, mut watch: impl FnMut(Prunable, &Pruned) + Send) -> Result<Pruned, StoreError> {
        let store = self.bus.store();
        // Nothing ended before the calendar begins.
        let now = store.now().await?;
        let before = TimeDelta::from_std(self.older_than).ok().and_then(|age| now.checked_sub_signed(age));
        let Some(before) = before.filter(|before| *before > DateTime::UNIX_EPOCH) else {
            return Ok(Pruned::default());
        };
        let mut total = Pruned::default();
        for &what in Prunable::ALL {
            let mut chunk = PruneChunk { what, before, after: None, limit: self.chunk, dry_run: self.dry_run };
            loop {
                let begun = Instant::now();
                let (pruned, next) = store.admin().prune(&chunk).await?;
                total += pruned;
                watch(what, &total);
                let Some(next) = next else { break };
                chunk.after = Some(next);
                if !self.dry_run {
                    tokio::time::sleep(begun.elapsed().mul_f64(1.0 / self.share - 1.0)).await;
                }
            }
        }
        Ok(total)
    }
}
