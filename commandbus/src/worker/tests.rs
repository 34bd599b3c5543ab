//! The engine on the store in memory, on a runtime whose time is paused: minutes pass at once, and in order.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Worker, WorkerBuilder, WorkerError, WorkerMonitor};
use crate::{
    bus::Bus,
    handler::{HandlerEntry, HandlerList, Invocation, Outcome, registry::Call},
    message::{Backoff, CommandId, CommandMetadata, CommandSpec, CommandStatus, Domain, Failure},
    store::{Acceptance, NewCommand, Start, Store, memory::MemoryStore},
};

mod building;
mod endings;
mod leases;
mod load;
mod outage;
mod shutdown;

const DOMAIN: Domain = Domain::from_static("payments");
const TIMEOUT: Duration = Duration::from_secs(20);

static ACT: CommandSpec = CommandSpec::new("payments", "Act").with_reply();
static HURRY: CommandSpec = CommandSpec::new("payments", "Hurry").with_timeout(TIMEOUT);
static ENTRIES: [HandlerEntry; 2] = [entry(&ACT), entry(&HURRY)];
const HANDLERS: HandlerList = HandlerList::new(&ENTRIES);

const fn entry(command: &'static CommandSpec) -> HandlerEntry {
    HandlerEntry { command, name: "act", file: file!(), line: line!(), needs: &[], call: act }
}

/// What a test tells the handler to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Act {
    Reply(u32),
    Transient,
    /// Transient before this attempt.
    SucceedAt(u32),
    Permanent,
    Rule,
    Panic,
    /// Takes this many seconds.
    Take(u64),
    /// Runs until the test opens the gate.
    Wait,
    /// Runs for ever.
    Hang,
    /// Runs until it is canceled, and fails then.
    HangUntilCancelled,
}

/// What the handlers did, as the test sees it.
#[derive(Debug, Clone)]
struct Stage {
    calls: Arc<Mutex<Vec<(CommandId, u32)>>>,
    running: Arc<AtomicUsize>,
    peak: Arc<AtomicUsize>,
    cancelled: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Stage {
    fn calls(&self) -> Vec<(CommandId, u32)> {
        self.calls.lock().unwrap().clone()
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

/// One running call, also when it is dropped half-way.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn act(Invocation { context }: Invocation) -> Call {
    Box::pin(async move {
        let inner = &context.inner;
        let stage = inner.resources.get::<Stage>().expect("every test provides it");
        stage.calls.lock().unwrap().push((inner.delivery.token.command_id, inner.delivery.attempt));
        let now_running = stage.running.fetch_add(1, Ordering::SeqCst) + 1;
        stage.peak.fetch_max(now_running, Ordering::SeqCst);
        let _running = Running(Arc::clone(&stage.running));
        let act = match serde_json::from_str::<Act>(inner.delivery.data.get()) {
            Ok(act) => act,
            Err(error) => return Outcome::Undecodable(Failure::permanent("UNDECODABLE", error.to_string())),
        };
        match act {
            Act::Reply(reply) => return Outcome::Done(Some(to_raw_value(&reply).unwrap())),
            Act::SucceedAt(attempt) if inner.delivery.attempt >= attempt => {}
            Act::Transient | Act::SucceedAt(_) => return Outcome::Failed(Failure::transient("BUSY", "try again")),
            Act::Permanent => return Outcome::Failed(Failure::permanent("CLOSED", "account closed")),
            Act::Rule => return Outcome::Failed(Failure::business_rule("NO_FUNDS", "insufficient funds")),
            Act::Panic => panic!("index out of bounds"),
            Act::Take(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            Act::Wait => stage.gate.acquire().await.unwrap().forget(),
            Act::Hang => std::future::pending().await,
            Act::HangUntilCancelled => {
                inner.cancellation.cancelled().await;
                stage.cancelled.fetch_add(1, Ordering::SeqCst);
                return Outcome::Failed(Failure::transient("CANCELLED", "stopped on request"));
            }
        }
        Outcome::Done(None)
    })
}

/// A store, a bus on it, and what handlers did.
struct House {
    memory: Arc<MemoryStore>,
    bus: Bus,
    stage: Stage,
}

impl House {
    async fn new() -> Self {
        let memory = Arc::new(MemoryStore::new());
        Self::on(Arc::clone(&memory), memory).await
    }

    /// With a store in front of the one in memory.
    async fn on(memory: Arc<MemoryStore>, store: Arc<dyn Store>) -> Self {
        memory.ensure_queues(&DOMAIN, &[]).await.unwrap();
        let stage = Stage {
            calls: Arc::default(),
            running: Arc::default(),
            peak: Arc::default(),
            cancelled: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        };
        Self { memory, bus: Bus::from_store(store), stage }
    }

    fn worker(&self) -> WorkerBuilder {
        Worker::new(&self.bus, "payments").provide(self.stage.clone()).handlers(HANDLERS).partial()
    }

    async fn send(&self, act: Act) -> CommandId {
        self.send_as("Act", &to_raw_value(&act).unwrap()).await
    }

    async fn send_as(&self, command_type: &'static str, data: &RawValue) -> CommandId {
        let command_id = CommandId::new();
        let command = NewCommand {
            command_id,
            command_type: command_type.into(),
            correlation_id: Uuid::now_v7(),
            data: data.to_owned(),
            reply_to: None,
            max_attempts: 3,
            start: Start::Now,
            headers: None,
        };
        assert_eq!(self.memory.send(&DOMAIN, &[command]).await.unwrap(), [Acceptance::Sent]);
        command_id
    }

    async fn command(&self, id: CommandId) -> CommandMetadata {
        self.memory.command(&DOMAIN, id).await.unwrap().expect("it was sent")
    }

    async fn until_status(&self, id: CommandId, status: CommandStatus) -> CommandMetadata {
        until(async || self.command(id).await.status == status).await;
        self.command(id).await
    }

    async fn until_running(&self, running: usize) {
        until(async || self.stage.running() == running).await;
    }
}

/// Returns when the condition holds; fails when it does not within an hour of paused time.
async fn until(condition: impl AsyncFn() -> bool) {
    let reached = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3600), reached).await.expect("the condition never held");
}

/// A worker at work, told to stop by `stop`.
struct AtWork {
    shutdown: CancellationToken,
    monitor: WorkerMonitor,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl AtWork {
    fn start(worker: WorkerBuilder) -> Self {
        let worker = worker.build().unwrap();
        let shutdown = CancellationToken::new();
        let monitor = worker.monitor();
        let task = tokio::spawn(worker.run_until(shutdown.clone().cancelled_owned()));
        Self { shutdown, monitor, task }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
        let health = self.monitor.health();
        assert_eq!((health.running, health.waiting, health.in_hand), (0, 0, 0));
    }
}
