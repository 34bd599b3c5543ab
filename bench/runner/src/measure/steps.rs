//! Steps of processes: the peer of a step is a drained command.

use super::STEPS;
use crate::{Error, bench::Bench, check, figures::Figures, system::OURS};

pub async fn steps(bench: &Bench, figures: &mut Figures, processes: usize) -> Result<(), Error> {
    let database = bench.fresh(bench.ours()).await?;
    let task = ["steps", "--processes", &processes.to_string()];
    let answer = bench.run(figures, bench.ours(), &database, &task).await?;
    let completed = "select count(*) from commandbus.process where status = 'COMPLETED'";
    check::equal(bench.ours(), "processes completed", database.count(completed).await?, processes)?;
    check::done(bench.ours(), &database, answer.jobs).await?;
    figures.add(STEPS, OURS, answer.rate);
    bench.server.remove(database).await
}
