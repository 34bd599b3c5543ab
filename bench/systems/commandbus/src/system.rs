//! What every system does.

use commandbus::prelude::*;
use protocol::{Error, Meter, Payload, System, locked_version};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    jobs::Job,
    transactional::{self, Entry},
};

/// How many no-op handlers run at once.
const CONCURRENCY: usize = 100;

pub struct Ours {
    pub pool: PgPool,
    pub bus: Bus,
    concurrency: usize,
}

impl Ours {
    /// The same with so many handlers at once.
    pub fn at_once(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }
}

impl System for Ours {
    const NAME: &'static str = "commandbus";
    const ENDS_SETTLED: bool = true;

    fn version() -> String {
        locked_version("commandbus")
    }

    fn settings() -> &'static str {
        "concurrency 100, otherwise as it comes; bulk is one batch"
    }

    async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().min_connections(20).max_connections(20).connect(url).await?;
        Ok(Self { bus: Bus::new(pool.clone()), pool, concurrency: CONCURRENCY })
    }

    async fn prepare(&self) -> Result<(), Error> {
        self.bus.migrate().await?;
        for domain in [&Job::SPEC.domain, &Entry::SPEC.domain] {
            self.bus.store().ensure_queues(domain, &[]).await?;
        }
        transactional::prepare(&self.pool).await
    }

    async fn send(&self, payload: Payload) -> Result<(), Error> {
        Job::new(None, payload).send(&self.bus).await?;
        Ok(())
    }

    async fn send_batch(&self, jobs: usize, bytes: usize) -> Result<(), Error> {
        let jobs = (0..jobs).map(|_| Job::new(None, Payload::of(bytes)));
        Job::batch("bench").extend(jobs).send(&self.bus).await?;
        Ok(())
    }

    async fn work(&self, meter: Meter) -> Result<(), Error> {
        let worker = Worker::new(&self.bus, "bench").provide(meter.clone()).concurrency(self.concurrency).build()?;
        meter.start();
        // Returns when everything that was handled is settled.
        Ok(worker.run_until(async move { meter.finished().await }).await?)
    }
}
