//! What an outcome must look like before it can be stored: without NUL, which PostgreSQL's text cannot hold, and of
//! bounded length, so that one talkative error does not fill the tables that operators read.

use std::borrow::Cow;

use serde_json::{Value, json, value::RawValue};

use crate::message::{Failure, envelope::PAYLOAD_LIMIT};

/// The longest message of a failure that is stored, in characters.
pub(super) const MESSAGE_LIMIT: usize = 10_000;
/// The longest code of a failure that is stored, in characters.
pub(super) const CODE_LIMIT: usize = 200;
/// The largest details of a failure that are stored, in bytes of JSON.
pub(super) const DETAILS_LIMIT: usize = 64 * 1024;

const NUL: char = '\0';
const REPLACEMENT: &str = "\u{FFFD}";

/// A failure as it can be stored.
pub(super) fn failure(failure: Failure) -> Failure {
    let Failure { kind, code, message, details } = failure;
    Failure {
        kind,
        code: match code {
            Cow::Borrowed(text) if fits(text, CODE_LIMIT) => Cow::Borrowed(text),
            other => Cow::Owned(text(other.into_owned(), CODE_LIMIT)),
        },
        message: text(message, MESSAGE_LIMIT),
        details: details.map(details_within_bounds),
    }
}

/// A result as it can be stored, or why it cannot.
pub(super) fn result(result: Box<RawValue>) -> Result<Box<RawValue>, Failure> {
    if result.get().len() > PAYLOAD_LIMIT {
        return Err(Failure::permanent(
            "RESULT_TOO_LARGE",
            format!(
                "the result has {} bytes, but PostgreSQL's jsonb holds at most {PAYLOAD_LIMIT}: store the data elsewhere \
                 and return a reference to it",
                result.get().len()
            ),
        ));
    }
    Ok(without_nul(&result).unwrap_or(result))
}

fn fits(text: &str, limit: usize) -> bool {
    text.len() <= limit && !text.contains(NUL)
}

fn text(mut text: String, limit: usize) -> String {
    if fits(&text, limit) {
        return text;
    }
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.pop();
        text.push('…');
    }
    text.replace(NUL, REPLACEMENT)
}

fn details_within_bounds(mut details: Value) -> Value {
    let bytes = details.to_string().len();
    if bytes > DETAILS_LIMIT {
        return json!({ "omitted": format!("{bytes} bytes of details, more than the {DETAILS_LIMIT} that are stored") });
    }
    replace_nul(&mut details);
    details
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(NUL) => *text = text.replace(NUL, REPLACEMENT),
        Value::Array(items) => items.iter_mut().for_each(replace_nul),
        Value::Object(fields) => {
            if fields.keys().any(|key| key.contains(NUL)) {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(key, value)| (key.replace(NUL, REPLACEMENT), value))
                    .collect();
            }
            fields.values_mut().for_each(replace_nul);
        }
        _ => {}
    }
}

/// JSON text with its escaped NULs replaced; `None` where there are none. An even number of backslashes before `u0000`
/// only quotes a backslash.
fn without_nul(json: &RawValue) -> Option<Box<RawValue>> {
    const ESCAPED: &str = "\\u0000";
    let json = json.get();
    let nuls: Vec<usize> = json
        .match_indices(ESCAPED)
        .map(|(at, _)| at)
        .filter(|at| json[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0)
        .collect();
    if nuls.is_empty() {
        return None;
    }
    let mut clean = json.to_owned();
    for at in nuls {
        // As long as what it replaces, so that the other positions stay.
        clean.replace_range(at..at + ESCAPED.len(), "\\ufffd");
    }
    RawValue::from_string(clean).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn nul_is_replaced_and_quoted_nul_is_not() {
        for (given, stored) in [
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""\u0000\u0000""#, r#""\ufffd\ufffd""#),
            (r#""\\u0000""#, r#""\\u0000""#),
            (r#""\\\u0000""#, r#""\\\ufffd""#),
            (r#"{"n":1}"#, r#"{"n":1}"#),
        ] {
            assert_eq!(result(raw(given)).unwrap().get(), stored);
        }
    }

    #[test]
    fn failures_are_cut_and_cleaned() {
        let given = Failure::permanent("C\0".repeat(300), "é".repeat(MESSAGE_LIMIT + 1))
            .with_details(json!({ "k\0": ["v\0", { "deep": "\0" }], "n": 1 }));
        let stored = failure(given);
        assert_eq!(stored.code.chars().count(), CODE_LIMIT);
        assert!(!stored.code.contains(NUL));
        assert_eq!(stored.message.chars().count(), MESSAGE_LIMIT);
        assert!(stored.message.ends_with('…'));
        assert_eq!(stored.details.unwrap(), json!({ "k\u{FFFD}": ["v\u{FFFD}", { "deep": "\u{FFFD}" }], "n": 1 }));
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let given = Failure::transient("DATABASE", "é".repeat(MESSAGE_LIMIT)).with_details(json!([1, "two"]));
        assert_eq!(failure(given.clone()), given);
    }

    #[test]
    fn details_beyond_the_limit_leave_a_note() {
        let stored = failure(Failure::transient("X", "x").with_details("y".repeat(DETAILS_LIMIT)));
        assert!(stored.details.unwrap()["omitted"].as_str().unwrap().contains("bytes of details"));
    }
}
