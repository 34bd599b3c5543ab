//! What is parked: to list, to group, to look into.

use super::{Operator, OpsError, masking::mask};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{AuditEvent, CommandId, CommandMetadata, Domain},
    store::{Page, Parked, ParkedFilter, ParkedGroup},
};

/// The troubleshooting queue: commands that wait for an operator.
///
/// ```
/// # use commandbus::{bus::Bus, ops::OpsError, store::{Page, ParkedFilter}};
/// # async fn example(bus: Bus) -> Result<(), OpsError> {
/// let troubleshooting = bus.troubleshooting();
/// for parked in troubleshooting.list(&ParkedFilter::default(), Page::first(20)).await? {
///     let operator = troubleshooting.by("alice").because("the account was reopened");
///     operator.retry(&parked.domain, parked.command_id).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Troubleshooting {
    bus: Bus,
}

/// A parked command with all there is to know about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Case {
    /// Why it is parked, and what it carries.
    pub parked: Parked,
    /// The command.
    pub command: CommandMetadata,
    /// What happened to it, oldest first.
    pub audit: Vec<AuditEvent>,
}

impl Troubleshooting {
    pub(super) fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// What is parked, oldest first. Sensitive fields of the payloads are [masked](super::MASK).
    pub async fn list(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError> {
        let mut list = self.bus.store().parked(filter, page).await?;
        for parked in &mut list {
            mask(&parked.domain, &parked.command_type, &mut parked.payload);
        }
        Ok(list)
    }

    /// What is parked by cause, the most frequent one first.
    pub async fn groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError> {
        self.bus.store().parked_groups(filter).await
    }

    /// How much is parked.
    pub async fn count(&self, filter: &ParkedFilter) -> Result<u64, StoreError> {
        self.bus.store().count_parked(filter).await
    }

    /// One parked command and its history. Sensitive fields of the payload are [masked](super::MASK).
    ///
    /// # Errors
    ///
    /// [`OpsError::NotParked`] with what it is now, when it was resolved in the meantime.
    pub async fn show(&self, domain: &Domain, id: CommandId) -> Result<Case, OpsError> {
        let store = self.bus.store();
        let command =
            store.command(domain, id).await?.ok_or_else(|| OpsError::CommandNotFound { domain: domain.clone(), id })?;
        let filter = ParkedFilter { domain: Some(domain.clone()), command_id: Some(id), ..ParkedFilter::default() };
        let parked = self.list(&filter, Page::first(1)).await?.into_iter().next();
        let Some(parked) = parked else { return Err(OpsError::NotParked { id, status: command.status }) };
        Ok(Case { parked, command, audit: store.audit(domain, id.as_uuid()).await? })
    }

    /// Acts in the name of an operator, which the audit trail keeps.
    pub fn by(&self, operator: impl Into<String>) -> Operator {
        Operator::new(self.bus.clone(), operator.into())
    }
}
