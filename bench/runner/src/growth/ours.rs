//! The curves.

use std::time::Instant;

use protocol::percentile;

use super::{BATCH, DOMAINS, GROUPS, HISTORY, PAYLOAD, PROCESSES, Points, RETENTION, WAITING, disk};
use crate::{
    Error,
    bench::Bench,
    check,
    figures::{self, Figures},
    history,
    measure::{batches, drain, history::Aged},
    program,
    server::Database,
    workers,
};

const DRAIN: &str = "drain, a second";
const SEND: &str = "send, a second";
const JOBS: usize = 40_000;
/// GB of a million finished commands, and of the log that is written for them.
const GB_A_MILLION: f64 = 2.0;

pub async fn history(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    let (mut aged, mut last) = (Aged::new(bench, 0).await?, 0);
    for size in points.steps(&[0, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]) {
        if !disk::has_room_for((size - last) as f64 / 1e6 * GB_A_MILLION) {
            eprintln!("  {size} is left out: the disk would become full");
            break;
        }
        aged.grow(size).await?;
        last = size;
        points.add(HISTORY, size, DRAIN, aged.rate(bench, figures, JOBS).await?);
        let answer = bench.run(figures, bench.ours(), aged.database(), &["latency", "--seconds", "10"]).await?;
        points.add(HISTORY, size, "latency p50, ms", percentile(&answer.latencies, 0.5));
        points.add(HISTORY, size, "latency p99, ms", percentile(&answer.latencies, 0.99));
    }
    aged.remove(bench).await
}

pub async fn payload(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    for bytes in points.steps(&[100, 1_000, 10_000, 100_000, 1_000_000]) {
        let jobs = (200_000_000 / bytes).min(JOBS);
        let database = bench.fresh(bench.ours()).await?;
        let (count, size) = (jobs.to_string(), bytes.to_string());
        let task = ["--payload-bytes", &size, "send-many", "--jobs", &count];
        let sent = bench.run(figures, bench.ours(), &database, &task).await?;
        database.execute("analyze").await?;
        points.add(PAYLOAD, bytes, SEND, sent.rate);
        points.add(PAYLOAD, bytes, DRAIN, drain::empty(bench, figures, bench.ours(), &database, jobs, jobs).await?);
        bench.server.remove(database).await?;
    }
    Ok(())
}

pub async fn domains(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    for domains in points.steps(&[1, 10, 50, 200]) {
        let database = bench.fresh(bench.ours()).await?;
        let (jobs, count) = (JOBS.to_string(), domains.to_string());
        for (task, measure) in [("send-domains", SEND), ("drain-domains", DRAIN)] {
            let task = [task, "--jobs", &jobs, "--domains", &count];
            points.add(DOMAINS, domains, measure, bench.run(figures, bench.ours(), &database, &task).await?.rate);
            database.execute("analyze").await?;
        }
        check::done(bench.ours(), &database, JOBS).await?;
        bench.server.remove(database).await?;
    }
    Ok(())
}

pub async fn processes(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    for processes in points.steps(&[1, 2, 4, 8]) {
        for (measure, batch) in [(DRAIN, false), ("drain of one batch, a second", true)] {
            let database = bench.fresh(bench.ours()).await?;
            if batch {
                batches::fill(bench, figures, &database, 2 * JOBS).await?;
            } else {
                drain::fill(bench, figures, bench.ours(), &database, 2 * JOBS).await?;
            }
            points.add(PROCESSES, processes, measure, workers::drain(bench, &database, processes, 2 * JOBS).await?);
            bench.server.remove(database).await?;
        }
    }
    Ok(())
}

pub async fn batch(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    for size in points.steps(&[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]) {
        let database = bench.fresh(bench.ours()).await?;
        let sent = bench.run(figures, bench.ours(), &database, &["send-batch", "--jobs", &size.to_string()]).await?;
        database.execute("analyze").await?;
        points.add(BATCH, size, SEND, sent.rate);
        points.add(BATCH, size, DRAIN, drain::empty(bench, figures, bench.ours(), &database, size, size).await?);
        bench.server.remove(database).await?;
    }
    Ok(())
}

pub async fn groups(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    for groups in points.steps(&[1, 10, 100, 1_000, 10_000]) {
        let (database, jobs) = (bench.fresh(bench.ours()).await?, (groups * 500).min(JOBS));
        let task = ["send-groups", "--jobs", &jobs.to_string(), "--groups", &groups.to_string()];
        points.add(GROUPS, groups, SEND, bench.run(figures, bench.ours(), &database, &task).await?.rate);
        database.execute("analyze").await?;
        points.add(GROUPS, groups, DRAIN, drain::empty(bench, figures, bench.ours(), &database, jobs, jobs).await?);
        bench.server.remove(database).await?;
    }
    Ok(())
}

/// Against the rate that the waiting alone would allow.
pub async fn waiting(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    const MILLIS: usize = 200;
    for at_once in points.steps(&[10, 100, 1_000]) {
        let (database, jobs) = (bench.fresh(bench.ours()).await?, at_once * 50);
        drain::fill(bench, figures, bench.ours(), &database, jobs).await?;
        let rate = wait(bench, figures, &database, jobs, at_once, MILLIS).await?;
        points.add(WAITING, at_once, DRAIN, rate);
        points.add(WAITING, at_once, "part of the ideal rate", rate / (at_once * 1000 / MILLIS) as f64);
        bench.server.remove(database).await?;
    }
    Ok(())
}

async fn wait(
    bench: &Bench,
    figures: &mut Figures,
    database: &Database,
    jobs: usize,
    at_once: usize,
    millis: usize,
) -> Result<f64, Error> {
    let [jobs_text, millis, at_once] = [jobs, millis, at_once].map(|number| number.to_string());
    let task = ["wait", "--jobs", &jobs_text, "--millis", &millis, "--concurrency", &at_once];
    let answer = bench.run(figures, bench.ours(), database, &task).await?;
    check::done(bench.ours(), database, jobs).await?;
    Ok(answer.rate)
}

/// Drains beside pruning that works for a part of the time, taking turns; the median of three.
pub async fn retention(bench: &Bench, figures: &mut Figures, points: &mut Points) -> Result<(), Error> {
    const SHARES: [(usize, &str); 3] = [(0, ""), (10, "0.1"), (100, "1")];
    let aged = Aged::new(bench, 1_000_000).await?;
    let mut rates = SHARES.map(|_| Vec::new());
    for _ in 0..3 {
        for ((percent, share), rates) in SHARES.iter().zip(&mut rates) {
            // The history was sent one a second: all but the last day of it may go.
            let prune = ["prune", "--older-than-s", "86400", "--share", share];
            let mut pruning = program::command(bench.ours(), aged.database(), &prune);
            let pruning = if *percent > 0 { Some(pruning.spawn()?) } else { None };
            let before = left(aged.database()).await?;
            let start = Instant::now();
            let (database, done_before) = (aged.database(), done(aged.database()).await?);
            drain::fill(bench, figures, bench.ours(), database, JOBS).await?;
            let answer = bench.run(figures, bench.ours(), database, &["drain", "--jobs", &JOBS.to_string()]).await?;
            check::equal(bench.ours(), "jobs are done", done(database).await?, done_before + JOBS)?;
            rates.push(answer.rate);
            if let Some(mut pruning) = pruning {
                if pruning.try_wait()?.is_some() {
                    return Err("pruning ended before the drain".into());
                }
                let gone = before - left(aged.database()).await?;
                eprintln!("  {percent} %: {:.0} commands pruned a second", gone as f64 / start.elapsed().as_secs_f64());
                pruning.kill().await?;
            }
        }
    }
    for ((percent, _), rates) in SHARES.iter().zip(&rates) {
        points.add(RETENTION, *percent, DRAIN, figures::median(rates));
    }
    aged.remove(bench).await
}

/// How many commands of the history pruning has not removed yet.
async fn left(database: &Database) -> Result<usize, Error> {
    database.count(&format!("select count(*) from commandbus.command where msg_id <= {}", history::LAST)).await
}

/// How many later ones are done.
async fn done(database: &Database) -> Result<usize, Error> {
    let sql = "select count(*) from commandbus.command where status = 'COMPLETED' and msg_id >";
    database.count(&format!("{sql} {}", history::LAST)).await
}
