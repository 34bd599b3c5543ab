//! The answer to a command.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use super::CommandId;

/// How a command ended, as its sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// COMPLETED, by its handler or by an operator.
    Success,
    /// FAILED, by a business rule.
    Failed,
    /// CANCELED.
    Canceled,
}

/// A reply as it travels, in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Wire")]
#[non_exhaustive]
pub struct Reply {
    /// The command it answers.
    pub command_id: CommandId,
    /// The correlation id of that command.
    pub correlation_id: Option<Uuid>,
    /// How the command ended.
    pub outcome: Outcome,
    /// What the handler, or an operator, returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<RawValue>>,
    /// For FAILED: the kind, `BUSINESS_RULE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// For FAILED: the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// For FAILED: the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// For FAILED: anything else the handler gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_details: Option<Value>,
    /// For CANCELED: the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is accepted: other senders write `data` for `result`, or put the error fields inside `result`.
#[derive(Deserialize)]
struct Wire {
    command_id: CommandId,
    #[serde(default)]
    correlation_id: Option<Uuid>,
    outcome: Outcome,
    #[serde(default, alias = "data")]
    result: Option<Box<RawValue>>,
    #[serde(flatten)]
    error: WireError,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireError {
    #[serde(default)]
    error_type: Option<String>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    error_details: Option<Value>,
}

impl From<Wire> for Reply {
    fn from(wire: Wire) -> Self {
        let Wire { command_id, correlation_id, outcome, mut result, mut error, reason } = wire;
        if outcome == Outcome::Failed && error.error_code.is_none() {
            let nested: Option<WireError> = result.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok());
            if let Some(nested) = nested.filter(|nested| nested.error_code.is_some()) {
                error = nested;
                result = None;
            }
        }
        Self {
            command_id,
            correlation_id,
            outcome,
            result: result.filter(|raw| raw.get() != "null"),
            error_type: error.error_type,
            error_code: error.error_code,
            error_message: error.error_message,
            error_details: error.error_details,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Reply {
        serde_json::from_str(json).unwrap()
    }

    const ID: &str = "0192f0c1-2345-7000-8000-000000000001";

    #[test]
    fn the_shapes_of_other_senders_are_read() {
        let reply =
            read(&format!(r#"{{"command_id":"{ID}","correlation_id":null,"outcome":"SUCCESS","data":{{"n":1}}}}"#));
        assert_eq!(reply.result.unwrap().get(), r#"{"n":1}"#);

        let nested = read(&format!(
            r#"{{"command_id":"{ID}","outcome":"FAILED","result":{{"error_type":"BUSINESS_RULE","error_code":"NO","error_message":"no"}}}}"#
        ));
        assert_eq!(nested.error_code.as_deref(), Some("NO"));
        assert!(nested.result.is_none());
    }

    #[test]
    fn absent_fields_do_not_travel() {
        let reply =
            read(&format!(r#"{{"command_id":"{ID}","correlation_id":"{ID}","outcome":"CANCELED","reason":"dup"}}"#));
        let json = serde_json::to_value(&reply).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["command_id", "correlation_id", "outcome", "reason"]);
    }
}
