//! Listings that stay fast however much there is.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::message::{BatchId, BatchType, Domain};

/// One page of a listing, and the key behind which the next one begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing<T, K> {
    /// What was found, in order.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<K>,
}

/// A count that stops at a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many were found.
    pub count: u64,
    /// Whether there may be more.
    pub is_capped: bool,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.count.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        f.write_str(if self.is_capped { "+" } else { "" })
    }
}

/// Which batches to list; fields that are `None` do not restrict.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct BatchFilter {
    /// Of this domain.
    pub domain: Option<Domain>,
    /// Of commands, or of processes.
    pub batch_type: Option<BatchType>,
    /// Those that have ended, or those that have not.
    pub has_ended: Option<bool>,
}

/// The key of a page of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchCursor {
    /// When the last one was created.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub batch_id: BatchId,
}

impl fmt::Display for BatchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_at.timestamp_micros(), self.batch_id)
    }
}

impl FromStr for BatchCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('.').and_then(|(at, id)| {
            let created_at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
            Some(Self { created_at, batch_id: id.parse().ok()? })
        });
        parts.ok_or(InvalidCursor)
    }
}

/// What is not the key of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor: take the one that came with the page before")]
pub struct InvalidCursor;

/// Which entries of the audit trail to list; fields that are `None` do not restrict.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct AuditFilter {
    /// Of this domain.
    pub domain: Option<Domain>,
    /// Of this command or batch.
    pub subject: Option<Uuid>,
    /// Of this type.
    pub event: Option<String>,
    /// Of this operator.
    pub operator: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_by_people() {
        let count = |count, is_capped| Count { count, is_capped }.to_string();
        assert_eq!(count(0, false), "0");
        assert_eq!(count(999, false), "999");
        assert_eq!(count(10_000, true), "10,000+");
        assert_eq!(count(1_234_567, false), "1,234,567");
    }

    #[test]
    fn a_cursor_reads_back() {
        let cursor = BatchCursor {
            created_at: DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
            batch_id: BatchId::new(),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("yesterday".parse::<BatchCursor>(), Err(InvalidCursor));
    }
}
