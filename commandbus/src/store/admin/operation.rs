//! A verb on everything that a filter finds.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::store::ParkedFilter;

/// The id of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(Uuid);

impl OperationId {
    /// A new one, greater than those before.
    #[allow(clippy::new_without_default, reason = "an id that differs each time is no default")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The one with this number.
    pub const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// Its number.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for OperationId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "UPPERCASE")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// The text that is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one that is stored as this text.
            pub(in crate::store) fn read(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What an operation does to each.
    OperationVerb {
        /// Sends it again as it is.
        Retry = "RETRY",
        /// Ends it as CANCELED.
        Cancel = "CANCEL",
        /// Ends it as COMPLETED.
        Complete = "COMPLETE",
    }
}

words! {
    /// Where an operation is in its life.
    OperationStatus {
        /// There is more to do.
        Running = "RUNNING",
        /// Everything was tried.
        Completed = "COMPLETED",
        /// It was ended where it stood.
        Canceled = "CANCELED",
    }
}

/// An operation to begin.
#[derive(Debug, Clone)]
pub struct NewOperation {
    /// Its id.
    pub operation_id: OperationId,
    /// What it does.
    pub verb: OperationVerb,
    /// To which parked commands.
    pub filter: ParkedFilter,
    /// In whose name.
    pub operator: String,
    /// Why.
    pub reason: Option<String>,
    /// What [`Complete`](OperationVerb::Complete) ends them with.
    pub result: Option<Box<RawValue>>,
}

/// An operation as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Operation {
    /// Its id.
    pub operation_id: OperationId,
    /// What it does.
    pub verb: OperationVerb,
    /// To which parked commands.
    pub filter: ParkedFilter,
    /// In whose name.
    pub operator: String,
    /// Why.
    pub reason: Option<String>,
    /// Where it is in its life.
    pub status: OperationStatus,
    /// How many the filter found when it began.
    pub total_count: u32,
    /// How many were retried, canceled or completed.
    pub done_count: u32,
    /// How many were not: somebody else was faster, or their messages are gone.
    pub skipped_count: u32,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Operation {
    pub(in crate::store) fn begun(new: &NewOperation, total_count: u32, now: DateTime<Utc>) -> Self {
        let is_empty = total_count == 0;
        Self {
            operation_id: new.operation_id,
            verb: new.verb,
            filter: new.filter.clone(),
            operator: new.operator.clone(),
            reason: new.reason.clone(),
            status: if is_empty { OperationStatus::Completed } else { OperationStatus::Running },
            total_count,
            done_count: 0,
            skipped_count: 0,
            created_at: now,
            updated_at: now,
            completed_at: is_empty.then_some(now),
        }
    }

    /// Whether there is no more to do.
    pub fn is_over(&self) -> bool {
        self.status != OperationStatus::Running
    }
}
