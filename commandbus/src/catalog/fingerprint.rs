//! What changes when the wire format does, and with nothing else.

use serde_json::{Value, json};

use super::StepDescription;
use crate::{message::CommandSpec, process::ProcessEntry};

pub(super) fn of_command(spec: &CommandSpec, payload: Option<&Value>, reply: Option<&Value>) -> String {
    let names = sorted(spec.aliases);
    hash(&json!({
        "domain": spec.domain.as_str(), "name": spec.name, "aliases": names, "version": spec.version,
        "upcasts_from": spec.upcasts_from(), "declares_reply": spec.keeps_reply,
        "payload": payload.map(wire_format), "reply": reply.map(wire_format),
    }))
}

pub(super) fn of_process(entry: &ProcessEntry, steps: &[StepDescription]) -> String {
    let step = |step: &StepDescription| json!([step.name, sorted(step.aliases), step.group, step.command, step.undo]);
    hash(&json!({
        "domain": entry.domain.as_str(), "name": entry.name, "aliases": sorted(entry.aliases),
        "steps": steps.iter().map(step).collect::<Vec<_>>(),
    }))
}

fn sorted(names: &[&'static str]) -> Vec<&'static str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

/// A schema without its words for people, and without the order that its fields and variants are written in.
fn wire_format(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let kept = keywords.iter().filter(|(keyword, _)| {
        !matches!(keyword.as_str(), "$schema" | "title" | "description" | "examples" | "deprecated")
    });
    kept.map(|(keyword, value)| {
        let value = match (keyword.as_str(), value) {
            // The keys are names here, not keywords.
            ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(schemas)) => {
                schemas.iter().map(|(name, schema)| (name.clone(), wire_format(schema))).collect()
            }
            ("required" | "enum" | "type" | "oneOf" | "anyOf" | "allOf", Value::Array(members)) => {
                let mut members: Vec<Value> = members.iter().map(wire_format).collect();
                members.sort_by_cached_key(canonical);
                Value::Array(members)
            }
            ("const" | "default", value) => value.clone(),
            (_, Value::Array(members)) => members.iter().map(wire_format).collect(),
            (_, value) => wire_format(value),
        };
        (keyword.clone(), value)
    })
    .collect()
}

/// JSON text that does not depend on the order of keys, which `serde_json` keeps where a program wants it to.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(key, value)| (key, canonical(value))).collect();
            fields.sort();
            let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(members) => format!("[{}]", members.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(value: &Value) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", canonical(value).bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // As others compute it of the text `"a"`, quotes included.
        assert_eq!(hash(&json!("a")), {
            let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211);
            format!("{:016x}", b"\"a\"".iter().fold(14_695_981_039_346_656_037, step))
        });
        assert_eq!(canonical(&json!({"b": [1, "x"], "a": null})), r#"{"a":null,"b":[1,"x"]}"#);
    }

    #[test]
    fn words_and_order_do_not_count() {
        let one = json!({
            "$schema": "x", "title": "Debit", "description": "Takes.", "type": "object", "required": ["title", "cents"],
            "properties": {"title": {"type": "string", "description": "a"}, "cents": {"type": ["null", "integer"]}},
        });
        let other = json!({
            "type": "object", "required": ["cents", "title"],
            "properties": {"cents": {"type": ["integer", "null"]}, "title": {"type": "string"}},
        });
        assert_eq!(hash(&wire_format(&one)), hash(&wire_format(&other)));
        assert_eq!(wire_format(&one)["properties"]["title"], json!({"type": "string"}), "the field is no keyword");
    }

    #[test]
    fn types_requirements_and_variants_count() {
        let base = json!({"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}}});
        for other in [
            json!({"type": "object", "required": [], "properties": {"a": {"enum": ["x", "y"]}}}),
            json!({"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x"]}}}),
            json!({"type": "object", "required": ["a"], "properties": {"b": {"enum": ["x", "y"]}}}),
            json!({"type": "array", "required": ["a"], "properties": {"a": {"enum": ["x", "y"]}}}),
        ] {
            assert_ne!(hash(&wire_format(&base)), hash(&wire_format(&other)), "{other}");
        }
        let tuple = |types: [&str; 2]| json!({"prefixItems": types.map(|ty| json!({"type": ty}))});
        assert_ne!(hash(&wire_format(&tuple(["string", "null"]))), hash(&wire_format(&tuple(["null", "string"]))));
    }
}
