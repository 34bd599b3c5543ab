//! How it is done, and how often it goes wrong.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use commandbus::prelude::*;

use super::work::{Ask, Book, Close, Moment, Note, Serve};

/// How long commands took from their sender to their handler, since somebody asked last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waits(Arc<Mutex<Vec<Duration>>>);

impl Waits {
    /// Retries wait on purpose, and do not count.
    fn note(&self, sent: Option<Moment>, at: &Context) {
        if let Some(sent) = sent.filter(|_| at.attempt() == 1) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sent.elapsed());
        }
    }

    pub(crate) fn take(&self) -> Vec<Duration> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes its time, and goes wrong once in a while.
async fn happen() -> Result<(), Failure> {
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
    match rand::random_range(0..1000) {
        0..20 => Err(Failure::transient("BUSY", "not now")),
        20..30 => Err(Failure::permanent("BROKEN", "it will not do")),
        30..40 => Err(Failure::business_rule("CLOSED", "it may not be")),
        _ => Ok(()),
    }
}

#[handler]
pub(crate) async fn note(command: Note, at: Context, State(waits): State<Waits>) -> Result<(), Failure> {
    waits.note(command.sent, &at);
    happen().await
}

#[handler]
pub(crate) async fn book(command: Book, at: Context, State(waits): State<Waits>, mut tx: Tx) -> Result<(), Failure> {
    waits.note(command.sent, &at);
    let effect = sqlx::query("insert into booked values ($1)").bind(at.command_id().as_uuid());
    effect.execute(&mut *tx).await.map_err(|error| Failure::transient("DATABASE", error.to_string()))?;
    happen().await
}

#[handler]
pub(crate) async fn ask(command: Ask) -> u64 {
    command.number
}

#[handler]
pub(crate) async fn serve(_: Serve) -> Result<(), Failure> {
    match rand::random_range(0..100) {
        0..2 => Err(Failure::transient("BUSY", "not now")),
        _ => Ok(()),
    }
}

#[handler]
pub(crate) async fn close(_: Close) {}
