//! Commands, as an operator sees them.

use serde_json::Value;

use super::{OpsError, masking::mask, resolve::checked};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{CommandId, CommandMetadata, Domain},
    store::{Canceled, CommandFilter, Count, Listing, Page},
};

/// Single commands: to look at, and to cancel before they run.
///
/// ```
/// # use commandbus::{bus::Bus, ops::OpsError, store::{CommandFilter, Page}};
/// # async fn example(bus: Bus) -> Result<(), OpsError> {
/// let parcels = CommandFilter::in_domain("parcels".parse().unwrap());
/// for command in bus.commands().list(&parcels, Page::first(100)).await? {
///     println!("{} {} {}", command.command_id, command.command_type, command.status);
///     bus.commands().cancel(&command.domain, command.command_id, "olga", "the sale was called off").await?;
/// }
/// # Ok(())
/// # }
/// ```
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

    /// Commands, newest id first, however many there are: a page looks at a bounded number of rows, so where what is asked
    /// for is rare it may be short and still have a next one.
    pub async fn search(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Listing<CommandMetadata, CommandId>, StoreError> {
        self.0.store().admin().search_commands(filter, page).await
    }

    /// How many commands a filter finds, up to `cap`.
    pub async fn count(&self, filter: &CommandFilter, cap: u32) -> Result<Count, StoreError> {
        self.0.store().admin().count_commands(filter, cap).await
    }

    /// The commands of this id, in whatever domain: one, unless senders chose their ids themselves.
    pub async fn find(&self, id: CommandId) -> Result<Vec<CommandMetadata>, StoreError> {
        self.0.store().admin().commands_of_id(id).await
    }

    /// What a command carries, as long as its message is there; that of a completed one is not kept. Sensitive fields are
    /// [masked](super::MASK).
    pub async fn payload(&self, command: &CommandMetadata) -> Result<Option<Value>, StoreError> {
        let CommandMetadata { domain, command_id, command_type, .. } = command;
        let mut payload = self.0.store().admin().payload(domain, *command_id).await?;
        mask(domain, command_type, &mut payload);
        Ok(payload)
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
