//! Commands that say what their handler is to do.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use commandbus::{handlers, message::CommandId, prelude::*, worker::WorkerBuilder};
use tokio::sync::Semaphore;

use crate::time::until;

#[command(domain = "payments", reply = Receipt, aliases("Debit"), backoff = "1h")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DebitAccount {
    pub(crate) cents: i64,
    pub(crate) does: Does,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) cents: i64,
}

/// What the handler is to do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Does {
    Succeed,
    /// A business rule.
    Refuse,
    /// A permanent error.
    Park,
    /// A transient error.
    Fail,
    Panic,
    /// Succeeds once the test opens the gate.
    Wait,
}

#[command(domain = "billing")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CloseMonth {
    pub(crate) month: String,
}

#[handler]
async fn debit_account(
    DebitAccount { cents, does }: DebitAccount,
    context: Context,
    State(stage): State<Stage>,
) -> Result<Receipt, Failure> {
    let _running = stage.enter(context.command_id());
    match does {
        Does::Succeed => {}
        Does::Refuse => return Err(Failure::business_rule("INSUFFICIENT_FUNDS", "insufficient funds")),
        Does::Park => return Err(Failure::permanent("ACCOUNT_CLOSED", "the account is closed")),
        Does::Fail => return Err(Failure::transient("BANK_BUSY", "the bank is busy")),
        Does::Panic => panic!("no such branch"),
        Does::Wait => stage.gate.acquire().await.expect("it is never closed").forget(),
    }
    Ok(Receipt { cents })
}

pub(crate) fn debit(does: Does) -> DebitAccount {
    DebitAccount { cents: 950, does }
}

/// What handlers did, and what they wait for; shared by all workers of a house.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    calls: Arc<Mutex<Vec<CommandId>>>,
    running: Arc<AtomicUsize>,
    most_running: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            calls: Arc::default(),
            running: Arc::default(),
            most_running: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    fn enter(&self, id: CommandId) -> Running {
        self.calls.lock().unwrap().push(id);
        let now_running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(now_running, Ordering::SeqCst);
        Running(Arc::clone(&self.running))
    }

    /// Which commands were handled, in the order of the calls.
    pub(crate) fn calls(&self) -> Vec<CommandId> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) async fn until_running(&self, count: usize) {
        until(async || self.running() == count).await;
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// How many ever ran at once.
    pub(crate) fn most_running(&self) -> usize {
        self.most_running.load(Ordering::SeqCst)
    }

    /// Lets that many handlers go on.
    pub(crate) fn open(&self, count: usize) {
        self.gate.add_permits(count);
    }
}

/// One running call, also when it is dropped half-way.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A worker of `payments` that looks often and does not wait long for its end.
pub(crate) fn worker(bus: &Bus, stage: &Stage) -> WorkerBuilder {
    Worker::new(bus, "payments")
        .handlers(handlers![debit_account])
        .partial()
        .provide(stage.clone())
        .poll_interval(Duration::from_millis(100))
        .grace_period(Duration::from_millis(200))
}
