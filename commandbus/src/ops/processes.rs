//! Processes, as an operator sees them.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    OpsError,
    masking::mask,
    resolve::{named, stated},
};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{Domain, ProcessId, ProcessMetadata, SentStep, envelope::seal},
    store::{Listing, Page, ParkedReply, ProcessFilter, StrayReply},
};

/// Processes: to look at, and to free where a reply could not be taken in. What is parked of their commands is resolved in
/// [`Bus::troubleshooting`], and the process goes on by itself.
///
/// ```
/// # use commandbus::{bus::Bus, error::StoreError, message::{Domain, ProcessId}};
/// # async fn example(bus: Bus, shipping: Domain, id: ProcessId) -> Result<(), StoreError> {
/// for step in bus.processes().steps(&shipping, id).await? {
///     println!("{} {} {:?}", step.step_name, step.command_type, step.outcome);
/// }
/// # Ok(())
/// # }
/// ```
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

    /// Processes, newest id first, however many there are; as [`Commands::search`](super::Commands::search).
    pub async fn search(
        &self,
        filter: &ProcessFilter,
        page: Page<ProcessId>,
    ) -> Result<Listing<ProcessMetadata, ProcessId>, StoreError> {
        self.0.store().admin().search_processes(filter, page).await
    }

    /// Its timeline: every command that it sent and what became of it, in order. Sensitive fields of the commands are
    /// [masked](super::MASK).
    pub async fn steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError> {
        let mut steps = self.0.store().processes().steps(domain, id).await?;
        for step in &mut steps {
            // What another implementation sent names no domain; it stays in that of its process.
            let domain = step.command_domain.as_ref().unwrap_or(domain);
            mask(domain, &step.command_type, &mut step.command_data);
        }
        Ok(steps)
    }

    /// The replies to it that changed nothing: duplicates, late ones, ones to commands that it did not send.
    pub async fn stray_replies(&self, domain: &Domain, id: ProcessId) -> Result<Vec<StrayReply>, StoreError> {
        self.0.store().processes().stray_replies(domain, id).await
    }

    /// The replies that could not be taken in, oldest first. Their processes wait until each is resolved.
    pub async fn parked_replies(&self, domain: &Domain, page: Page<i64>) -> Result<Vec<ParkedReply>, StoreError> {
        self.0.store().processes().parked_replies(domain, page).await
    }

    /// Sends a parked reply to the routers again, as after a deployment that can take it in.
    pub async fn retry_reply(
        &self,
        domain: &Domain,
        parked_reply_id: i64,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        self.retry(domain, parked_reply_id, None, operator, reason).await
    }

    /// Sends it again with another result, where the one that came is not what the process can read.
    pub async fn retry_reply_with<R>(
        &self,
        domain: &Domain,
        parked_reply_id: i64,
        result: &R,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError>
    where
        R: Serialize + Sync + ?Sized,
    {
        let result = seal("result", result)?;
        self.retry(domain, parked_reply_id, Some(&result), operator, reason).await
    }

    async fn retry(
        &self,
        domain: &Domain,
        id: i64,
        result: Option<&RawValue>,
        operator: &str,
        reason: Option<&str>,
    ) -> Result<(), OpsError> {
        let operator = named(operator)?;
        let reason = reason.map(stated).transpose()?;
        let retried = self.0.store().processes().retry_replies(domain, &[id], result, operator, reason).await?;
        if retried.contains(&true) { Ok(()) } else { Err(OpsError::ReplyNotParked { domain: domain.clone(), id }) }
    }
}
