//! Sending: one at a time by several callers, and in bulk.

use crate::{Error, bench::Bench, check, figures::Figures};

/// Each caller sends the next when the last is durable.
pub async fn one_by_one(
    bench: &Bench,
    figures: &mut Figures,
    measure: &'static str,
    callers: usize,
    systems: &[&str],
) -> Result<(), Error> {
    for system in systems.iter().filter_map(|name| bench.system(name)) {
        let database = bench.fresh(system).await?;
        let (callers, seconds) = (callers.to_string(), bench.sizes.send_seconds.to_string());
        let task = ["send-one", "--callers", &callers, "--seconds", &seconds];
        let answer = bench.run(figures, system, &database, &task).await?;
        check::sent(system, &database, answer.jobs).await?;
        figures.add(measure, system.profile.name, answer.rate);
        bench.server.remove(database).await?;
    }
    Ok(())
}

/// Ours in transactions that are not its own.
pub async fn within(bench: &Bench, figures: &mut Figures, measure: &'static str) -> Result<(), Error> {
    let database = bench.fresh(bench.ours()).await?;
    let seconds = bench.sizes.send_seconds.to_string();
    let answer = bench.run(figures, bench.ours(), &database, &["send-within", "--seconds", &seconds]).await?;
    check::sent(bench.ours(), &database, answer.jobs).await?;
    figures.add(measure, bench.ours().profile.name, answer.rate);
    bench.server.remove(database).await
}

pub async fn bulk(
    bench: &Bench,
    figures: &mut Figures,
    measure: &'static str,
    jobs: usize,
    systems: &[&str],
) -> Result<(), Error> {
    for system in systems.iter().filter_map(|name| bench.system(name)) {
        let database = bench.fresh(system).await?;
        let answer = bench.run(figures, system, &database, &["send-batch", "--jobs", &jobs.to_string()]).await?;
        check::sent(system, &database, jobs).await?;
        figures.add(measure, system.profile.name, answer.rate);
        bench.server.remove(database).await?;
    }
    Ok(())
}
