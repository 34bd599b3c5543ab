//! The workers of both banks, and the router of the transfers: here, or in a process of its own that can be killed.

use std::{process::Stdio, time::Duration};

use commandbus::{
    bus::{Batch, Bus},
    process::Router,
    worker::Worker,
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::Error;

pub(crate) async fn pool(url: &str) -> Result<PgPool, Error> {
    Ok(PgPoolOptions::new().max_connections(24).connect(url).await?)
}

/// Works for both banks until it is stopped.
pub(crate) async fn run_banks(bus: &Bus, stop: CancellationToken) -> Result<(), Error> {
    let bank = |domain: &'static str| Worker::new(bus, domain).concurrency(8).build();
    let (home, other) = (bank("home_bank")?, bank("other_bank")?);
    tokio::try_join!(home.run_until(stop.cancelled()), other.run_until(stop.cancelled()))?;
    Ok(())
}

/// Routes transfers until it is stopped.
pub(crate) async fn run_router(bus: &Bus, stop: impl Future<Output = ()>) -> Result<(), Error> {
    // Short, so that nobody waits long for what a killed router held.
    Router::new(bus, "transfers")?.lease(Duration::from_secs(2)).run_until(stop).await;
    Ok(())
}

/// Routes in a process of its own until its standard input ends, so never longer than its parent.
pub(crate) async fn route_as_child(url: &str) -> Result<(), Error> {
    let bus = Bus::new(pool(url).await?);
    run_router(&bus, async {
        let _ = tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await;
    })
    .await
}

fn spawn_router(url: &str) -> Result<Child, Error> {
    let child = Command::new(std::env::current_exe()?)
        .arg("--router")
        .env("DATABASE_URL", url)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

/// Starts a router process, kills it with SIGKILL when half of the batch is done, and starts another.
pub(crate) async fn crash_half_way(url: &str, batch: &Batch) -> Result<Child, Error> {
    let mut router = spawn_router(url)?;
    let mut progress = batch.progress().every(Duration::from_millis(5));
    while let Some(counts) = progress.next().await.transpose()? {
        if counts.ended_count() >= counts.total_count / 2 {
            router.kill().await?;
            println!(
                "\nkilled the router process (SIGKILL) after {} of {} transfers; another starts",
                counts.ended_count(),
                counts.total_count
            );
            break;
        }
    }
    spawn_router(url)
}
