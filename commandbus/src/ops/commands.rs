//! Commands, as an operator sees them.

use super::{OpsError, resolve::checked};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{CommandId, CommandMetadata, Domain},
    store::{Canceled, CommandFilter, Page},
};

/// Single commands: to look at, and to cancel before they run.
#[derive(Debug, Clone)]
pub struct Commands(Bus);

impl Commands {
    pub(super) fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// One command.
    pub async fn get(&self, domain: &Domain, id: CommandId) -> Result<Option<CommandMetadata>, StoreError> {
        self.0.store().command(domain, id).await
    }

    /// Commands, newest id first.
    pub async fn list(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        self.0.store().commands(filter, page).await
    }

    /// Cancels a command that waits: for a worker, for its delay, or for its next attempt.
    pub async fn cancel(&self, domain: &Domain, id: CommandId, by: &str, reason: &str) -> Result<(), OpsError> {
        let (by, reason) = checked(by, reason)?;
        match self.0.store().cancel(domain, &[id], by, reason).await?.first() {
            Some(Canceled::Canceled) => Ok(()),
            Some(Canceled::Not(status)) => Err(OpsError::NotPending { id, status: *status }),
            Some(Canceled::NotFound) | None => Err(OpsError::CommandNotFound { domain: domain.clone(), id }),
        }
    }
}
