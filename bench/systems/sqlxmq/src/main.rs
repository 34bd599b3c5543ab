//! sqlxmq: a row for each job, deleted when it is done. One statement for each completion.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use protocol::{Arguments, Error, Meter, Payload, System, chunks, locked_version};
use sqlx::{PgPool, postgres::PgPoolOptions};
use sqlxmq::{CurrentJob, JobBuilder, JobRunnerOptions};

struct Sqlxmq {
    pool: PgPool,
}

impl System for Sqlxmq {
    const NAME: &'static str = "sqlxmq";

    fn version() -> String {
        locked_version("sqlxmq")
    }

    fn settings() -> &'static str {
        "50 to 100 at once; it has no way to send many"
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().min_connections(50).max_connections(50).connect(url).await?;
        Ok(Self { pool })
    }

    /// Its documentation says to copy its migrations.
    async fn prepare(&self) -> Result<(), Error> {
        Ok(sqlx::migrate!().run(&self.pool).await?)
    }

    async fn send(&self, payload: Payload) -> Result<(), Error> {
        JobBuilder::new("job").set_json(&payload)?.spawn(&self.pool).await?;
        Ok(())
    }

    /// One transaction spares it the wait for the disk, which is all that can be done.
    async fn send_batch(&self, jobs: usize, bytes: usize) -> Result<(), Error> {
        for chunk in chunks(jobs, bytes) {
            let mut transaction = self.pool.begin().await?;
            for payload in &chunk {
                JobBuilder::new("job").set_json(payload)?.spawn(&mut *transaction).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }

    async fn work(&self, meter: Meter) -> Result<(), Error> {
        let handlers = Arc::new(meter.clone());
        let handle = move |mut job: CurrentJob| {
            let meter = Arc::clone(&handlers);
            tokio::spawn(async move {
                match job.json::<Payload>() {
                    Ok(Some(payload)) => meter.see(&payload),
                    other => panic!("every job has a payload: {other:?}"),
                }
                job.complete().await.expect("the database is there");
                meter.count(1);
            });
        };
        meter.start();
        let mut runner = JobRunnerOptions::new(&self.pool, handle).set_concurrency(50, 100).run().await?;
        meter.finished().await;
        runner.wait_jobs_finish(Duration::from_secs(10)).await;
        runner.stop().await;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    protocol::print(&protocol::run::<Sqlxmq>(&Arguments::parse()).await?);
    Ok(())
}
