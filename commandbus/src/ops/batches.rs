//! Batches, as an operator sees them.

use super::{OpsError, resolve::checked};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{BatchId, BatchMetadata, BatchType, CommandId, CommandMetadata, Domain},
    store::{CommandFilter, Page},
};

/// Batches: to look at and to steer. To wait for one or follow its progress, take [`Bus::batch`].
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
    pub async fn pause(&self, domain: &Domain, id: BatchId) -> Result<(), OpsError> {
        self.must_hold_commands(domain, id).await?;
        Ok(self.0.store().set_paused(domain, Some(id), true).await?)
    }

    /// Ends a pause.
    pub async fn resume(&self, domain: &Domain, id: BatchId) -> Result<(), OpsError> {
        self.must_hold_commands(domain, id).await?;
        Ok(self.0.store().set_paused(domain, Some(id), false).await?)
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
