//! Workers on PostgreSQL: what the store in memory cannot show.

mod draining;
mod transactional;

use std::time::Duration;

use commandbus::{
    bus::Bus,
    handler::HandlerList,
    message::{CommandId, CommandMetadata, CommandStatus, Domain},
    worker::{Worker, WorkerBuilder, WorkerError},
};
use commandbus_tests::TestDatabase;
use sqlx::PgPool;
use tokio::{sync::oneshot, task::JoinHandle};

/// A database, a bus on it, and a table to write into.
struct House {
    pool: PgPool,
    bus: Bus,
    domain: Domain,
    // Dropped last.
    _database: TestDatabase,
}

impl House {
    async fn new(domain: &'static str) -> Self {
        let database = TestDatabase::new().await;
        let pool = database.pool().await;
        sqlx::raw_sql("create table effect (n int, constraint once unique (n) deferrable initially deferred)")
            .execute(&pool)
            .await
            .unwrap();
        Self { bus: Bus::new(pool.clone()), pool, domain: Domain::from_static(domain), _database: database }
    }

    fn worker(&self, handlers: HandlerList) -> WorkerBuilder {
        Worker::new(&self.bus, self.domain.as_str())
            .handlers(handlers)
            .partial()
            .poll_interval(Duration::from_millis(50))
            .grace_period(Duration::from_secs(1))
    }

    async fn command(&self, id: CommandId) -> CommandMetadata {
        self.bus.store().command(&self.domain, id).await.unwrap().expect("it was sent")
    }

    /// The command once an attempt of it is over.
    async fn once_settled(&self, id: CommandId) -> CommandMetadata {
        until(async || {
            let command = self.command(id).await;
            command.delivery > 0 && command.status != CommandStatus::InProgress
        })
        .await;
        self.command(id).await
    }

    /// What handlers have written and committed.
    async fn effects(&self) -> Vec<i32> {
        sqlx::query_scalar("select n from effect order by n").fetch_all(&self.pool).await.unwrap()
    }
}

/// Returns when the condition holds; fails when it does not within half a minute.
async fn until(condition: impl AsyncFn() -> bool) {
    let reached = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reached).await.expect("the condition never held");
}

/// A worker at work, told to stop by `stop`.
struct AtWork {
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl AtWork {
    fn start(worker: WorkerBuilder) -> Self {
        let worker = worker.build().unwrap();
        let (shutdown, told) = oneshot::channel();
        let task = tokio::spawn(worker.run_until(async {
            let _ = told.await;
        }));
        Self { shutdown, task }
    }

    async fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}
