//! What operators and senders ask for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::message::{BatchId, CommandId, CommandStatus, Domain};

/// One page of a listing: at most `limit` rows that come after `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<K> {
    /// The key of the last row already seen.
    pub after: Option<K>,
    /// How many rows at most.
    pub limit: u32,
}

impl<K> Page<K> {
    /// The first `limit` rows.
    pub const fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// Which commands to list; fields that are `None` do not restrict.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct CommandFilter {
    /// Of this domain.
    pub domain: Option<Domain>,
    /// Of this type.
    pub command_type: Option<String>,
    /// In this state.
    pub status: Option<CommandStatus>,
    /// Of this batch.
    pub batch_id: Option<BatchId>,
    /// With this correlation id.
    pub correlation_id: Option<Uuid>,
    /// Sent at this moment or later. Looked for among ids that are ordered by time, as generated ones are.
    pub sent_from: Option<DateTime<Utc>>,
    /// Sent before this moment; like `sent_from`.
    pub sent_before: Option<DateTime<Utc>>,
}

/// Which parked commands; fields that are `None` do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ParkedFilter {
    /// Of this domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// Of this type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_type: Option<String>,
    /// With this error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// With this fingerprint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Of this batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<BatchId>,
    /// Just this command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_id: Option<CommandId>,
    /// Just these commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_ids: Option<Vec<CommandId>>,
}

impl CommandFilter {
    /// Every command of a domain.
    pub fn in_domain(domain: Domain) -> Self {
        Self { domain: Some(domain), ..Self::default() }
    }

    /// Those of one batch.
    #[must_use]
    pub fn of_batch(mut self, batch: BatchId) -> Self {
        self.batch_id = Some(batch);
        self
    }

    /// Those in one state.
    #[must_use]
    pub fn with_status(mut self, status: CommandStatus) -> Self {
        self.status = Some(status);
        self
    }
}

impl ParkedFilter {
    /// Everything parked in a domain.
    pub fn in_domain(domain: Domain) -> Self {
        Self { domain: Some(domain), ..Self::default() }
    }

    /// What is parked of one batch.
    #[must_use]
    pub fn of_batch(mut self, batch: BatchId) -> Self {
        self.batch_id = Some(batch);
        self
    }

    /// What failed with one code.
    #[must_use]
    pub fn with_code(mut self, error_code: impl Into<String>) -> Self {
        self.error_code = Some(error_code.into());
        self
    }
}

/// A parked command, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parked {
    /// Its place in the list; the key of its page.
    pub parked_id: i64,
    /// Its domain.
    pub domain: Domain,
    /// Its id.
    pub command_id: CommandId,
    /// The name of its type.
    pub command_type: String,
    /// The batch it belongs to.
    pub batch_id: Option<BatchId>,
    /// What it belongs to.
    pub correlation_id: Option<Uuid>,
    /// Why it is parked: PERMANENT, EXHAUSTED, UNDECODABLE, UNSETTLED or UNSETTLEABLE.
    pub reason: String,
    /// The kind of the error.
    pub error_type: Option<String>,
    /// The code of the error.
    pub error_code: Option<String>,
    /// The message of the error.
    pub error_msg: Option<String>,
    /// Anything else the handler gave.
    pub error_details: Option<Value>,
    /// What errors of the same cause share.
    pub fingerprint: String,
    /// Attempts made.
    pub attempts: u32,
    /// Attempts it had.
    pub max_attempts: u32,
    /// Since when it is parked.
    pub parked_at: DateTime<Utc>,
    /// The group that it holds, if any.
    pub group: Option<String>,
    /// How many commands of its group wait until it is resolved.
    pub holds: u32,
    /// The payload as it travelled; `None` when its message is gone.
    pub payload: Option<Value>,
    /// The version of its type that the payload is written in.
    pub version: u32,
}

/// Parked commands that share a fingerprint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParkedGroup {
    /// Their domain.
    pub domain: Domain,
    /// Their type.
    pub command_type: String,
    /// What they share.
    pub fingerprint: String,
    /// The code of the error.
    pub error_code: Option<String>,
    /// One of their messages.
    pub example: Option<String>,
    /// How many there are.
    pub count: u64,
    /// Since when the oldest of them is parked.
    pub oldest: DateTime<Utc>,
}
