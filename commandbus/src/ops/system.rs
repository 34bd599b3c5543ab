//! The whole: queues, workers, figures, and what is wrong.

use super::{OpsError, resolve::signed};
use crate::{
    bus::Bus,
    error::StoreError,
    message::Domain,
    store::{Fault, Latency, QueueOverview, Throughput, Versions, WorkerRecord},
};

/// Where counts of queues stop.
const CAP: u32 = 10_000;

/// The system as a whole: to look at, and to pause.
///
/// ```
/// # use commandbus::{bus::Bus, ops::OpsError};
/// # async fn example(bus: Bus) -> Result<(), OpsError> {
/// for queue in bus.system().queues().await? {
///     println!("{queue:?}");
/// }
/// for fault in bus.system().diagnose().await? {
///     println!("{fault:?}");
/// }
/// bus.system().pause(&"parcels".parse().unwrap(), "olga", Some("the printer burns")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct System(Bus);

impl System {
    /// Where its counts stop: a greater one says that there are more.
    pub const CAP: u64 = CAP as u64;

    pub(super) fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// What the database is, and how old its schema. Answers also before the first migration.
    pub async fn versions(&self) -> Result<Versions, StoreError> {
        self.0.store().admin().versions().await
    }

    /// The queue of each domain; counts stop at 10,001.
    pub async fn queues(&self) -> Result<Vec<QueueOverview>, StoreError> {
        self.0.store().admin().queues(CAP).await
    }

    /// The workers that have said that they live within a day, by domain.
    pub async fn workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        self.0.store().admin().workers().await
    }

    /// What was sent and what ended in the last minutes, by domain and minute. It is made of the newest 50,000 entries of
    /// the audit trail: on a busy system it reaches less far back.
    pub async fn throughput(&self, minutes: u32) -> Result<Vec<Throughput>, StoreError> {
        self.0.store().admin().throughput(minutes).await
    }

    /// How long commands took lately, from sending to completion, by domain.
    pub async fn latency(&self) -> Result<Vec<Latency>, StoreError> {
        self.0.store().admin().latency().await
    }

    /// What is wrong or waits for a person. Looks at every command: work for a person who asks, not for every second.
    pub async fn diagnose(&self) -> Result<Vec<Fault>, StoreError> {
        self.0.store().admin().diagnose().await
    }

    /// Makes the queues of a domain where they are missing.
    pub async fn ensure_queues(&self, domain: &Domain) -> Result<(), StoreError> {
        self.0.store().ensure_queues(domain, &[]).await
    }

    /// Hands out no more commands of a domain; what runs finishes.
    pub async fn pause(&self, domain: &Domain, operator: &str, reason: Option<&str>) -> Result<(), OpsError> {
        let (operator, reason) = signed(operator, reason)?;
        Ok(self.0.store().set_paused(domain, None, true, operator, reason).await?)
    }

    /// Ends a pause.
    pub async fn resume(&self, domain: &Domain, operator: &str, reason: Option<&str>) -> Result<(), OpsError> {
        let (operator, reason) = signed(operator, reason)?;
        Ok(self.0.store().set_paused(domain, None, false, operator, reason).await?)
    }
}
