//! The same through commandbus: rows, exact states, audit, batch counts.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use commandbus::prelude::*;
use futures_util::future::try_join_all;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::sync::Notify;

use crate::{Error, Payload, figures::percentile};

#[command(domain = "bench", group_by = group)]
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<usize>,
    /// Seconds since the measurement began.
    sent: f64,
    payload: Payload,
}

impl Job {
    fn new(group: Option<usize>) -> Self {
        Self { group, sent: 0.0, payload: Payload::new() }
    }
}

/// What the handler reports to.
#[derive(Clone)]
struct Meter {
    start: Instant,
    left: Arc<AtomicUsize>,
    done: Arc<Notify>,
    latencies: Arc<Mutex<Vec<f64>>>,
}

impl Meter {
    fn new(jobs: usize) -> Self {
        Self {
            start: Instant::now(),
            left: Arc::new(AtomicUsize::new(jobs)),
            done: Arc::default(),
            latencies: Arc::default(),
        }
    }
}

#[handler]
async fn job(cmd: Job, State(meter): State<Meter>) {
    meter.latencies.lock().unwrap().push((meter.start.elapsed().as_secs_f64() - cmd.sent) * 1e3);
    if meter.left.fetch_sub(1, Ordering::Relaxed) == 1 {
        meter.done.notify_one();
    }
}

pub struct Ours {
    pool: PgPool,
    pub(crate) bus: Bus,
}

impl Ours {
    pub async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new().max_connections(60).connect(url).await?;
        let bus = Bus::new(pool.clone());
        bus.store().ensure_queues(&Job::SPEC.domain, &[]).await?;
        Ok(Self { pool, bus })
    }

    pub async fn purge(&self) -> Result<(), Error> {
        sqlx::raw_sql(
            "select pgmq.purge_queue(m.queue_name) from pgmq.meta m where m.queue_name ~ '^bench(_work|_flow)?__';
             truncate commandbus.command, commandbus.audit, commandbus.batch, commandbus.process, commandbus.process_audit,
                      commandbus.grouped_command, commandbus.group_due;",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub async fn send_one(&self, callers: usize, span: Duration) -> Result<f64, Error> {
        self.purge().await?;
        let sent = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        try_join_all((0..callers).map(|_| {
            let (bus, sent) = (self.bus.clone(), Arc::clone(&sent));
            tokio::spawn(async move {
                while start.elapsed() < span {
                    Job::new(None).send(&bus).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, commandbus::bus::SendError>(())
            })
        }))
        .await?
        .into_iter()
        .collect::<Result<(), _>>()?;
        let rate = sent.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
        let rows: i64 = sqlx::query_scalar("select count(*) from commandbus.command").fetch_one(&self.pool).await?;
        assert_eq!(rows as u64, sent.load(Ordering::Relaxed), "every send has its row");
        Ok(rate)
    }

    pub async fn send_batch(&self, count: usize) -> Result<f64, Error> {
        let start = Instant::now();
        Job::batch("bench")
            .extend((0..count).map(|_| Job::new(None)))
            .send(&self.bus)
            .await?;
        Ok(count as f64 / start.elapsed().as_secs_f64())
    }

    pub async fn drain(&self, count: usize, in_batch: bool) -> Result<f64, Error> {
        self.purge().await?;
        if in_batch {
            self.send_batch(count).await?;
        } else {
            self.bus.send_many((0..count).map(|_| Job::new(None))).await?;
        }
        self.run(count).await
    }

    /// Groups of this size, side by side.
    pub async fn drain_groups(&self, count: usize, size: usize) -> Result<f64, Error> {
        self.purge().await?;
        let groups = count.div_ceil(size);
        self.bus.send_many((0..count).map(|n| Job::new(Some(n % groups)))).await?;
        self.run(count).await
    }

    /// Ungrouped ones, in a domain where a thousand others wait behind one that is not to run yet.
    pub async fn drain_beside_groups(&self, count: usize) -> Result<f64, Error> {
        self.purge().await?;
        Job::new(Some(0)).send(&self.bus).delay(Duration::from_secs(24 * 3600)).await?;
        self.bus.send_many((0..1000).map(|_| Job::new(Some(0)))).await?;
        self.bus.send_many((0..count).map(|_| Job::new(None))).await?;
        self.run(count).await
    }

    /// Handles what waits; how many a second.
    async fn run(&self, count: usize) -> Result<f64, Error> {
        let meter = Meter::new(count);
        sqlx::raw_sql("create extension if not exists pg_stat_statements; select pg_stat_statements_reset()").execute(&self.pool).await?;
        let before = crate::cpu(&self.pool).await;
        let start = Instant::now();
        let done = Arc::clone(&meter.done);
        // Returns when everything that was handled is settled.
        self.worker(meter)?.run_until(async move { done.notified().await }).await?;
        let rate = count as f64 / start.elapsed().as_secs_f64();
        let after = crate::cpu(&self.pool).await;
        eprintln!("ours: client {:.1} server {:.1} us/job", (after.0-before.0)*1e4/count as f64, (after.1-before.1)*1e4/count as f64);
        if std::env::var("CALLS").is_ok() { crate::calls(&self.pool, count).await; }
        let completed: i64 = sqlx::query_scalar("select count(*) from commandbus.command where status = 'COMPLETED'")
            .fetch_one(&self.pool)
            .await?;
        assert_eq!(completed as usize, count, "every command completed");
        Ok(rate)
    }

    pub async fn latency(&self, rate: u32, span: Duration) -> Result<(f64, f64), Error> {
        self.purge().await?;
        let total = (span.as_secs_f64() * f64::from(rate)) as usize;
        let meter = Meter::new(total);
        let (done, start, latencies) = (Arc::clone(&meter.done), meter.start, Arc::clone(&meter.latencies));
        let worker = self.worker(meter)?;
        let worker = tokio::spawn(worker.run_until(async move { done.notified().await }));
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
        for _ in 0..total {
            ticks.tick().await;
            Job { sent: start.elapsed().as_secs_f64(), ..Job::new(None) }.send(&self.bus).await?;
        }
        worker.await??;
        let mut latencies = std::mem::take(&mut *latencies.lock().unwrap());
        Ok((percentile(&mut latencies, 0.5), percentile(&mut latencies, 0.99)))
    }

    fn worker(&self, meter: Meter) -> Result<Worker, Error> {
        Ok(Worker::new(&self.bus, "bench").provide(meter).concurrency(100).build()?)
    }
}
