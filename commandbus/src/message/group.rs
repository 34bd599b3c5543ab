//! The key of a group, as it travels.

use serde::Serialize;
use serde_json::Value;

use super::envelope::{PayloadError, check};

/// The header that carries the key of a group.
pub const HEADER: &str = "x-pgmq-group";

/// The longest key in bytes; it stands in an index.
pub const KEY_LIMIT: usize = 1024;

/// Makes the key of a group of a value: text as it is, numbers and truth values as they are written. Null is no group.
///
/// ```
/// use commandbus::message::group::group_key;
///
/// assert_eq!(group_key("DebitAccount", &4711).unwrap().as_deref(), Some("4711"));
/// assert_eq!(group_key("DebitAccount", &None::<u64>).unwrap(), None);
/// assert!(group_key("DebitAccount", &[4711]).is_err());
/// ```
///
/// # Errors
///
/// When the value is anything else, or cannot be stored.
pub fn group_key<K: Serialize + ?Sized>(command_type: &str, key: &K) -> Result<Option<String>, PayloadError> {
    let key = serde_json::to_value(key)
        .map_err(|source| PayloadError::Serialize { command_type: command_type.to_owned(), source })?;
    let key = match key {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(_) | Value::Object(_) => {
            return Err(PayloadError::GroupKey { command_type: command_type.to_owned(), key: shortened(&key) });
        }
    };
    if key.len() > KEY_LIMIT {
        return Err(PayloadError::GroupKeyTooLong { command_type: command_type.to_owned(), bytes: key.len() });
    }
    check(command_type, &Value::from(key.as_str()).to_string())?;
    Ok(Some(key))
}

/// Enough of a key to know it again.
fn shortened(key: &Value) -> String {
    const SHOWN: usize = 60;
    let text = key.to_string();
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(key: &Value) -> Result<Option<String>, PayloadError> {
        group_key("Debit", key)
    }

    #[test]
    fn text_numbers_and_truth_values_are_keys_and_null_is_none() {
        for (value, key) in [
            (json!("DE89 3704"), Some("DE89 3704")),
            (json!(""), Some("")),
            (json!(-7), Some("-7")),
            (json!(1.5), Some("1.5")),
            (json!(true), Some("true")),
            (json!(null), None),
        ] {
            assert_eq!(of(&value).unwrap().as_deref(), key);
        }
    }

    #[test]
    fn anything_else_is_refused_and_named() {
        let error = of(&json!({ "iban": "DE89" })).unwrap_err().to_string();
        assert!(error.starts_with(r#"`Debit` cannot be grouped by {"iban":"DE89"}: "#), "{error}");
        let error = of(&json!(vec!["é"; 100])).unwrap_err().to_string();
        assert!(error.contains("…: the key of a group is text"), "{error}");
    }

    #[test]
    fn a_key_that_cannot_be_stored_is_refused() {
        assert!(matches!(of(&json!("a\0b")), Err(PayloadError::Nul { .. })));
        assert!(of(&json!("é".repeat(KEY_LIMIT / 2))).unwrap().is_some());
        let error = of(&json!("é".repeat(KEY_LIMIT / 2 + 1))).unwrap_err();
        assert!(matches!(error, PayloadError::GroupKeyTooLong { bytes: 1026, .. }), "{error}");
    }
}
