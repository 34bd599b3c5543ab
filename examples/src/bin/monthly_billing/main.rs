//! Bills a month of accounts on a real PostgreSQL: one batch, a worker, failures that an operator resolves, and the proof
//! that every account was debited exactly once. `cargo demo`, `cargo demo --crash`, `cargo demo --accounts 100000`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to a person")]

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use commandbus::{
    bus::{Batch, BatchError, Bus},
    embedded::{Database, EmbeddedError},
    error::StoreError,
    message::BatchStatus,
    ops::OpsError,
    prelude::*,
    store::postgres::MigrateError,
    worker::{BuildError, WorkerError},
};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::PgPool;
use tokio::sync::Notify;

use self::billing::{Bank, CloseMonth, DebitAccount};

mod accounts;
mod billing;
mod ledger;
mod operator;
mod worker;

const MONTH: &str = "2026-11";

#[derive(Debug, Parser)]
#[command(about = "Bills a month of accounts, and proves that each was debited exactly once")]
struct Arguments {
    /// How many accounts to bill; other numbers than the default are generated once.
    #[arg(long, default_value_t = accounts::SMALL)]
    accounts: u32,
    /// Kill the worker process half-way with SIGKILL and start another.
    #[arg(long)]
    crash: bool,
    /// How long the bank takes for each debit, in milliseconds.
    #[arg(long, default_value_t = 5)]
    bank_ms: u64,
    /// Be only the worker, on the database of DATABASE_URL, until standard input ends.
    #[arg(long, hide = true)]
    worker: bool,
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
    Batch(#[from] BatchError),
    #[error(transparent)]
    Ops(#[from] OpsError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error("the billing tables: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the file of accounts: {0}")]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("a parked payload: {0}")]
    Json(#[from] serde_json::Error),
    #[error("ledger NOT balanced: {0}")]
    Unbalanced(String),
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
    let bank = Bank { answers_after: Duration::from_millis(arguments.bank_ms) };
    let database = Database::from_env_or_embedded().await?;
    if arguments.worker {
        return worker::run_as_child(database.url(), bank).await;
    }
    let outcome = tokio::select! {
        outcome = bill(&database, &arguments, bank) => outcome,
        _ = tokio::signal::ctrl_c() => Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into()),
    };
    database.stop().await?;
    outcome
}

async fn bill(database: &Database, arguments: &Arguments, bank: Bank) -> Result<(), Error> {
    let url = database.url();
    let pool = worker::pool(url).await?;
    let bus = Bus::new(pool.clone());
    bus.migrate().await?;

    let file = accounts::file(arguments.accounts)?;
    let accounts = ledger::load(&pool, &file).await?;
    println!("Billing {accounts} accounts for {MONTH}.");

    let summary = Arc::new(Notify::new());
    let batch = send(&bus, &pool, &file, Arc::clone(&summary)).await?;

    let stop = Arc::new(Notify::new());
    let mut child = None;
    let mut task = None;
    if arguments.crash {
        child = Some(worker::crash_half_way(url, &bank, &batch).await?);
    } else {
        let (bus, stop) = (bus.clone(), Arc::clone(&stop));
        task = Some(tokio::spawn(async move { worker::run(&bus, bank, stop.notified()).await }));
    }

    watch(&batch).await?;
    operator::print_parked(&bus, &batch).await?;
    operator::resolve_all(&bus, &pool, &batch).await?;

    let ended = batch.wait().await?;
    summary.notified().await;
    wait_for_closed_month(&pool).await?;
    operator::print_parked(&bus, &batch).await?;

    stop.notify_one();
    if let Some(task) = task {
        task.await.map_err(std::io::Error::other)??;
    }
    if let Some(mut child) = child {
        drop(child.stdin.take());
        child.wait().await?;
    }
    assert_ne!(ended.status, BatchStatus::InProgress, "a batch that was waited for has ended");
    ledger::prove(&pool, MONTH, accounts).await?;
    println!("ledger balanced: {accounts} accounts, each debited exactly once");
    println!("\nRead next: examples/src/bin/monthly_billing, docs/guide/batches.md; then run `cargo demo --crash`.");
    Ok(())
}

/// Sends the whole month as one batch, in the transaction that also notes the run: both happen, or neither.
async fn send(bus: &Bus, pool: &PgPool, file: &std::path::Path, summary: Arc<Notify>) -> Result<Batch, Error> {
    let mut unreadable = None;
    let debits = accounts::read(file)?.map_while(|line| match line {
        Ok(line) => Some(DebitAccount { account: line.account, month: MONTH.to_owned(), cents: line.cents }),
        Err(error) => {
            unreadable = Some(error);
            None
        }
    });

    let mut transaction = pool.begin().await?;
    let batch = DebitAccount::batch("Monthly billing")
        .extend(debits)
        .custom_data(
            &serde_json::json!({ "month": MONTH, "file": file.file_name().map(|name| name.to_string_lossy()) }),
        )
        .on_complete(move |batch: BatchMetadata| async move {
            print_summary(&batch);
            summary.notify_one();
        })
        .then(CloseMonth { month: MONTH.to_owned() })
        .send(bus)
        .within(&mut transaction)
        .await?;
    if let Some(error) = unreadable {
        // Dropped, the transaction takes the batch with it: a month is billed whole or not at all.
        return Err(error.into());
    }
    transaction.commit().await?;
    Ok(batch.committed())
}

fn print_summary(batch: &BatchMetadata) {
    let seconds = batch.completed_at.zip(batch.started_at).map_or(0.0, |(end, start)| (end - start).as_seconds_f64());
    println!(
        "Callback: batch \"{}\" ended as {}: {} completed, {} canceled, {} failed, in {seconds:.1} s.",
        batch.name.as_deref().unwrap_or_default(),
        batch.status,
        batch.completed_count,
        batch.canceled_count,
        batch.failed_count,
    );
}

/// Shows a progress bar until nothing is left for the worker to do.
async fn watch(batch: &Batch) -> Result<(), Error> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {per_sec:.0}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::no_length().with_style(style);
    let mut progress = batch.progress().every(Duration::from_millis(100));
    let mut last = None;
    while let Some(counts) = progress.next().await.transpose()? {
        bar.set_length(counts.total_count.into());
        bar.set_position((counts.ended_count() + counts.in_troubleshooting_count).into());
        bar.set_message(format!("debited {} · parked {}", counts.completed_count, counts.in_troubleshooting_count));
        let open = counts.open_count();
        last = Some(counts);
        if open == 0 {
            break;
        }
    }
    bar.finish();
    if let Some(counts) = last {
        println!(
            "{} of {} debited, {} wait for an operator.",
            counts.completed_count, counts.total_count, counts.in_troubleshooting_count
        );
    }
    Ok(())
}

/// The durable callback is a command like any other: it is done when its handler has written.
async fn wait_for_closed_month(pool: &PgPool) -> Result<(), Error> {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    loop {
        let closed: bool =
            sqlx::query_scalar("select exists (select from monthly_billing.closed_month where month = $1)")
                .bind(MONTH)
                .fetch_one(pool)
                .await?;
        if closed {
            println!("Durable callback: month {MONTH} is closed.");
            return Ok(());
        }
        pause.tick().await;
    }
}
