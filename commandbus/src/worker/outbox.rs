//! Outcomes that wait to be written.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::store::Settlement;

/// Gathers outcomes while the lanes write earlier ones; whatever is there goes next, as one group.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: Mutex<Vec<Settlement>>,
    filled: Notify,
}

impl Outbox {
    pub(super) fn put(&self, settlements: impl IntoIterator<Item = Settlement>) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).extend(settlements);
        self.filled.notify_one();
    }

    /// Waits for outcomes and takes up to `limit` of them, oldest first.
    pub(super) async fn take(&self, limit: usize) -> Vec<Settlement> {
        loop {
            self.filled.notified().await;
            // The handlers that are ready to end get to do so first: their outcomes then share this group, instead of
            // the first of them going alone and the others waiting for its commit.
            tokio::task::yield_now().await;
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.is_empty() {
                continue;
            }
            if waiting.len() <= limit {
                return std::mem::take(&mut waiting);
            }
            self.filled.notify_one();
            return waiting.drain(..limit).collect();
        }
    }
}
