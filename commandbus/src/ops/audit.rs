//! The audit trail, read.

use crate::{
    bus::Bus,
    error::StoreError,
    message::{AuditEvent, BatchId, CommandId, Domain},
    store::{AuditFilter, Listing, Page},
};

/// The audit trail: what happened, oldest first.
///
/// ```
/// # use commandbus::{bus::Bus, error::StoreError, message::{CommandId, Domain}};
/// # async fn example(bus: Bus, parcels: Domain, id: CommandId) -> Result<(), StoreError> {
/// for event in bus.audit().of_command(&parcels, id).await? {
///     println!("{} {} {}", event.at, event.event, event.details);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AuditTrail(Bus);

impl AuditTrail {
    pub(super) fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// What happened to a command; nothing when there is no such command.
    pub async fn of_command(&self, domain: &Domain, id: CommandId) -> Result<Vec<AuditEvent>, StoreError> {
        self.0.store().audit(domain, id.as_uuid()).await
    }

    /// The whole trail, newest first.
    pub async fn search(&self, filter: &AuditFilter, page: Page<i64>) -> Result<Listing<AuditEvent, i64>, StoreError> {
        self.0.store().admin().search_audit(filter, page).await
    }

    /// What happened to a batch as a whole: its start and its end.
    pub async fn of_batch(&self, domain: &Domain, id: BatchId) -> Result<Vec<AuditEvent>, StoreError> {
        self.0.store().audit(domain, id.as_uuid()).await
    }
}
