//! The worker of domain `billing`: in this process, or in one of its own that can be killed.

use std::{process::Stdio, time::Duration};

use commandbus::{
    bus::{Batch, Bus},
    worker::Worker,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::process::{Child, Command};

use crate::{Error, billing::Bank};

/// How many debits run at once; each holds a connection for its transaction.
const CONCURRENCY: usize = 32;

/// A pool for senders, the worker and the proof.
pub(crate) async fn pool(url: &str) -> Result<PgPool, Error> {
    let connections = u32::try_from(CONCURRENCY).unwrap_or(u32::MAX).saturating_add(8);
    Ok(PgPoolOptions::new().max_connections(connections).connect(url).await?)
}

/// Works until `shutdown`.
pub(crate) async fn run(bus: &Bus, bank: Bank, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
    Worker::new(bus, "billing")
        .provide(bank)
        .concurrency(CONCURRENCY)
        // Short, so that nobody waits long for what a killed worker held.
        .lease(Duration::from_secs(3))
        .poll_interval(Duration::from_millis(250))
        .build()?
        .run_until(shutdown)
        .await?;
    Ok(())
}

/// Works in a process of its own until its standard input ends, so never longer than its parent.
pub(crate) async fn run_as_child(url: &str, bank: Bank) -> Result<(), Error> {
    let bus = Bus::new(pool(url).await?);
    run(&bus, bank, async {
        let _ = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await;
    })
    .await
}

/// Starts a worker process.
pub(crate) fn spawn(url: &str, bank: &Bank) -> Result<Child, Error> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--bank-ms", &bank.answers_after.as_millis().to_string(), "--worker"])
        .env("DATABASE_URL", url)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

/// Kills the worker with SIGKILL when half of the batch is done, and starts another.
pub(crate) async fn crash_half_way(url: &str, bank: &Bank, batch: &Batch) -> Result<Child, Error> {
    let mut worker = spawn(url, bank)?;
    let mut progress = batch.progress().every(Duration::from_millis(5));
    while let Some(counts) = progress.next().await.transpose()? {
        let done = counts.ended_count() + counts.in_troubleshooting_count;
        if done >= counts.total_count / 2 {
            worker.kill().await?;
            println!("killed the worker process (SIGKILL) after {done} of {}; another starts", counts.total_count);
            break;
        }
    }
    spawn(url, bank)
}
