//! Draining one batch, by one process and by several: every settling counts on the same row.

use super::{DRAIN_4, DRAIN_BATCH, DRAIN_BATCH_4, drain};
use crate::{Error, bench::Bench, check, figures::Figures, server::Database, system::OURS, workers};

/// By one process.
pub async fn one(bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<(), Error> {
    let database = bench.fresh(bench.ours()).await?;
    fill(bench, figures, &database, jobs).await?;
    let rate = drain::empty(bench, figures, bench.ours(), &database, jobs, jobs).await?;
    ended(bench, &database, jobs).await?;
    figures.add(DRAIN_BATCH, OURS, rate);
    bench.server.remove(database).await
}

/// By four processes, without a batch and in one.
pub async fn four(bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<(), Error> {
    for (measure, batch) in [(DRAIN_4, false), (DRAIN_BATCH_4, true)] {
        let database = bench.fresh(bench.ours()).await?;
        if batch {
            fill(bench, figures, &database, jobs).await?;
        } else {
            drain::fill(bench, figures, bench.ours(), &database, jobs).await?;
        }
        let rate = workers::drain(bench, &database, 4, jobs).await?;
        if batch {
            ended(bench, &database, jobs).await?;
        }
        figures.add(measure, OURS, rate);
        bench.server.remove(database).await?;
    }
    Ok(())
}

/// Sends one batch.
pub async fn fill(bench: &Bench, figures: &mut Figures, database: &Database, jobs: usize) -> Result<(), Error> {
    bench.run(figures, bench.ours(), database, &["send-batch", "--jobs", &jobs.to_string()]).await?;
    check::sent(bench.ours(), database, jobs).await?;
    database.execute("analyze").await
}

/// The batch has ended with every member counted.
async fn ended(bench: &Bench, database: &Database, jobs: usize) -> Result<(), Error> {
    let sql =
        "select sum(completed_count) from commandbus.batch where status = 'COMPLETED' and completed_at is not null";
    check::equal(bench.ours(), "members are counted", database.count(sql).await?, jobs)
}
