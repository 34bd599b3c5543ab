//! apalis with its PostgreSQL storage: a row for each job, kept.

use std::time::Duration;

use apalis::prelude::*;
use apalis_postgres::{Config, PostgresStorage};
use clap::Parser as _;
use protocol::{Arguments, Error, Meter, Payload, System, chunks, locked_version};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::runtime::Handle;

const QUEUE: &str = "jobs";

struct Apalis {
    pool: PgPool,
}

impl Apalis {
    fn storage(&self) -> PostgresStorage<Payload> {
        let config = Config::default().queue(QUEUE).batch_size(100).lock_tasks(false);
        PostgresStorage::new(&self.pool).with_config(config)
    }
}

impl System for Apalis {
    const NAME: &'static str = "apalis";

    fn version() -> String {
        locked_version("apalis-postgres")
    }

    fn settings() -> &'static str {
        "apalis-postgres, batches of 100, no lock per task, pubsub and a look every 50 ms, parallelized by tokio::spawn (its examples/basic.rs), push_bulk of 1000"
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().min_connections(50).max_connections(50).connect(url).await?;
        Ok(Self { pool })
    }

    async fn prepare(&self) -> Result<(), Error> {
        Ok(PostgresStorage::setup(&self.pool).await?)
    }

    async fn send(&self, payload: Payload) -> Result<(), Error> {
        Ok(self.storage().push(payload).await?)
    }

    async fn send_batch(&self, jobs: usize, bytes: usize) -> Result<(), Error> {
        let mut storage = self.storage();
        for chunk in chunks(jobs, bytes) {
            storage.push_bulk(chunk).await?;
        }
        Ok(())
    }

    async fn work(&self, meter: Meter) -> Result<(), Error> {
        let backend = self.storage().with_pubsub().poll_with_interval(Duration::from_millis(50));
        // On a thread of its own: the compiler cannot prove that its future may be sent to another.
        let running = tokio::task::spawn_blocking(move || {
            let worker = WorkerBuilder::new("worker")
                .backend(backend)
                .data(meter.clone())
                .parallelize(tokio::spawn)
                .build(handle);
            meter.start();
            Handle::current().block_on(worker.run_until(async move {
                meter.finished().await;
                Ok::<(), std::io::Error>(())
            }))
        });
        running.await??;
        Ok(())
    }
}

async fn handle(payload: Payload, meter: Data<Meter>) -> Result<(), BoxDynError> {
    meter.handled(&payload);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    protocol::print(&protocol::run::<Apalis>(&Arguments::parse()).await?);
    Ok(())
}
