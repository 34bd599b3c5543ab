//! The audit trail: what happened to a command or a batch, append-only.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Domain;

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEvent {
    /// Its place in the trail; later events have larger ids within one command.
    pub audit_id: i64,
    /// The domain.
    pub domain: Domain,
    /// The command it happened to; for batch events the batch.
    pub subject: Uuid,
    /// What happened.
    pub event: String,
    /// When, by the database's clock.
    pub at: DateTime<Utc>,
    /// The details of this kind of event.
    pub details: serde_json::Value,
}

macro_rules! event_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What the audit trail records, by the text that is stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventType { $($(#[$doc])* $name,)+ }

        impl EventType {
            /// The text stored in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }

        impl PartialEq<EventType> for String {
            fn eq(&self, other: &EventType) -> bool {
                self == other.as_str()
            }
        }
    };
}

event_types! {
    /// The command was sent.
    Sent = "SENT",
    /// A worker received it.
    Received = "RECEIVED",
    /// Its handler completed it.
    Completed = "COMPLETED",
    /// An attempt failed and it will be retried.
    Failed = "FAILED",
    /// It was parked in the troubleshooting queue.
    MovedToTsq = "MOVED_TO_TSQ",
    /// A business rule refused it.
    BusinessRuleFailed = "BUSINESS_RULE_FAILED",
    /// An operator sent it again.
    OperatorRetry = "OPERATOR_RETRY",
    /// An operator canceled it.
    OperatorCancel = "OPERATOR_CANCEL",
    /// An operator completed it by hand.
    OperatorComplete = "OPERATOR_COMPLETE",
    /// An operator paused the batch, or the domain: then the subject is that of the entry alone.
    OperatorPause = "OPERATOR_PAUSE",
    /// An operator resumed it.
    OperatorResume = "OPERATOR_RESUME",
    /// It was canceled before it ran.
    Canceled = "CANCELED",
    /// The first command of the batch was received or canceled.
    BatchStarted = "BATCH_STARTED",
    /// The last command of the batch ended.
    BatchCompleted = "BATCH_COMPLETED",
}
