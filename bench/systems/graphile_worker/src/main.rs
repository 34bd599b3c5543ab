//! graphile_worker, the Rust one: a row for each job, deleted when it is done, no history.

use std::{sync::Arc, time::Duration};

use clap::Parser;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions, WorkerUtils,
};
use protocol::{Arguments, Error, Meter, Payload, System, chunks, locked_version};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};

#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Job(Payload);

impl TaskHandler for Job {
    const IDENTIFIER: &'static str = "job";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let meter: &Meter = context.get_ext().expect("it was given to the worker");
        meter.handled(&self.0);
        Ok::<(), String>(())
    }
}

struct GraphileWorker {
    pool: PgPool,
    utils: WorkerUtils,
}

impl System for GraphileWorker {
    const NAME: &'static str = "graphile_worker";

    fn version() -> String {
        locked_version("graphile_worker")
    }

    /// The repository's own benchmark `perf_test` has 5,000 in the local queue and 500 at once: slower than 500 here.
    fn settings() -> &'static str {
        "local queue of 500, 100 at once, completions gathered for 5 ms, poll 10 ms when looking, add_jobs of 1000 (its benches/perf_test.rs)"
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().min_connections(50).max_connections(50).connect(url).await?;
        Ok(Self { utils: WorkerUtils::new(pool.clone(), "graphile_worker"), pool })
    }

    async fn prepare(&self) -> Result<(), Error> {
        Ok(self.utils.migrate().await?)
    }

    async fn send(&self, payload: Payload) -> Result<(), Error> {
        self.utils.add_job(Job(payload), JobSpec::default()).await?;
        Ok(())
    }

    async fn send_batch(&self, jobs: usize, bytes: usize) -> Result<(), Error> {
        let spec = JobSpec::default();
        for chunk in chunks(jobs, bytes) {
            let jobs: Vec<_> = chunk.into_iter().map(|payload| (Job(payload), &spec)).collect();
            self.utils.add_jobs(&jobs).await?;
        }
        Ok(())
    }

    async fn work(&self, meter: Meter) -> Result<(), Error> {
        let worker = WorkerOptions::default()
            .pg_pool(self.pool.clone())
            .schema("graphile_worker")
            .concurrency(100)
            .poll_interval(Duration::from_millis(10))
            .complete_job_batch_delay(Duration::from_millis(5))
            .local_queue(LocalQueueConfig::default().with_size(500))
            .listen_os_shutdown_signals(false)
            .add_extension(meter.clone())
            .define_job::<Job>()
            .init()
            .await?;
        let worker = Arc::new(worker);
        meter.start();
        let running = tokio::spawn({
            let worker = Arc::clone(&worker);
            async move { worker.run().await }
        });
        meter.finished().await;
        worker.request_shutdown();
        Ok(running.await??)
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    protocol::print(&protocol::run::<GraphileWorker>(&Arguments::parse()).await?);
    Ok(())
}
