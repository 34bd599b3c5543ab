//! River's client for Rust: a row for each job, kept for a day after its completion.

use std::time::Duration;

use clap::Parser;
use protocol::{Arguments, Error, Meter, Payload, System, chunks, locked_version};
use riverqueue::{
    BoxError, Client, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers, migrate::PostgresMigrator,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

#[derive(Clone, Debug, Deserialize, JobArgs, Serialize)]
#[river(kind = "job")]
struct Work {
    #[serde(flatten)]
    payload: Payload,
}

struct River {
    pool: PgPool,
    sender: Client,
}

impl System for River {
    const NAME: &'static str = "riverqueue";

    fn version() -> String {
        locked_version("riverqueue")
    }

    fn settings() -> &'static str {
        "1000 workers, fetch cooldown 1 ms (the least it takes), insert_many of 1000"
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().min_connections(50).max_connections(50).connect(url).await?;
        let sender = Client::builder(pool.clone()).build()?;
        Ok(Self { pool, sender })
    }

    async fn prepare(&self) -> Result<(), Error> {
        PostgresMigrator::new(self.pool.clone()).migrate_up().await?;
        Ok(())
    }

    async fn send(&self, payload: Payload) -> Result<(), Error> {
        self.sender.insert(Work { payload }).await?;
        Ok(())
    }

    async fn send_batch(&self, jobs: usize, bytes: usize) -> Result<(), Error> {
        for chunk in chunks(jobs, bytes) {
            self.sender.insert_many(chunk.into_iter().map(|payload| Work { payload })).await?;
        }
        Ok(())
    }

    async fn work(&self, meter: Meter) -> Result<(), Error> {
        let mut workers = Workers::new();
        let handlers = meter.clone();
        workers.add_fn(move |_: WorkContext, job: Job<Work>| {
            let meter = handlers.clone();
            async move {
                meter.handled(&job.args.payload);
                Ok::<_, BoxError>(WorkOutcome::Complete)
            }
        })?;
        let client = Client::builder(self.pool.clone())
            .workers(workers)
            .queue("default", QueueConfig::new(1000))
            .fetch_cooldown(Duration::from_millis(1))
            .build()?;
        meter.start();
        let mut running = client.start()?;
        meter.finished().await;
        running.stop().await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    protocol::print(&protocol::run::<River>(&Arguments::parse()).await?);
    Ok(())
}
