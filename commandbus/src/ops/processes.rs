//! Processes, as an operator sees them.

use super::{
    OpsError,
    resolve::{named, stated},
};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{Domain, ProcessId, ProcessMetadata, SentStep},
    store::{Page, ParkedReply, ParkedReplyVerb, ProcessFilter, StrayReply},
};

/// Processes: to look at, and to free where a reply could not be taken in. What is parked of their commands is resolved in
/// [`Bus::troubleshooting`], and the process goes on by itself.
#[derive(Debug, Clone)]
pub struct Processes(Bus);

impl Processes {
    pub(super) fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// What is known of a process.
    pub async fn get(&self, domain: &Domain, id: ProcessId) -> Result<Option<ProcessMetadata>, StoreError> {
        self.0.store().processes().find(domain, id).await
    }

    /// Processes, newest id first.
    pub async fn list(
        &self,
        filter: &ProcessFilter,
        page: Page<ProcessId>,
    ) -> Result<Vec<ProcessMetadata>, StoreError> {
        self.0.store().processes().list(filter, page).await
    }

    /// Its timeline: every command that it sent and what became of it, in order.
    pub async fn steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError> {
        self.0.store().processes().steps(domain, id).await
    }

    /// The replies to it that changed nothing: duplicates, late ones, ones to commands that it did not send.
    pub async fn stray_replies(&self, domain: &Domain, id: ProcessId) -> Result<Vec<StrayReply>, StoreError> {
        self.0.store().processes().stray_replies(domain, id).await
    }

    /// The replies that could not be taken in, oldest first. Their processes wait until each is resolved.
    pub async fn parked_replies(&self, domain: &Domain, page: Page<i64>) -> Result<Vec<ParkedReply>, StoreError> {
        self.0.store().processes().parked_replies(domain, page).await
    }

    /// Sends a parked reply to the routers again, as after a deployment that can read it.
    pub async fn retry_reply(
        &self,
        domain: &Domain,
        parked_reply_id: i64,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        self.resolve(domain, parked_reply_id, ParkedReplyVerb::Retry, operator, reason).await
    }

    /// Puts a parked reply away for good. Its process goes on waiting for the command, until its deadline if it has one.
    pub async fn discard_reply(
        &self,
        domain: &Domain,
        parked_reply_id: i64,
        operator: &str,
        reason: &str,
    ) -> Result<(), OpsError> {
        self.resolve(domain, parked_reply_id, ParkedReplyVerb::Discard, operator, Some(reason)).await
    }

    async fn resolve(
        &self,
        domain: &Domain,
        id: i64,
        verb: ParkedReplyVerb,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        let operator = named(operator)?;
        let reason = reason.map(stated).transpose()?;
        if verb == ParkedReplyVerb::Discard && reason.is_none_or(str::is_empty) {
            return Err(OpsError::ReasonRequired);
        }
        let resolved = self.0.store().processes().resolve_replies(domain, &[id], verb, operator, reason).await?;
        if resolved.contains(&true) { Ok(()) } else { Err(OpsError::ReplyNotParked { domain: domain.clone(), id }) }
    }
}
