//! The suite on the store in memory.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use commandbus::{
    message::{CommandId, Domain},
    store::{
        Store,
        memory::{MemoryStore, Message},
    },
};
use serde_json::Value;

use super::{Harness, Queued};

struct InMemory(Arc<MemoryStore>);

pub(crate) async fn start() -> Box<dyn Harness> {
    Box::new(InMemory(Arc::new(MemoryStore::new())))
}

#[async_trait]
impl Harness for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }

    async fn pass_time(&self, duration: Duration) {
        self.0.clock().advance(duration);
    }

    async fn put(&self, queue: &str, body: Value) -> i64 {
        self.0.put(queue, &body)
    }

    async fn messages(&self, queue: &str) -> Vec<Queued> {
        let read = |text: &str| serde_json::from_str(text).expect("messages are JSON");
        let now = self.0.clock().now();
        let queued = |message: Message| Queued {
            msg_id: message.msg_id,
            body: read(message.body.get()),
            reads: message.reads,
            hidden_for: message.visible_at.map_or(Duration::MAX, |at| (at - now).to_std().unwrap_or_default()),
        };
        self.0.messages(queue).into_iter().map(queued).collect()
    }

    async fn archived(&self, queue: &str) -> Vec<i64> {
        self.0.archived(queue).into_iter().map(|message| message.msg_id).collect()
    }

    async fn undelivered_replies(&self) -> Vec<(String, CommandId)> {
        let replies = self.0.undelivered_replies().into_iter();
        replies.map(|undelivered| (undelivered.queue, undelivered.reply.command_id)).collect()
    }

    async fn payload_before_edit(&self, domain: &Domain, id: CommandId) -> Option<Value> {
        self.0.payload_before_edit(domain, id)
    }
}
