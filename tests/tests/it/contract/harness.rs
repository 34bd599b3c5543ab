//! What a store has to offer beside its trait for the suite to run on it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use commandbus::{
    message::{CommandId, Domain},
    store::Store,
};
use serde_json::Value;

pub(crate) mod memory;
pub(crate) mod postgres;

/// A store of its own for one case, and what only its owner can do with it.
#[async_trait]
pub(crate) trait Harness: Send + Sync {
    fn store(&self) -> Arc<dyn Store>;

    /// Lets time pass by the store's clock, without waiting.
    async fn pass_time(&self, duration: Duration);

    /// Puts a message into a queue past the library.
    async fn put(&self, queue: &str, body: Value) -> i64;

    /// The messages in a queue, visible or not, oldest first.
    async fn messages(&self, queue: &str) -> Vec<Queued>;

    /// The numbers of the messages that were archived, in order.
    async fn archived(&self, queue: &str) -> Vec<i64>;

    /// The queues and commands of the replies that could not be delivered.
    async fn undelivered_replies(&self) -> Vec<(String, CommandId)>;

    /// The payload as it was before an operator edited it.
    async fn payload_before_edit(&self, domain: &Domain, id: CommandId) -> Option<Value>;

    /// What must hold of the rows behind groups.
    async fn check_groups(&self) {}
}

/// A message as anybody finds it in a queue.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) msg_id: i64,
    pub(crate) body: Value,
    /// How often it was received.
    pub(crate) reads: u32,
    /// How long it stays hidden; nothing when it can be received.
    pub(crate) hidden_for: Duration,
}
