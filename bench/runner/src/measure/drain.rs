//! Draining: jobs that wait are handled by handlers that do nothing.

use crate::{
    Error,
    bench::Bench,
    check,
    figures::Figures,
    server::Database,
    system::{OURS, System},
};

pub async fn each(
    bench: &Bench,
    figures: &mut Figures,
    measure: &'static str,
    jobs: usize,
    systems: &[&str],
) -> Result<(), Error> {
    for system in systems.iter().filter_map(|name| bench.system(name)) {
        let database = bench.fresh(system).await?;
        fill(bench, figures, system, &database, jobs).await?;
        let rate = empty(bench, figures, system, &database, jobs, jobs).await?;
        figures.add(measure, system.profile.name, rate);
        bench.server.remove(database).await?;
    }
    Ok(())
}

/// Sends the jobs, ours without a batch around them, and lets the planner know of them, as autovacuum would
/// have within a minute.
pub async fn fill(
    bench: &Bench,
    figures: &mut Figures,
    system: &System,
    database: &Database,
    jobs: usize,
) -> Result<(), Error> {
    let task = if system.profile.name == OURS { "send-many" } else { "send-batch" };
    bench.run(figures, system, database, &[task, "--jobs", &jobs.to_string()]).await?;
    check::sent(system, database, jobs).await?;
    if system.profile.analyzed { database.execute("analyze").await } else { Ok(()) }
}

/// Handles them; `done` are to be done then. How many a second.
pub async fn empty(
    bench: &Bench,
    figures: &mut Figures,
    system: &System,
    database: &Database,
    jobs: usize,
    done: usize,
) -> Result<f64, Error> {
    let answer = bench.run(figures, system, database, &["drain", "--jobs", &jobs.to_string()]).await?;
    check::done(system, database, done).await?;
    Ok(answer.rate)
}
