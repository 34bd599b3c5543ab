//! A store with a bus on it, workers and routers, and short words for what the scenarios do with orders.

use std::{panic::AssertUnwindSafe, sync::Mutex, time::Duration};

use commandbus::{
    bus::Bus,
    message::{CommandId, Domain, Outcome, ProcessId, ProcessMetadata, ProcessStatus, SentStep, StepRole},
    prelude::*,
    process::Router,
    store::{Page, ParkedFilter, ProcessFilter},
    worker::WorkerBuilder,
};
use futures_util::FutureExt;
use tokio::{sync::oneshot, task::JoinHandle};

use super::order::{Order, Stage};
use crate::{contract::harness::Harness, house::AtWork, time::until};

pub(crate) static ORDERS: Domain = Domain::from_static("flow_orders");
pub(crate) static HOME: Domain = Domain::from_static("flow_home");
pub(crate) static ABROAD: Domain = Domain::from_static("flow_abroad");

/// Nothing that is received comes again by itself, however far the clock is turned.
const LEASE: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Hall {
    pub(crate) bus: Bus,
    pub(crate) stage: Stage,
    pub(crate) harness: Box<dyn Harness>,
    /// They work until the end of the test.
    workers: Mutex<Vec<AtWork>>,
}

impl Hall {
    pub(crate) fn new(harness: Box<dyn Harness>) -> Self {
        Self { bus: Bus::from_store(harness.store()), stage: Stage::default(), harness, workers: Mutex::default() }
    }

    /// Another bus on the same store.
    pub(crate) fn another_bus(&self) -> Bus {
        Bus::from_store(self.harness.store())
    }

    // ---- working

    /// Workers of both domains and a router.
    pub(crate) fn open(&self) {
        self.work(&HOME);
        self.work(&ABROAD);
        self.route();
    }

    /// A worker until the end of the test.
    pub(crate) fn work(&self, domain: &Domain) {
        let worker = self.worker(domain);
        self.workers.lock().unwrap().push(worker);
    }

    pub(crate) fn worker(&self, domain: &Domain) -> AtWork {
        AtWork::start(worker(&self.bus, domain, &self.stage))
    }

    /// A router until it is stopped, or until the end of the test.
    pub(crate) fn route(&self) -> Routing {
        Routing::start(router(&self.another_bus()))
    }

    pub(crate) async fn start(&self, order: Order) -> ProcessId {
        order.start(&self.bus).await.unwrap().id()
    }

    // ---- asking

    pub(crate) async fn order(&self, id: ProcessId) -> ProcessMetadata {
        self.bus.processes().get(&ORDERS, id).await.unwrap().expect("it was started")
    }

    pub(crate) async fn steps(&self, id: ProcessId) -> Vec<SentStep> {
        self.bus.processes().steps(&ORDERS, id).await.unwrap()
    }

    /// What an order sent, as in `reserve debit -reserve`.
    pub(crate) async fn sent(&self, id: ProcessId) -> String {
        self.steps(id).await.iter().map(name_of).collect::<Vec<_>>().join(" ")
    }

    /// The last command that an order sent of this name.
    pub(crate) async fn command(&self, id: ProcessId, what: &str) -> CommandId {
        let steps = self.steps(id).await;
        steps.iter().rfind(|step| name_of(step) == what).expect("it was sent").command_id
    }

    pub(crate) async fn until_sent(&self, id: ProcessId, what: &str) -> CommandId {
        until(async || self.steps(id).await.iter().any(|step| name_of(step) == what)).await;
        self.command(id, what).await
    }

    /// Waits until this is the only command without a reply, and its handler was called.
    pub(crate) async fn until_only(&self, id: ProcessId, what: &str) -> CommandId {
        let is_open = |step: &&SentStep| step.outcome.is_none();
        until(async || self.steps(id).await.iter().filter(is_open).map(name_of).eq([what.to_owned()])).await;
        let command = self.command(id, what).await;
        self.stage.until_called(command).await;
        command
    }

    pub(crate) async fn until_status(&self, id: ProcessId, status: ProcessStatus) -> ProcessMetadata {
        until(async || self.order(id).await.status == status).await;
        self.order(id).await
    }

    /// Waits until a command is parked, which its process tells.
    pub(crate) async fn until_parked(&self, id: ProcessId, what: &str) -> CommandId {
        let command = self.until_sent(id, what).await;
        let mut filter = ParkedFilter::default();
        filter.command_id = Some(command);
        until(async || self.bus.troubleshooting().count(&filter).await.unwrap() == 1).await;
        assert_eq!(self.order(id).await.parked_count, 1);
        command
    }

    /// Waits for the end of an order, and looks whether all of it is in order.
    pub(crate) async fn end(&self, id: ProcessId) -> ProcessMetadata {
        until(async || self.order(id).await.status.is_terminal()).await;
        let order = self.order(id).await;
        assert_eq!(order.parked_count, 0);
        assert!(order.completed_at.is_some());
        check(&self.steps(id).await);
        order
    }

    /// How an order ended: what it sent, its status, and the cause.
    pub(crate) async fn ending(&self, id: ProcessId) -> (String, ProcessStatus, Option<String>) {
        let order = self.end(id).await;
        (self.sent(id).await, order.status, order.error_code)
    }

    pub(crate) async fn heard(&self, id: ProcessId) -> Vec<String> {
        Order::started(&self.bus, id).state().await.unwrap().heard
    }

    /// Every reply was taken in by its process.
    pub(crate) async fn check_all_taken(&self) {
        let queue = ORDERS.process_replies_queue();
        until(async || self.harness.messages(&queue).await.is_empty()).await;
        assert!(self.harness.archived(&queue).await.is_empty(), "none was stray");
        let filter = ProcessFilter::in_domain(ORDERS.clone());
        for order in self.bus.processes().list(&filter, Page::first(10_000)).await.unwrap() {
            let strays = self.bus.processes().stray_replies(&ORDERS, order.process_id).await.unwrap();
            assert!(strays.is_empty(), "{strays:?}");
        }
    }
}

pub(crate) fn worker(bus: &Bus, domain: &Domain, stage: &Stage) -> WorkerBuilder {
    Worker::new(bus, domain.as_str())
        .provide(stage.clone())
        .lease(LEASE)
        .poll_interval(Duration::from_millis(100))
        .grace_period(Duration::from_secs(60))
}

pub(crate) fn router(bus: &Bus) -> Router {
    Router::new(bus, ORDERS.as_str()).unwrap().lease(LEASE).poll_interval(Duration::from_millis(50))
}

/// A router at work.
pub(crate) struct Routing {
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Routing {
    pub(crate) fn start(router: Router) -> Self {
        let (shutdown, told) = oneshot::channel();
        let task = tokio::spawn(router.run_until(async {
            if told.await.is_err() {
                // Nobody will stop it: it runs as long as the test.
                std::future::pending().await
            }
        }));
        Self { shutdown, task }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.task.await.unwrap();
    }

    /// Ends it as a crash does: at once, wherever it is.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

pub(crate) fn name_of(step: &SentStep) -> String {
    let sign = if step.role == StepRole::Step { "" } else { "-" };
    format!("{sign}{}", step.step_name)
}

/// What holds of every order that has ended: nothing is in flight; what was undone had succeeded, newest first, and one
/// after the other, when nothing was in flight any more.
pub(crate) fn check(steps: &[SentStep]) {
    assert!(steps.iter().all(|step| step.outcome.is_some() && step.received_at.is_some()), "{steps:#?}");
    let undos = steps.iter().filter(|step| step.role != StepRole::Step);
    let mut above = steps.len();
    let mut free_since =
        steps.iter().filter(|step| step.role == StepRole::Step).filter_map(|step| step.received_at).max();
    for undo in undos {
        let StepRole::Undo { undoes } = undo.role else { unreachable!("they were chosen by it") };
        let place = steps.iter().position(|step| step.command_id == undoes).expect("it undoes what was sent");
        let undone = &steps[place];
        assert!(place < above, "the newest first: {steps:#?}");
        assert_eq!((&undone.step_name, undone.outcome), (&undo.step_name, Some(Outcome::Success)));
        assert!(Some(undo.sent_at) >= free_since, "nothing was in flight: {steps:#?}");
        (above, free_since) = (place, undo.received_at);
    }
}

/// Runs one case of a table; when it fails, it says which.
pub(crate) async fn case(name: impl std::fmt::Display, run: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(run).catch_unwind().await {
        let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        panic!("case `{name}`: {text}");
    }
}
