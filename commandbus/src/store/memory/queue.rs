//! A queue of messages with visibility and an archive, as PGMQ keeps it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, value::RawValue};

/// A message in a queue, or in its archive.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Message {
    /// Its number in the queue.
    pub msg_id: i64,
    /// What it says.
    pub body: Box<RawValue>,
    /// What travels beside it.
    pub headers: Option<Map<String, Value>>,
    /// When it was put.
    pub enqueued_at: DateTime<Utc>,
    /// From when on it can be received; `None` while it is held by a pause.
    pub visible_at: Option<DateTime<Utc>>,
    /// How often it was received.
    pub reads: u32,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    last_id: i64,
    live: BTreeMap<i64, Message>,
    archive: BTreeMap<i64, Archived>,
}

#[derive(Debug)]
struct Archived {
    message: Message,
    at: DateTime<Utc>,
}

impl Queue {
    pub(super) fn push(
        &mut self,
        body: Box<RawValue>,
        headers: Option<Map<String, Value>>,
        now: DateTime<Utc>,
        visible_at: DateTime<Utc>,
    ) -> i64 {
        self.last_id += 1;
        let visible_at = Some(visible_at);
        let message = Message { msg_id: self.last_id, body, headers, enqueued_at: now, visible_at, reads: 0 };
        self.live.insert(self.last_id, message);
        self.last_id
    }

    /// The first `limit` visible messages.
    pub(super) fn visible(&self, limit: usize, now: DateTime<Utc>) -> Vec<Message> {
        let is_visible = |message: &&Message| message.visible_at.is_some_and(|visible_at| visible_at <= now);
        self.live.values().filter(is_visible).take(limit).cloned().collect()
    }

    /// Receives a message: it is hidden until then, and the receive counted.
    pub(super) fn lease(&mut self, msg_id: i64, until: DateTime<Utc>) {
        if let Some(message) = self.live.get_mut(&msg_id) {
            message.visible_at = Some(until);
            message.reads += 1;
        }
    }

    /// Hides a message until then.
    pub(super) fn hide_until(&mut self, msg_id: i64, visible_at: DateTime<Utc>) {
        self.set_visible_at(msg_id, Some(visible_at));
    }

    /// Hides a message until it is released.
    pub(super) fn hold(&mut self, msg_id: i64) {
        self.set_visible_at(msg_id, None);
    }

    /// Shows a message that was held.
    pub(super) fn release(&mut self, msg_id: i64, now: DateTime<Utc>) {
        if self.live.get(&msg_id).is_some_and(|message| message.visible_at.is_none()) {
            self.set_visible_at(msg_id, Some(now));
        }
    }

    fn set_visible_at(&mut self, msg_id: i64, visible_at: Option<DateTime<Utc>>) {
        if let Some(message) = self.live.get_mut(&msg_id) {
            message.visible_at = visible_at;
        }
    }

    pub(super) fn find(&self, msg_id: i64) -> Option<&Message> {
        self.live.get(&msg_id)
    }

    pub(super) fn delete(&mut self, msg_id: i64) {
        self.live.remove(&msg_id);
    }

    pub(super) fn archive(&mut self, msg_id: i64, now: DateTime<Utc>) -> Option<&Message> {
        let message = self.live.remove(&msg_id)?;
        Some(&self.archive.entry(msg_id).or_insert(Archived { message, at: now }).message)
    }

    /// The messages that were archived before then.
    pub(super) fn archived_before(&self, before: DateTime<Utc>) -> Vec<i64> {
        self.archive.iter().filter(|(_, archived)| archived.at < before).map(|(msg_id, _)| *msg_id).collect()
    }

    pub(super) fn delete_archived(&mut self, msg_id: i64) {
        self.archive.remove(&msg_id);
    }

    pub(super) fn live(&self) -> impl Iterator<Item = &Message> {
        self.live.values()
    }

    pub(super) fn archived(&self) -> impl Iterator<Item = &Message> {
        self.archive.values().map(|archived| &archived.message)
    }
}
