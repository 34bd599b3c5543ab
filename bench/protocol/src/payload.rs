//! What a job carries.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// About 70 bytes as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payload {
    pub account: Uuid,
    pub cents: i64,
    /// Microseconds since the measurement began, where the latency is measured.
    pub sent: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Payload {
    /// A payload of about this many bytes, and at least as many as it needs.
    pub fn of(bytes: usize) -> Self {
        let note = if bytes > 100 { "x".repeat(bytes - 85) } else { String::new() };
        Self { account: Uuid::now_v7(), cents: 100, sent: 0, note }
    }
}

/// So many payloads, a thousand at a time.
pub fn chunks(jobs: usize, bytes: usize) -> impl Iterator<Item = Vec<Payload>> + Send {
    (0..jobs).step_by(1000).map(move |start| (start..jobs.min(start + 1000)).map(|_| Payload::of(bytes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_the_size_that_was_asked_for() {
        let bytes = |asked| serde_json::to_string(&Payload::of(asked)).unwrap().len();
        assert!((60..=80).contains(&bytes(0)), "{}", bytes(0));
        assert!((990..=1010).contains(&bytes(1000)), "{}", bytes(1000));
    }
}
