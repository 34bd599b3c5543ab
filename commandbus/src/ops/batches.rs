//! Batches, as an operator sees them.

use super::{
    OpsError,
    resolve::{checked, signed},
};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{BatchId, BatchMetadata, BatchType, CommandId, CommandMetadata, Domain},
    store::{BatchCursor, BatchFilter, CommandFilter, Listing, Operation, Page, ParkedFilter},
};

/// Batches: to look at and to steer. To wait for one or follow its progress, take [`Bus::batch`].
///
/// ```
/// # use commandbus::{bus::Bus, message::{BatchId, Domain}, ops::OpsError};
/// # async fn example(bus: Bus, parcels: Domain, id: BatchId) -> Result<(), OpsError> {
/// if let Some(batch) = bus.batches().get(&parcels, id).await? {
///     println!("{} of {}", batch.ended_count(), batch.total_count);
/// }
/// bus.batches().pause(&parcels, id, "olga", Some("the printer burns")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Batches(Bus);

impl Batches {
    pub(super) fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// What is known of a batch, with exact counts.
    pub async fn get(&self, domain: &Domain, id: BatchId) -> Result<Option<BatchMetadata>, StoreError> {
        Ok(self.0.store().batches(domain, &[id]).await?.into_iter().next())
    }

    /// Batches, newest first.
    pub async fn list(
        &self,
        filter: &BatchFilter,
        page: Page<BatchCursor>,
    ) -> Result<Listing<BatchMetadata, BatchCursor>, StoreError> {
        self.0.store().admin().search_batches(filter, page).await
    }

    /// The batches of this id, in whatever domain: one, unless somebody chose their ids.
    pub async fn find(&self, id: BatchId) -> Result<Vec<BatchMetadata>, StoreError> {
        self.0.store().admin().batches_of_id(id).await
    }

    /// Counts it anew from its members, as after somebody changed rows past the library. One that has ended stays as it is:
    /// its members may have been pruned.
    pub async fn recount(&self, domain: &Domain, id: BatchId) -> Result<Option<BatchMetadata>, StoreError> {
        let found = self.get(domain, id).await?;
        if found.as_ref().is_none_or(|batch| batch.status.is_terminal()) {
            return Ok(found);
        }
        self.0.store().admin().recount_batch(domain, id).await?;
        self.get(domain, id).await
    }

    /// Begins to send again what is parked of it, as an [operation](super::Operations) that can be followed.
    pub async fn retry_parked(
        &self,
        domain: &Domain,
        id: BatchId,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<Operation, OpsError> {
        self.must_hold_commands(domain, id).await?;
        let filter = ParkedFilter::in_domain(domain.clone()).of_batch(id);
        let operator = self.0.troubleshooting().by(operator);
        let operator = match reason {
            Some(reason) => operator.because(reason),
            None => operator,
        };
        operator.retry_all(&filter).await
    }

    /// Its commands, newest id first.
    pub async fn commands(
        &self,
        domain: &Domain,
        id: BatchId,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        let filter = CommandFilter::in_domain(domain.clone()).of_batch(id);
        self.0.store().commands(&filter, page).await
    }

    /// Cancels what has not been received and answers how many these were.
    pub async fn cancel_rest(
        &self,
        domain: &Domain,
        id: BatchId,
        operator: &str,
        reason: &str,
    ) -> Result<u64, OpsError> {
        let (operator, reason) = checked(operator, reason)?;
        self.must_hold_commands(domain, id).await?;
        Ok(self.0.store().cancel_rest(domain, id, operator, reason).await?)
    }

    /// Hands out no more commands of the batch; what runs finishes.
    pub async fn pause(
        &self,
        domain: &Domain,
        id: BatchId,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        self.set_paused(domain, id, true, operator, reason).await
    }

    /// Ends a pause.
    pub async fn resume(
        &self,
        domain: &Domain,
        id: BatchId,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        self.set_paused(domain, id, false, operator, reason).await
    }

    async fn set_paused(
        &self,
        domain: &Domain,
        id: BatchId,
        paused: bool,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        let (operator, reason) = signed(operator, reason)?;
        self.must_hold_commands(domain, id).await?;
        Ok(self.0.store().set_paused(domain, Some(id), paused, operator, reason).await?)
    }

    /// That there is such a batch, and that it groups commands, which these verbs are for.
    async fn must_hold_commands(&self, domain: &Domain, id: BatchId) -> Result<(), OpsError> {
        match self.get(domain, id).await? {
            Some(BatchMetadata { batch_type: BatchType::Command, .. }) => Ok(()),
            Some(_) => Err(OpsError::BatchOfProcesses { id }),
            None => Err(OpsError::BatchNotFound { domain: domain.clone(), id }),
        }
    }
}
