//! Workers on PostgreSQL: what the store in memory cannot show, bad days included.

mod crashes;
mod draining;
mod endings;
mod leases;
mod outages;
mod strangers;
mod transactional;
mod versions;

use std::time::Duration;

use commandbus::{
    bus::Bus,
    handler::HandlerList,
    message::{CommandId, CommandMetadata, CommandStatus, Domain},
    worker::{Worker, WorkerBuilder},
};
use commandbus_tests::TestDatabase;
use sqlx::PgPool;

use crate::time::until;

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
