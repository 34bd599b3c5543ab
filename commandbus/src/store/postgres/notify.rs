//! Fewer notifications under load: each one serializes commits on a lock of the whole cluster.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::connections::{Call, Connections};

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
    /// Somebody may not notify in this window, and a notification goes out at its end.
    owed: bool,
}

impl Throttle {
    /// Whether a send to `queue` notifies in its own transaction; one that may not is made good by [`owe`](Self::owe).
    pub(super) fn may_notify(&self, queue: &str) -> bool {
        let now = Instant::now();
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let open = queues.get(queue).is_some_and(|window| now < window.ends);
        if !open {
            queues.insert(queue.to_owned(), Window { ends: now + WINDOW, owed: false });
        }
        !open
    }

    /// Notifies at the end of the window for a send that did not; called after its commit, so that whoever is woken
    /// finds the message.
    pub(super) fn owe(self: &Arc<Self>, queue: &str, connections: &Connections) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let window = queues.entry(queue.to_owned()).or_insert_with(|| Window { ends: Instant::now(), owed: false });
        if !std::mem::replace(&mut window.owed, true) {
            tokio::spawn(Arc::clone(self).make_good(queue.to_owned(), window.ends, connections.clone()));
        }
    }

    async fn make_good(self: Arc<Self>, queue: String, at: Instant, connections: Connections) {
        tokio::time::sleep_until(at).await;
        self.queues
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(queue.clone(), Window { ends: Instant::now() + WINDOW, owed: false });
        let channel = format!("pgmq_notify_{queue}");
        if let Err(error) = sqlx::query("select pg_notify($1, '')").bind(channel).call(&connections).await {
            tracing::debug!(%error, queue, "could not notify; workers find the messages when they poll");
        }
    }
}
