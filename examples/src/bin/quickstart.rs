//! The first thing to read: a command, its handler, a reply, a failure that is retried, one that waits for a person.
//! `cargo quickstart`.
#![allow(clippy::print_stdout, reason = "a program that talks to a person")]

use commandbus::{embedded::Database, message::CommandStatus, prelude::*, testing::wait_for};

/// What is asked for. Its domain names the queue that carries it, `reply` is what its handler answers.
#[command(domain = "parcels", reply = String, backoff = "1s")]
#[derive(Debug, Serialize, Deserialize)]
struct PrintLabel {
    order: u32,
}

/// What a failure means: who can do something about it?
#[derive(Debug, thiserror::Error, HandlerError)]
enum LabelError {
    #[error("the printer is out of paper")]
    #[transient(code = "NO_PAPER")] // time: it is tried again
    NoPaper,
    #[error("there is no order {0}")]
    #[permanent(code = "NO_ORDER")] // a person: it is parked at once
    NoOrder(u32),
}

/// Does what is asked. A worker finds it by the type of its command.
#[handler]
async fn print_label(cmd: PrintLabel, context: Context) -> Result<String, LabelError> {
    println!("   order {}, attempt {} of {}", cmd.order, context.attempt(), context.max_attempts());
    match cmd.order {
        0 => Err(LabelError::NoOrder(0)),
        8 if context.attempt() == 1 => Err(LabelError::NoPaper),
        order => Ok(format!("DE-{order}")),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::from_env_or_embedded().await?;
    let bus = Bus::connect(database.url()).await?; // of your own database, too, all that it needs is the URL
    bus.migrate().await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(Worker::new(&bus, "parcels").build()?.run_until(async { drop(stopped.await) }));

    println!("1. A command is sent, and its handler replies.");
    let sent = PrintLabel { order: 7 }.send(&bus).await?;
    println!("   label {}", sent.reply().await?);

    println!("2. A transient failure is tried again, a second later.");
    println!("   label {}", PrintLabel { order: 8 }.send(&bus).await?.reply().await?);

    println!("3. A permanent one is parked: nothing runs it until a person decides.");
    let sent = PrintLabel { order: 0 }.send(&bus).await?;
    let parked = wait_for(&bus, sent.domain(), sent.id(), CommandStatus::InTroubleshooting).await;
    println!("   {}: {}", parked.status, parked.last_error_msg.unwrap_or_default());
    bus.troubleshooting().by("olga").cancel(sent.domain(), sent.id(), "a typing error").await?;
    println!("   olga cancels it, and its sender is told: {}", sent.reply().await.unwrap_err());

    drop(stop);
    working.await??;
    database.stop().await?;
    println!("\nRead next: examples/src/bin/quickstart.rs, docs/guide/errors-and-retries.md; then run `cargo demo`.");
    Ok(())
}
