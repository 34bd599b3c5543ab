//! A database of one test with a bus on it, and workers whose handler does what each command says.

use std::{
    future::{Ready, ready},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use commandbus::{
    handlers,
    message::{CommandId, CommandMetadata, CommandStatus},
    prelude::*,
    worker::{WorkerBuilder, WorkerError, WorkerMonitor},
};
use commandbus_tests::TestDatabase;
use sqlx::{Decode, PgPool, Postgres, Type};
use tokio::{
    runtime,
    sync::{Semaphore, mpsc, oneshot},
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    support::{self, PAYMENTS},
    time::until,
};

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

pub(crate) struct House {
    pub(crate) bus: Bus,
    pub(crate) pool: PgPool,
    pub(crate) stage: Stage,
    // Dropped last: the connections belong to it.
    database: TestDatabase,
}

impl House {
    /// With a bus, and the queues of the domain `payments`.
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let pool = database.pool().await;
        let bus = Bus::new(pool.clone());
        bus.store().ensure_queues(&PAYMENTS, &[]).await.unwrap();
        Self { bus, pool, stage: Stage::new(), database }
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// A bus with connections of its own, as another process has it.
    pub(crate) async fn another_bus(&self) -> Bus {
        Bus::new(self.database.pool().await)
    }

    pub(crate) fn worker(&self) -> WorkerBuilder {
        self.worker_on(&self.bus)
    }

    pub(crate) fn worker_on(&self, bus: &Bus) -> WorkerBuilder {
        worker(bus, &self.stage)
    }

    pub(crate) async fn command(&self, id: CommandId) -> CommandMetadata {
        self.bus.commands().get(&PAYMENTS, id).await.unwrap().expect("it was sent")
    }

    pub(crate) async fn until_status(&self, id: CommandId, status: CommandStatus) -> CommandMetadata {
        until(async || self.command(id).await.status == status).await;
        self.command(id).await
    }

    /// How many commands, batches, audit events and messages there are.
    pub(crate) async fn tables(&self) -> Vec<i64> {
        self.ask(
            "select array[(select count(*) from commandbus.command), (select count(*) from commandbus.batch),
                          (select count(*) from commandbus.audit), (select count(*) from pgmq.q_payments__commands)]",
        )
        .await
    }

    /// Every lease, pause and delay ends now.
    pub(crate) async fn make_visible(&self) {
        self.run("update pgmq.q_payments__commands set vt = clock_timestamp() - interval '1 second'").await;
    }

    /// From now on a procedure does what it does, and notifies nobody.
    pub(crate) async fn silence(&self, procedure: &str) {
        let definition: String = self.ask(&format!("select pg_get_functiondef('{procedure}'::regprocedure)")).await;
        assert!(definition.contains("pg_notify("), "{procedure} notifies nobody");
        self.run(&definition.replace("pg_notify(", "concat(")).await;
    }

    /// Waits until somebody listens on a channel.
    pub(crate) async fn until_heard(&self, channel: &str) {
        until(async || !self.listeners(channel).await.is_empty()).await;
    }

    /// The connections that listen on a channel, and that came to it last.
    pub(crate) async fn listeners(&self, channel: &str) -> Vec<i32> {
        self.column(&format!(
            "select pid from pg_stat_activity
             where datname = current_database() and state = 'idle' and query ilike 'listen%\"{channel}\"%'"
        ))
        .await
    }

    pub(crate) async fn run(&self, sql: &str) {
        support::run(&self.pool, sql).await;
    }

    pub(crate) async fn ask<T>(&self, sql: &str) -> T
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        support::ask(&self.pool, sql).await
    }

    pub(crate) async fn column<T>(&self, sql: &str) -> Vec<T>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        support::column(&self.pool, sql).await
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

/// A worker at work, told to stop by `stop`.
pub(crate) struct AtWork {
    pub(crate) monitor: WorkerMonitor,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl AtWork {
    pub(crate) fn start(worker: WorkerBuilder) -> Self {
        let worker = worker.build().unwrap();
        let monitor = worker.monitor();
        let (shutdown, told) = oneshot::channel();
        let task = tokio::spawn(worker.run_until(async {
            let _ = told.await;
        }));
        Self { monitor, shutdown, task }
    }

    /// Ends it in order; it must have had no error.
    pub(crate) async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it as a crash does: at once, wherever it is.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Runs something as another process would: on a runtime of its own, which ends with everything that was left on it.
pub(crate) async fn in_another_process<T, F>(work: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    spawn_blocking(|| {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(work())
    })
    .await
    .unwrap()
}

/// A callback for one batch, and where it shows. The channel closes when the callback is gone.
pub(crate) fn recorder()
-> (impl FnOnce(BatchMetadata) -> Ready<()> + Send + 'static, mpsc::UnboundedReceiver<BatchMetadata>) {
    let (called, calls) = mpsc::unbounded_channel();
    let callback = move |batch| {
        // Nobody listens any more when the test has failed.
        let _ = called.send(batch);
        ready(())
    };
    (callback, calls)
}
