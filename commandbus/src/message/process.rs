//! What is known of a process, and of the commands it sent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BatchId, CommandId, Domain, Outcome, ProcessId, ProcessStatus};

/// A process as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcessMetadata {
    /// Its domain.
    pub domain: Domain,
    /// Its id, which is the correlation id of every command it sends.
    pub process_id: ProcessId,
    /// The name of its type.
    pub process_type: String,
    /// Where it is in its life.
    pub status: ProcessStatus,
    /// The step whose command was sent last; of a parallel group its first.
    pub current_step: Option<String>,
    /// The value of its type, as it was after the last reply.
    pub state: Value,
    /// The code of what it is being, or was, taken back for.
    pub error_code: Option<String>,
    /// The message that goes with it.
    pub error_message: Option<String>,
    /// When it was started, by the database's clock.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// The batch it belongs to, if any.
    pub batch_id: Option<BatchId>,
    /// How many of its commands and replies wait for an operator.
    pub parked_count: u32,
    /// When it is taken back unless it has ended.
    pub deadline_at: Option<DateTime<Utc>>,
}

/// What a command is to the process that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "UPPERCASE")]
pub enum StepRole {
    /// It does a step.
    Step,
    /// It takes back the step that this command did.
    Undo {
        /// The command of the step.
        undoes: CommandId,
    },
}

/// A command that a process sent, and what became of it: one line of its audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentStep {
    /// The step.
    pub step_name: String,
    /// Whether it does the step or takes it back.
    #[serde(flatten)]
    pub role: StepRole,
    /// Which sending of the process it belongs to, from 1; the members of a parallel group share it.
    pub visit: u32,
    /// The domain of the command; `None` when another implementation sent it.
    pub command_domain: Option<Domain>,
    /// The command.
    pub command_id: CommandId,
    /// The name of its type.
    pub command_type: String,
    /// Its payload.
    pub command_data: Option<Value>,
    /// When it was sent, by the database's clock.
    pub sent_at: DateTime<Utc>,
    /// When it is given up.
    pub due_at: Option<DateTime<Utc>>,
    /// How it ended; `None` while it is in flight.
    pub outcome: Option<Outcome>,
    /// The result, the error (`error_code`, `error_message`, `error_details`) or the `reason` that came with the reply.
    pub reply_data: Option<Value>,
    /// When its reply was handled.
    pub received_at: Option<DateTime<Utc>>,
}
