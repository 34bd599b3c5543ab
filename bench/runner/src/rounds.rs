//! The rounds: each measurement of each system once, then again.

use crate::{
    Error,
    bench::Bench,
    figures::Figures,
    measure::{
        BULK, DRAIN, SEND_10, SEND_50, SEND_WITHIN, batches, drain, history::Aged, idle, latency, memory, send,
        snapshot, steps, transactional, wal,
    },
    system::{FLOOR, OURS},
};

/// Those that handle many a second.
const FAST: [&str; 7] = [OURS, FLOOR, "graphile_worker", "riverqueue", "apalis", "pg-boss", "graphile-worker"];
const SLOW: [&str; 3] = ["sqlxmq", "procrastinate", "reliable-cmd"];

/// Measures what has `only` in its name, so many times; what takes no part in a ratio once, when it has to be quick.
pub async fn measure(
    bench: &Bench,
    figures: &mut Figures,
    only: &str,
    rounds: usize,
    quick: bool,
) -> Result<(), Error> {
    let wanted = |name: &str| name.contains(only);
    let sizes = &bench.sizes;
    let everyone: Vec<&str> = FAST.into_iter().chain(SLOW).collect();
    let mut aged = None;
    if wanted("history") {
        eprintln!("a history of {} commands", sizes.history);
        aged = Some(Aged::new(bench, sizes.history).await?);
    }
    // What they are set against.
    let plain = ["drain", "snapshot", "history", "batch", "steps"].into_iter().any(wanted);
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        if plain {
            let systems = if wanted("drain") { &FAST[..] } else { &FAST[..1] };
            drain::each(bench, figures, DRAIN, sizes.drain, systems).await?;
        }
        if wanted("drain") {
            drain::each(bench, figures, DRAIN, sizes.slow_drain, &SLOW).await?;
        }
        if let Some(aged) = &aged {
            aged.drain(bench, figures, sizes.drain).await?;
        }
        if wanted("snapshot") {
            snapshot::each(bench, figures, sizes.drain, if quick { &[OURS] } else { &[OURS, FLOOR] }).await?;
        }
        if wanted("batch") {
            batches::one(bench, figures, sizes.batch).await?;
            batches::four(bench, figures, sizes.batch).await?;
        }
        if wanted("steps") {
            steps::steps(bench, figures, sizes.processes).await?;
        }
        if wanted("wal") && (round == 1 || !quick) {
            wal::both(bench, figures, sizes.wal).await?;
        }
        if wanted("send") {
            let ten = if quick { &[OURS, FLOOR, "riverqueue"][..] } else { &everyone };
            send::one_by_one(bench, figures, SEND_10, 10, ten).await?;
            send::one_by_one(bench, figures, SEND_50, 50, &[OURS, FLOOR]).await?;
            if !quick {
                send::within(bench, figures, SEND_WITHIN).await?;
            }
        }
        if wanted("bulk") {
            send::bulk(bench, figures, BULK, sizes.bulk, &[OURS, FLOOR, "apalis"]).await?;
            if !quick {
                let others: Vec<&str> =
                    everyone.iter().filter(|name| ![OURS, FLOOR, "apalis"].contains(name)).copied().collect();
                send::bulk(bench, figures, BULK, sizes.slow_drain, &others).await?;
            }
        }
        if wanted("latency") {
            latency::each(bench, figures, if quick { &[OURS, FLOOR] } else { &everyone }).await?;
        }
        if wanted("transactional") {
            transactional::each(bench, figures, sizes.transactional).await?;
        }
    }
    if let Some(aged) = aged {
        aged.remove(bench).await?;
    }
    if wanted("memory") {
        memory::both(bench, figures, sizes.memory).await?;
    }
    if wanted("idle") {
        idle::worker(bench, figures, sizes.idle_seconds).await?;
    }
    Ok(())
}
