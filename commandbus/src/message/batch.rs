//! What is known of a batch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{BatchId, BatchStatus, Domain};

/// What a batch groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BatchType {
    /// Commands.
    Command,
    /// Processes.
    Process,
}

/// A batch as it is stored, with exact counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchMetadata {
    /// The domain that all its members share.
    pub domain: Domain,
    /// Its id.
    pub batch_id: BatchId,
    /// Its name, for people.
    pub name: Option<String>,
    /// Whatever the creator wanted to keep with it.
    pub custom_data: Option<serde_json::Value>,
    /// Commands or processes.
    pub batch_type: BatchType,
    /// Where it is in its life.
    pub status: BatchStatus,
    /// How many members it was created with.
    pub total_count: u32,
    /// Members that completed.
    pub completed_count: u32,
    /// Members refused by a business rule.
    pub failed_count: u32,
    /// Members that were canceled.
    pub canceled_count: u32,
    /// Members that wait for an operator.
    pub in_troubleshooting_count: u32,
    /// When it was created, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// When its first member was received or canceled.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last member ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
}

impl BatchMetadata {
    /// Members that ended, in whichever way.
    pub const fn ended_count(&self) -> u32 {
        self.completed_count + self.failed_count + self.canceled_count
    }

    /// Members that neither ended nor wait for an operator.
    pub const fn open_count(&self) -> u32 {
        self.total_count.saturating_sub(self.ended_count() + self.in_troubleshooting_count)
    }

    /// The creator's data as the type it was written from; `None` when there is none.
    pub fn custom_data_as<T: DeserializeOwned>(&self) -> Option<serde_json::Result<T>> {
        self.custom_data.as_ref().map(T::deserialize)
    }
}
