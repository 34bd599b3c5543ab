//! Why a process is taken back, and what is kept of a reply.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::message::{Outcome, Reply};

/// A code for machines and a message for people.
pub(crate) type Cause = (String, String);

/// A step failed, or was canceled.
pub(super) fn of_reply(step: &str, reply: &Reply) -> Cause {
    if reply.outcome == Outcome::Canceled {
        let message = reply.reason.clone().unwrap_or_else(|| format!("step `{step}` was canceled"));
        return ("CANCELED".to_owned(), message);
    }
    let code = reply.error_code.clone().unwrap_or_else(|| "FAILED".to_owned());
    (code, reply.error_message.clone().unwrap_or_else(|| format!("step `{step}` failed")))
}

/// A step took too long.
pub(super) fn of_timeout(step: &str, timeout: Option<Duration>) -> Cause {
    ("STEP_TIMEOUT".to_owned(), format!("step `{step}` had no reply {}", within(timeout)))
}

/// All of it took too long.
pub(super) fn of_deadline(deadline: Option<Duration>) -> Cause {
    ("DEADLINE".to_owned(), format!("the process did not end {}", within(deadline)))
}

/// The limit as the table has it now; it may have had another when the process was started.
fn within(limit: Option<Duration>) -> String {
    limit.map_or_else(|| "in time".to_owned(), |limit| format!("within {limit:?}"))
}

/// PostgreSQL has no room for a NUL.
pub(super) fn storable((code, message): Cause) -> Cause {
    let clean = |text: String| text.replace('\0', "\u{fffd}");
    (clean(code), clean(message))
}

/// The result, the error or the reason.
pub(super) fn data_of(reply: &Reply) -> Option<Value> {
    match reply.outcome {
        Outcome::Success => {
            let result = reply.result.as_ref()?.get();
            // Only a number beyond what `Value` holds cannot be read; it is kept as text.
            Some(serde_json::from_str(result).unwrap_or_else(|_| Value::String(result.to_owned())))
        }
        Outcome::Failed => {
            let mut error = Map::new();
            let texts = [("error_code", &reply.error_code), ("error_message", &reply.error_message)];
            for (key, text) in texts {
                error.extend(text.clone().map(|text| (key.to_owned(), Value::String(text))));
            }
            error.extend(reply.error_details.clone().map(|details| ("error_details".to_owned(), details)));
            Some(Value::Object(error))
        }
        Outcome::Canceled => reply.reason.as_ref().map(|reason| json!({ "reason": reason })),
    }
}
