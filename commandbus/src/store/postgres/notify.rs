//! Fewer notifications under load: each one serializes commits on a lock of the whole cluster.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::PgPool;
use tokio::time::Instant;

/// How close two notifications of one queue, sent by one process, may follow each other. A worker that is busy looks
/// again by itself when it is done; one that is idle has been woken by the first.
const WINDOW: Duration = Duration::from_millis(5);

/// Decides which sends wake the workers.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    queues: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    ends: Instant,
    /// Somebody was refused in this window, and a notification goes out at its end.
    owed: bool,
}

impl Throttle {
    /// Whether a send to `queue` notifies in its own transaction. One that may not is made good at the window's end.
    pub(super) fn may_notify(self: &Arc<Self>, queue: &str, pool: &PgPool) -> bool {
        let now = Instant::now();
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        match queues.get_mut(queue) {
            Some(window) if now < window.ends => {
                if !window.owed {
                    window.owed = true;
                    tokio::spawn(Arc::clone(self).make_good(queue.to_owned(), window.ends, pool.clone()));
                }
                false
            }
            _ => {
                queues.insert(queue.to_owned(), Window { ends: now + WINDOW, owed: false });
                true
            }
        }
    }

    async fn make_good(self: Arc<Self>, queue: String, at: Instant, pool: PgPool) {
        tokio::time::sleep_until(at).await;
        self.queues
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(queue.clone(), Window { ends: Instant::now() + WINDOW, owed: false });
        let channel = format!("pgmq_notify_{queue}");
        if let Err(error) = sqlx::query("select pg_notify($1, '')").bind(channel).execute(&pool).await {
            tracing::debug!(%error, queue, "could not notify; workers find the messages when they poll");
        }
    }
}
