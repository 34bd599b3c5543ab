//! A database of one test with a bus on it, and workers whose handler does what each command says.

mod script;

use std::future::{Ready, ready};

use commandbus::{
    message::{CommandId, CommandMetadata, CommandStatus},
    prelude::*,
    worker::{WorkerBuilder, WorkerError, WorkerMonitor},
};
use commandbus_tests::TestDatabase;
use sqlx::{Connection, Decode, PgConnection, PgPool, Postgres, Type};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_blocking},
};

pub(crate) use self::script::{CloseMonth, DebitAccount, Does, Receipt, Stage, debit, worker};
use crate::{
    support::{self, PAYMENTS},
    time::until,
};

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

    /// Fails if PostgreSQL resolved a deadlock.
    pub(crate) async fn assert_no_deadlock(self) {
        assert_no_deadlock(self.url()).await;
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

/// Fails if PostgreSQL resolved a deadlock. Cuts every connection to the database, whose statistics are complete only then.
pub(crate) async fn assert_no_deadlock(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    // In two steps: in one, PostgreSQL may ask the function first, and so cut everybody.
    let others = "select pid from pg_stat_activity where datname = current_database()
                  and backend_type = 'client backend' and pid <> pg_backend_pid()";
    let pids: Vec<i32> = sqlx::query_scalar(others).fetch_all(&mut connection).await.unwrap();
    let cut = sqlx::query("select pg_terminate_backend(pid) from unnest($1) as pid").bind(&pids);
    cut.execute(&mut connection).await.unwrap();
    let gone = format!("select not exists (select from pg_stat_activity where pid = any(array{pids:?}::int[]))");
    support::eventually(&mut connection, &gone).await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    let deadlocks: i64 = sqlx::query_scalar(deadlocks).fetch_one(&mut connection).await.unwrap();
    assert_eq!(deadlocks, 0);
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
