//! A batch that exists.

use std::fmt;

use super::{BatchError, Progress, WaitForBatch};
use crate::{
    bus::{Bus, completion::Key},
    message::{BatchId, BatchMetadata, BatchType, Domain},
    store::{OperatorAction, OperatorVerb, Page, ParkedFilter, Resolution},
};

/// In whose name a program acts on a batch of its own.
const SENDER: &str = "sender";

/// Parked commands that are retried in one transaction.
const RETRIES: u32 = 500;

impl Bus {
    /// A batch that exists already, made by this process or another one.
    ///
    /// # Errors
    ///
    /// [`BatchError::BatchNotFound`] when it does not.
    pub async fn batch(&self, domain: &Domain, id: BatchId) -> Result<Batch, BatchError> {
        let batch = Batch::new(self.clone(), domain.clone(), id);
        batch.metadata().await?;
        Ok(batch)
    }
}

/// A batch that exists: to be waited for, watched and steered. Cheap to clone.
///
/// ```
/// # use commandbus::bus::{Batch, BatchError};
/// # async fn example(batch: Batch) -> Result<(), BatchError> {
/// let mut progress = batch.progress();
/// while let Some(now) = progress.next().await.transpose()? {
///     println!("{} of {}, {} parked", now.ended_count(), now.total_count, now.in_troubleshooting_count);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Batch {
    bus: Bus,
    key: Key,
}

impl Batch {
    pub(super) fn new(bus: Bus, domain: Domain, id: BatchId) -> Self {
        Self { bus, key: (domain, id) }
    }

    /// Its id.
    pub fn id(&self) -> BatchId {
        self.key.1
    }

    /// Its domain.
    pub fn domain(&self) -> &Domain {
        &self.key.0
    }

    /// What is known of it now, with exact counts.
    pub async fn metadata(&self) -> Result<BatchMetadata, BatchError> {
        let (domain, id) = &self.key;
        let found = self.bus.store().batches(domain, &[*id]).await?;
        found.into_iter().next().ok_or_else(|| BatchError::BatchNotFound { domain: domain.clone(), id: *id })
    }

    /// Waits for its end: a future, with `.timeout(..)` before the `.await`.
    ///
    /// A batch with anything in troubleshooting has not ended: it does when an operator has resolved the last one.
    pub fn wait(&self) -> WaitForBatch {
        WaitForBatch::new(self.bus.clone(), self.key.clone())
    }

    /// Its counts, as they change: a stream that ends after the final ones.
    pub fn progress(&self) -> Progress {
        Progress::new(self.bus.clone(), self.key.clone())
    }

    /// Cancels what has not been received and answers how many these were. What runs goes on; what is parked stays.
    pub async fn cancel_rest(&self, reason: &str) -> Result<u64, BatchError> {
        self.must_hold_commands("cancel_rest").await?;
        let (domain, id) = &self.key;
        Ok(self.bus.store().cancel_rest(domain, *id, SENDER, reason).await?)
    }

    /// Sends again what is parked, each with a new budget of attempts, and answers how many these were. What is parked
    /// in the meantime is left.
    pub async fn retry_parked(&self, reason: &str) -> Result<u64, BatchError> {
        self.must_hold_commands("retry_parked").await?;
        let (domain, id) = &self.key;
        let store = self.bus.store();
        let filter = ParkedFilter::in_domain(domain.clone()).of_batch(*id);
        let now = store.now().await?;
        let mut page = Page::first(RETRIES);
        let mut retried = 0;
        loop {
            let parked = store.parked(&filter, page).await?;
            let Some(last) = parked.last() else { return Ok(retried) };
            page.after = Some(last.parked_id);
            let actions: Vec<_> = parked
                .iter()
                .filter(|parked| parked.parked_at <= now)
                .map(|parked| OperatorAction {
                    command_id: parked.command_id,
                    operator: SENDER.to_owned(),
                    reason: Some(reason.to_owned()),
                    verb: OperatorVerb::Retry { payload: None },
                })
                .collect();
            if actions.is_empty() {
                return Ok(retried);
            }
            let resolved = store.resolve(domain, &actions).await?;
            retried += resolved.iter().filter(|resolution| **resolution == Resolution::Done).count() as u64;
        }
    }

    /// Hands out no more of its commands until [`resume`](Self::resume). What runs finishes.
    pub async fn pause(&self) -> Result<(), BatchError> {
        self.must_hold_commands("pause").await?;
        Ok(self.bus.store().set_paused(&self.key.0, Some(self.key.1), true, SENDER, None).await?)
    }

    /// Ends a pause.
    pub async fn resume(&self) -> Result<(), BatchError> {
        self.must_hold_commands("resume").await?;
        Ok(self.bus.store().set_paused(&self.key.0, Some(self.key.1), false, SENDER, None).await?)
    }

    /// The commands of processes are in no batch, so these verbs would find none.
    async fn must_hold_commands(&self, verb: &'static str) -> Result<(), BatchError> {
        match self.metadata().await?.batch_type {
            BatchType::Command => Ok(()),
            BatchType::Process => Err(BatchError::OfProcesses { verb, id: self.key.1 }),
        }
    }

    pub(super) fn look_soon(&self) {
        self.bus.inner.ask(&self.key);
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("domain", &self.key.0).field("id", &self.key.1).finish_non_exhaustive()
    }
}
