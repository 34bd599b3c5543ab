//! Money moves from one bank to another in three steps over two domains; whatever goes wrong on the way, none is lost.
//! `cargo transfer`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to a person")]

use std::process::ExitCode;

use clap::Parser;
use commandbus::{
    bus::{BatchError, Bus},
    embedded::{Database, EmbeddedError},
    error::StoreError,
    message::{BatchStatus, ProcessStatus},
    ops::OpsError,
    prelude::*,
    process::{ProcessError, RouterError, StartError, Started},
    store::{Page, ParkedFilter, ProcessFilter, postgres::MigrateError},
    worker::{BuildError, WorkerError},
};

use tokio_util::sync::CancellationToken;

use self::process::Transfer;

mod banks;
mod ledger;
mod process;
mod timeline;
mod workers;

/// How many transfers are under way when the router is killed.
const PAYROLL: u32 = 200;

#[derive(Debug, Parser)]
#[command(about = "Moves money between two banks, and proves that none is lost")]
struct Arguments {
    /// Be only the router, on the database of DATABASE_URL, until standard input ends.
    #[arg(long, hide = true)]
    router: bool,
}

/// What can go wrong; each says what to do.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Ops(#[from] OpsError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Router(#[from] RouterError),
    #[error("the tables of the banks: {0}")]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{0} ended as {1}, which is not what it was to show")]
    Otherwise(&'static str, ProcessStatus),
    #[error("money NOT conserved: {0}")]
    NotConserved(String),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let database = Database::from_env_or_embedded().await?;
    if arguments.router {
        return workers::route_as_child(database.url()).await;
    }
    let outcome = tokio::select! {
        outcome = show(database.url()) => outcome,
        _ = tokio::signal::ctrl_c() => Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()),
    };
    database.stop().await?;
    outcome
}

async fn show(url: &str) -> Result<(), Error> {
    let pool = workers::pool(url).await?;
    let bus = Bus::new(pool.clone());
    bus.migrate().await?;
    let opened_with = ledger::open(&pool).await?;

    let stop = CancellationToken::new();
    let banks = {
        let (bus, stop) = (bus.clone(), stop.clone());
        tokio::spawn(async move { workers::run_banks(&bus, stop).await })
    };

    let moved = one_by_one(&bus).await? + payroll(&bus, url).await?;

    stop.cancel();
    banks.await.map_err(std::io::Error::other)??;
    ledger::prove(&pool, opened_with, moved).await?;
    println!("money conserved: {opened_with} cents before and after, {moved} of them moved, none on the way");
    println!(
        "\nRead next: examples/src/bin/transfer, docs/guide/processes.md; `cargo dashboard` shows such processes as pages."
    );
    Ok(())
}

/// A transfer for each way that it can go, with its timeline. Returns what was moved, in cents.
async fn one_by_one(bus: &Bus) -> Result<i64, Error> {
    let stop = CancellationToken::new();
    let router = {
        let (bus, stop) = (bus.clone(), stop.clone());
        tokio::spawn(async move { workers::run_router(&bus, stop.cancelled()).await })
    };

    let done = Transfer::new("ada", "bob", 5_000).start(bus).await?;
    ends(bus, "All goes well", &done, ProcessStatus::Completed).await?;

    for (title, transfer) in [
        ("Nothing to reserve", Transfer::new("poor paul", "bob", 5_000)),
        ("Closed before the debit", Transfer::new("carl", "bob", 5_000)),
        ("Nobody to credit", Transfer::new("ada", "nobody", 5_000)),
    ] {
        ends(bus, title, &transfer.start(bus).await?, ProcessStatus::Canceled).await?;
    }

    let investigated = Transfer::new("ada", "mallory", 5_000).start(bus).await?;
    cancel_parked(bus).await?;
    ends(bus, "Parked, and canceled by an operator", &investigated, ProcessStatus::Canceled).await?;

    stop.cancel();
    router.await.map_err(std::io::Error::other)??;
    Ok(5_000)
}

/// Many transfers in one batch, whose router is killed in the middle. Returns what was moved, in cents.
async fn payroll(bus: &Bus, url: &str) -> Result<i64, Error> {
    let batch = Transfer::batch("Payroll")
        .extend((0..PAYROLL).map(|_| Transfer::new("ada", "bob", 100)))
        .on_complete(async |batch: BatchMetadata| {
            println!("Callback: batch \"Payroll\" ended as {}: {} completed.", batch.status, batch.completed_count);
        })
        .start(bus)
        .await?;
    let mut router = workers::crash_half_way(url, &batch).await?;
    let ended = batch.wait().await?;
    drop(router.stdin.take());
    router.wait().await?;
    assert_eq!(ended.status, BatchStatus::Completed, "there is enough for every transfer");
    let filter = ProcessFilter::in_domain(ended.domain).of_batch(ended.batch_id);
    let transfers = bus.processes().list(&filter, Page::first(PAYROLL)).await?;
    if let Some(last) = transfers.iter().max_by_key(|transfer| transfer.completed_at) {
        let last = Transfer::started(bus, last.process_id);
        timeline::print(bus, "The last transfer to end, after the crash", &last).await?;
    }
    Ok(i64::from(PAYROLL) * 100)
}

async fn ends(
    bus: &Bus,
    title: &'static str,
    transfer: &Started<Transfer>,
    expected: ProcessStatus,
) -> Result<(), Error> {
    let ended = transfer.wait().await?;
    timeline::print(bus, title, transfer).await?;
    if ended.status == expected { Ok(()) } else { Err(Error::Otherwise(title, ended.status)) }
}

/// What an operator does: waits for something to be parked, looks at it, and cancels it.
async fn cancel_parked(bus: &Bus) -> Result<(), Error> {
    let troubleshooting = bus.troubleshooting();
    let mut pause = tokio::time::interval(std::time::Duration::from_millis(20));
    loop {
        let parked = troubleshooting.list(&ParkedFilter::default(), Page::first(1)).await?;
        if let Some(parked) = parked.first() {
            let why = parked.error_msg.as_deref().unwrap_or_default();
            println!("\nan operator finds `{}` parked ({why}) and cancels it", parked.command_type);
            troubleshooting.by("olga").cancel(&parked.domain, parked.command_id, "not to this account").await?;
            return Ok(());
        }
        pause.tick().await;
    }
}
