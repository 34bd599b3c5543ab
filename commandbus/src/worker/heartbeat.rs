//! Tells operators which workers live: one row a worker, written now and then.

use std::{process, sync::Arc, time::Duration};

use uuid::Uuid;

use super::{WorkerPhase, engine::Engine};
use crate::{error::StoreError, store::WorkerBeat};

/// How often. A worker that has not said so for a minute counts as dead.
const EVERY: Duration = Duration::from_secs(15);

/// What one worker is known by.
#[derive(Debug)]
pub(super) struct Heart {
    worker_id: Uuid,
    host: String,
}

impl Heart {
    pub(super) fn new() -> Self {
        Self { worker_id: Uuid::now_v7(), host: host() }
    }

    pub(super) async fn beat(&self, engine: &Engine) -> Result<(), StoreError> {
        let health = engine.monitor().health();
        let beat = WorkerBeat {
            worker_id: self.worker_id,
            domain: engine.domain.clone(),
            host: self.host.clone(),
            pid: process::id(),
            version: env!("CARGO_PKG_VERSION"),
            concurrency: number(engine.settings.concurrency),
            phase: match health.phase {
                WorkerPhase::Starting => "STARTING",
                WorkerPhase::Running => "RUNNING",
                WorkerPhase::Stopping | WorkerPhase::Stopped => "STOPPING",
            },
            running: number(health.running),
            in_hand: number(health.in_hand),
        };
        engine.store().admin().beat(&beat).await
    }
}

/// Says so until the worker has stopped, and then takes its row out. Nobody's work depends on it, so a failure is left to the
/// next beat.
pub(super) async fn run(engine: Arc<Engine>, heart: Heart) {
    loop {
        tokio::select! {
            // Told at once when it is over, so that nobody waits for a database that does not answer.
            () = engine.stopped.cancelled() => break,
            told = heart.beat(&engine) => {
                if let Err(error) = told {
                    tracing::debug!(%error, "the worker could not say that it lives");
                }
            }
        }
        tokio::select! {
            () = engine.stopped.cancelled() => break,
            () = engine.closing.cancelled(), if !engine.closing.is_cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    // In vain where the database is gone; then the row is taken out a day later.
    let _ = tokio::time::timeout(Duration::from_secs(1), engine.store().admin().leave(heart.worker_id)).await;
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The name of the machine, where it says so.
fn host() -> String {
    let named = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}
