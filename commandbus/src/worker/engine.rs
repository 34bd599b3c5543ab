//! What the parts of a running worker share.

use std::{
    collections::HashSet,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use metrics::counter;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{
    hand::Hand,
    health::{Vitals, WorkerMonitor},
    outbox::Outbox,
    settlement::UnknownTypes,
};
use crate::{
    bus::Bus,
    error::{StoreError, bounded},
    handler::{Registry, Resources},
    message::Domain,
    store::Store,
    telemetry::{field, metric},
};

/// What the builder settled on.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) concurrency: usize,
    pub(super) lease: Duration,
    pub(super) poll_interval: Duration,
    pub(super) grace_period: Duration,
    pub(super) transaction_idle: Duration,
    pub(super) unknown_types: UnknownTypes,
    /// Whether what belongs to the domain runs beside the worker.
    pub(super) companions: bool,
}

/// One worker.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) bus: Bus,
    pub(super) domain: Domain,
    pub(super) registry: Registry,
    pub(super) resources: Resources,
    pub(super) settings: Settings,
    pub(super) hand: Arc<Hand>,
    pub(super) outbox: Outbox,
    pub(super) vitals: Arc<Vitals>,
    /// A settlement left a batch count to be folded.
    pub(super) unfolded: Notify,
    /// Types already warned about.
    pub(super) unknown_types: Mutex<HashSet<String>>,
    /// How many parts hold outcomes or leases that they cannot write. Receiving waits for zero: after an outage our own
    /// expired messages would else come back to us while we still have their outcomes.
    pub(super) stalled: watch::Sender<usize>,
    /// No more receives.
    pub(super) closing: CancellationToken,
    /// No more running.
    pub(super) interrupt: CancellationToken,
    /// No more waiting for a store that does not answer.
    pub(super) abandon: CancellationToken,
    /// No more of anything.
    pub(super) stopped: CancellationToken,
}

impl Engine {
    pub(super) fn new(bus: Bus, domain: Domain, registry: Registry, resources: Resources, settings: Settings) -> Self {
        let interrupt = CancellationToken::new();
        Self {
            hand: Arc::new(Hand::new(settings.concurrency, interrupt.clone())),
            bus,
            domain,
            registry,
            resources,
            settings,
            outbox: Outbox::default(),
            vitals: Arc::new(Vitals::new()),
            unfolded: Notify::new(),
            unknown_types: Mutex::default(),
            stalled: watch::Sender::new(0),
            closing: CancellationToken::new(),
            interrupt,
            abandon: CancellationToken::new(),
            stopped: CancellationToken::new(),
        }
    }

    pub(super) fn store(&self) -> &dyn Store {
        &**self.bus.store()
    }

    pub(super) fn monitor(&self) -> WorkerMonitor {
        WorkerMonitor::new(self.domain.clone(), Arc::clone(&self.vitals), Arc::clone(&self.hand))
    }

    /// Makes a call of the store: bounded in time, noted in health and metrics.
    ///
    /// The bound is the lease: a call that hangs on a dead connection for longer would hold up what it was to protect.
    pub(super) async fn call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = bounded(self.settings.lease, operation, call).await;
        let error = answer.as_ref().err();
        // A store that refuses data, or asks to try again, is there.
        let trouble = error.filter(|error| !matches!(error, StoreError::Conflict { .. } | StoreError::Data { .. }));
        let changed = self.vitals.answered(trouble);
        if let Some(error) = error {
            tracing::debug!({ field::DOMAIN } = %self.domain, operation, %error, "a call of the store failed");
            counter!(metric::STORE_ERRORS, "domain" => self.domain.to_string(), "operation" => operation).increment(1);
        }
        match trouble {
            Some(error) if changed => {
                tracing::warn!({ field::DOMAIN } = %self.domain, operation, %error, "the store fails; trying again");
            }
            None if changed => tracing::info!({ field::DOMAIN } = %self.domain, "the store answers again"),
            _ => {}
        }
        answer
    }
}

/// Counts as stalled until dropped.
#[derive(Debug)]
pub(super) struct Stall<'a>(&'a watch::Sender<usize>);

impl<'a> Stall<'a> {
    pub(super) fn new(stalled: &'a watch::Sender<usize>) -> Self {
        stalled.send_modify(|count| *count += 1);
        Self(stalled)
    }
}

impl Drop for Stall<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
