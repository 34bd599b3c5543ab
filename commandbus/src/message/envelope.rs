//! The message that carries a command.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{CommandId, Domain};

/// A command as it travels, in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// The domain whose queue carries it.
    pub domain: Domain,
    /// The name of its type.
    pub command_type: String,
    /// Its id.
    pub command_id: CommandId,
    /// What it belongs to; the same in message, row and audit.
    pub correlation_id: Uuid,
    /// The command itself.
    pub data: Box<RawValue>,
    /// The queue its reply is sent to, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

/// Why a payload cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// `serde_json` could not write it.
    #[error("`{command_type}` cannot be written as JSON: {source}")]
    Serialize {
        /// The type that was to be sent.
        command_type: String,
        /// What the serializer said.
        source: serde_json::Error,
    },
    /// PostgreSQL's jsonb has no room for it.
    #[error(
        "the payload of `{command_type}` has {bytes} bytes, but PostgreSQL's jsonb holds at most {limit}: store the data \
         elsewhere and send a reference to it",
        limit = PAYLOAD_LIMIT
    )]
    TooLarge {
        /// The type that was to be sent.
        command_type: String,
        /// Its size as JSON text.
        bytes: usize,
    },
    /// It contains a character that PostgreSQL's text cannot hold.
    #[error(
        "the payload of `{command_type}` contains a NUL character (\\u0000), which PostgreSQL cannot store: remove it, or \
         encode the bytes (base64, for instance)"
    )]
    Nul {
        /// The type that was to be sent.
        command_type: String,
    },
    /// No reader of JSON goes so deep.
    #[error(
        "the payload of `{command_type}` is nested more than {limit} levels deep, which its handler could not read: send \
         a flat list with references in it",
        limit = DEPTH_LIMIT
    )]
    TooDeep {
        /// The type that was to be sent.
        command_type: String,
    },
    /// What it is to be grouped by is neither text, a number, a truth value nor null.
    #[error(
        "`{command_type}` cannot be grouped by {key}: the key of a group is text, a number or a bool (null is for no \
         group); group by a field of it that is one, or write `serialize_with` or `Serialize` so that it becomes one"
    )]
    GroupKey {
        /// The type that was to be sent.
        command_type: String,
        /// The key as JSON.
        key: String,
    },
    /// The key of its group does not fit into an index.
    #[error(
        "the key of the group of `{command_type}` has {bytes} bytes, but at most {limit} are stored: group by something \
         shorter, a hash of it for instance",
        limit = super::group::KEY_LIMIT
    )]
    GroupKeyTooLong {
        /// The type that was to be sent.
        command_type: String,
        /// Its size.
        bytes: usize,
    },
}

/// The largest payload in bytes: the limit of a jsonb object (`JENTRY_OFFLENMASK`), less room for the envelope.
pub const PAYLOAD_LIMIT: usize = 0x0FFF_FFFF - 4096;

/// How deep arrays and objects may be nested: what `serde_json` reads.
pub const DEPTH_LIMIT: usize = 127;

/// Writes a value as the `data` of an envelope, refusing what PostgreSQL could not store.
pub fn seal<T: Serialize + ?Sized>(command_type: &str, value: &T) -> Result<Box<RawValue>, PayloadError> {
    let text = serde_json::to_string(value)
        .map_err(|source| PayloadError::Serialize { command_type: command_type.to_owned(), source })?;
    check(command_type, &text)?;
    RawValue::from_string(text)
        .map_err(|source| PayloadError::Serialize { command_type: command_type.to_owned(), source })
}

/// Refuses JSON text that PostgreSQL could not store as jsonb.
pub fn check(command_type: &str, json: &str) -> Result<(), PayloadError> {
    if json.len() > PAYLOAD_LIMIT {
        return Err(PayloadError::TooLarge { command_type: command_type.to_owned(), bytes: json.len() });
    }
    if contains_nul(json) {
        return Err(PayloadError::Nul { command_type: command_type.to_owned() });
    }
    if is_too_deep(json) {
        return Err(PayloadError::TooDeep { command_type: command_type.to_owned() });
    }
    Ok(())
}

/// Whether JSON text contains an escaped NUL; an even number of backslashes before `\u0000` only quotes it.
fn contains_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let backslashes = json[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        backslashes % 2 == 0
    })
}

/// Whether JSON text is nested deeper than it can be read again.
fn is_too_deep(json: &str) -> bool {
    // Each level is closed, too; most payloads are shorter.
    if json.len() < 2 * DEPTH_LIMIT {
        return false;
    }
    let (mut depth, mut in_text, mut is_quoted) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_quoted => is_quoted = false,
            b'\\' if in_text => is_quoted = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_nul_is_refused() {
        assert!(matches!(seal("T", "a\0b"), Err(PayloadError::Nul { .. })));
        assert!(matches!(seal("T", &["\\\0"]), Err(PayloadError::Nul { .. })));
        assert!(seal("T", "a\\u0000b").is_ok(), "a backslash followed by text");
        assert!(seal("T", "\\\\u0000").is_ok());
    }

    #[test]
    fn what_is_sealed_can_be_read_and_nothing_deeper_is() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (depth, is_read) in [(1, true), (DEPTH_LIMIT, true), (DEPTH_LIMIT + 1, false), (10_000, false)] {
            let text = nested(depth);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), is_read, "{depth}");
            assert_eq!(check("T", &text).is_ok(), is_read, "{depth}");
        }
        let text = serde_json::to_string(&["[".repeat(500), "\\\"[".repeat(500)]).unwrap();
        assert!(check("T", &text).is_ok(), "brackets of a text are none");
        let wide = format!("[{}]", vec!["[]"; 500].join(","));
        assert!(check("T", &wide).is_ok());
    }

    #[test]
    fn reply_to_is_absent_when_nobody_asked() {
        let envelope = Envelope {
            domain: Domain::from_static("payments"),
            command_type: "Debit".into(),
            command_id: CommandId::new(),
            correlation_id: Uuid::nil(),
            data: seal("Debit", &serde_json::json!({"cents": 5})).unwrap(),
            reply_to: None,
        };
        let json = serde_json::to_value(&envelope).unwrap();
        assert_eq!(json["data"]["cents"], 5);
        assert!(json.get("reply_to").is_none());
        let back: Envelope = serde_json::from_value(json).unwrap();
        assert_eq!(back.command_id, envelope.command_id);
    }
}
