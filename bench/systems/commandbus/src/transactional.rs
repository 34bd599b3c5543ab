//! Handlers that write a row in the transaction that settles their command.

use std::time::Instant;

use commandbus::prelude::*;
use protocol::{Answer, Error, Meter, Payload};
use sqlx::PgPool;

use crate::{answer, arguments::OurTask, system::Ours};

#[command(domain = "bench_tx")]
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    payload: Payload,
}

#[handler]
async fn enter(entry: Entry, State(meter): State<Meter>, mut tx: Tx) -> Result<(), sqlx::Error> {
    sqlx::query("insert into bench_ledger (account, cents) values ($1, $2)")
        .bind(entry.payload.account)
        .bind(entry.payload.cents)
        .execute(&mut *tx)
        .await?;
    meter.handled(&entry.payload);
    Ok(())
}

/// The table that the handler writes to.
pub async fn prepare(pool: &PgPool) -> Result<(), Error> {
    sqlx::query("create table bench_ledger (account uuid not null, cents bigint not null)").execute(pool).await?;
    Ok(())
}

pub async fn send(ours: &Ours, jobs: usize, batch: bool) -> Result<Answer, Error> {
    let start = Instant::now();
    let entries = (0..jobs).map(|_| Entry { payload: Payload::of(0) });
    if batch {
        Entry::batch("bench").extend(entries).send(&ours.bus).await?;
    } else {
        ours.bus.send_many(entries).await?;
    }
    Ok(answer(&OurTask::SendTransactional { jobs, batch }, jobs, start.elapsed().as_secs_f64()))
}

pub async fn drain(ours: &Ours, jobs: usize, concurrency: usize) -> Result<Answer, Error> {
    let meter = Meter::of(jobs);
    let worker = Worker::new(&ours.bus, "bench_tx").provide(meter.clone()).concurrency(concurrency).build()?;
    let finished = meter.clone();
    meter.start();
    worker.run_until(async move { finished.finished().await }).await?;
    Ok(answer(&OurTask::DrainTransactional { jobs, concurrency }, jobs, meter.seconds_by_now()))
}
