//! What is done: each effect is a row, so that effects can be counted.

use std::time::Duration;

use commandbus::prelude::*;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

/// Its effect is written in the transaction that settles it: exactly once.
#[command(domain = "chaos", max_attempts = 6, backoff = "20ms", timeout = "3s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) number: u32,
}

/// Its effect is written past the library: at least once.
#[command(domain = "chaos", max_attempts = 6, backoff = "20ms", timeout = "3s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) number: u32,
}

/// What the end of a batch sends.
#[command(domain = "chaos", max_attempts = 20, backoff = "20ms", timeout = "3s")]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Close {}

/// A process of four steps that books and notes; one in a while is taken back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Trip {
    pub(crate) number: u32,
}

#[process(domain = "chaos_trips", steps = [outward, (stay, meal), home])]
impl Trip {
    fn outward(&self) -> Book {
        Book { number: self.number }
    }

    #[undo(outward)]
    fn refund(&self) -> Book {
        Book { number: self.number }
    }

    fn stay(&self) -> Note {
        Note { number: self.number }
    }

    #[undo(stay)]
    fn check_out(&self) -> Note {
        Note { number: self.number }
    }

    fn meal(&self) -> Book {
        Book { number: self.number }
    }

    fn home(&self) -> Note {
        Note { number: self.number }
    }
}

#[derive(Debug, thiserror::Error, HandlerError)]
pub(crate) enum Trouble {
    #[error("not now")]
    #[transient(code = "BUSY")]
    Busy,
    #[error("it will not do")]
    #[permanent(code = "BROKEN")]
    Broken,
    #[error("it may not be")]
    #[business_rule(code = "CLOSED")]
    Closed,
    #[error(transparent)]
    #[transient(code = "DATABASE")]
    Database(#[from] sqlx::Error),
}

/// Takes its time, and goes wrong once in a while.
async fn happen() -> Result<(), Trouble> {
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..30))).await;
    match rand::random_range(0..100) {
        0..4 => Err(Trouble::Busy),
        4..6 => Err(Trouble::Broken),
        6..8 => Err(Trouble::Closed),
        _ => Ok(()),
    }
}

#[handler]
pub(crate) async fn book(_: Book, at: Context, mut tx: Tx) -> Result<(), Trouble> {
    sqlx::query("insert into booked values ($1)").bind(at.command_id().as_uuid()).execute(&mut *tx).await?;
    happen().await
}

#[handler]
pub(crate) async fn note(_: Note, at: Context, State(pool): State<PgPool>) -> Result<(), Trouble> {
    happen().await?;
    sqlx::query("insert into noted values ($1)").bind(at.command_id().as_uuid()).execute(&pool).await?;
    Ok(())
}

#[handler]
pub(crate) async fn close(_: Close, at: Context, mut tx: Tx) -> Result<(), Trouble> {
    sqlx::query("insert into closed values ($1)").bind(at.command_id().as_uuid()).execute(&mut *tx).await?;
    Ok(())
}
