//! What a drained command costs in the write-ahead log, with audit trail and batch. The checkpoint comes before the sending,
//! so that no images of pages that were written since are in it; how many there are depends on when a checkpoint falls, and
//! the second figure is the worst: right before the drain.

use super::{WAL, WAL_CHECKPOINT, batches, drain};
use crate::{Error, bench::Bench, figures::Figures, system::OURS};

pub async fn both(bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<(), Error> {
    for (measure, checkpoint) in [(WAL, false), (WAL_CHECKPOINT, true)] {
        let database = bench.fresh(bench.ours()).await?;
        batches::fill(bench, figures, &database, jobs).await?;
        if checkpoint {
            bench.server.execute("checkpoint").await?;
        }
        let before = database.wal().await?;
        drain::empty(bench, figures, bench.ours(), &database, jobs, jobs).await?;
        figures.add(measure, OURS, (database.wal().await? - before) / jobs as f64);
        bench.server.remove(database).await?;
    }
    Ok(())
}
