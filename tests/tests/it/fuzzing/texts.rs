//! Texts that programs read without a database.

use std::time::Duration;

use commandbus::message::{
    Domain, Outcome, Reply,
    envelope::Envelope,
    retry::{Backoff, parse_duration},
};
use commandbus_tests::{Input, inputs};
use serde_json::{Map, Value, json};

const DURATIONS: [&str; 8] = ["10s", "60s", "5m", "1500ms", "2 h", "1d", "0s", "18446744073709551615ms"];

/// How it is written, that a duration is: digits, blanks, a unit.
fn expected(text: &str) -> Option<Duration> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().ok()?;
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let (_, of_one) = units.into_iter().find(|(name, _)| *name == unit.trim_start())?;
    Some(Duration::from_millis(number.checked_mul(of_one)?))
}

fn duration(input: &mut Input) -> String {
    let text = input.pick(&DURATIONS);
    match input.number(0..=3) {
        0 => text.to_owned(),
        1 => input.text(),
        _ => input.mutated(text),
    }
}

#[test]
fn a_duration_is_read_as_written_or_refused() {
    let mut read = 0;
    for mut input in inputs(5_000) {
        let text = duration(&mut input);
        let parsed = parse_duration(&text);
        assert_eq!(parsed.as_ref().ok(), expected(&text).as_ref(), "{text:?}");
        match parsed {
            Ok(_) => read += 1,
            Err(error) => assert!(error.to_string().contains("as in `10s`"), "{error}"),
        }
    }
    assert!(read > 0);
}

#[test]
fn a_backoff_is_read_as_written_or_refused() {
    for mut input in inputs(5_000) {
        let texts: Vec<String> = (0..input.number(1..=4)).map(|_| duration(&mut input)).collect();
        let text = texts.join(input.pick(&[",", ", ", " ,"]));
        let pauses: Option<Vec<Duration>> = text.split(',').map(|entry| expected(entry.trim())).collect();
        match (text.parse::<Backoff>(), pauses) {
            (Ok(backoff), Some(pauses)) => {
                assert_eq!(backoff.schedule(), pauses, "{text:?}");
                for attempt in [0, 1, 2, u32::MAX] {
                    assert!(pauses.contains(&backoff.after(attempt)), "{text:?}");
                }
            }
            (Err(_), None) => {}
            (read, pauses) => panic!("{text:?} is {read:?}, and not {pauses:?}"),
        }
    }
}

#[test]
fn a_domain_is_as_the_names_of_queues_allow_or_refused() {
    for mut input in inputs(5_000) {
        let text = if input.chance(30) { input.text() } else { input.mutated("billing_eu2") };
        let is_name = text.len() <= 30
            && text.starts_with(|letter: char| letter.is_ascii_lowercase())
            && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
            && !text.contains("__")
            && !text.ends_with('_');
        assert_eq!(Domain::new(text.clone()).is_ok(), is_name, "{text:?}");
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { unreachable!("it was written as one") };
    object
}

/// A text that was JSON before somebody was at it.
fn broken(input: &mut Input, value: &Value) -> String {
    let text = value.to_string();
    if input.chance(30) { input.mutated(&text) } else { text }
}

#[test]
fn an_envelope_is_read_or_refused_and_read_again_as_it_was() {
    let id = "0192f0c1-2345-7000-8000-000000000001";
    let valid = object(json!({
        "domain": "payments", "command_type": "Debit", "command_id": id, "correlation_id": id,
        "data": { "cents": 5 }, "reply_to": "payments__replies",
    }));
    let mut read = 0;
    for mut input in inputs(5_000) {
        let value = input.mutated_json(&valid);
        let text = broken(&mut input, &value);
        let Ok(envelope) = serde_json::from_str::<Envelope>(&text) else { continue };
        read += 1;
        let written = serde_json::to_string(&envelope).unwrap();
        let again: Envelope = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(serde_json::to_string(&again).unwrap(), written, "{text}");
    }
    assert!(read > 0);
}

#[test]
fn a_reply_is_read_or_refused_and_read_again_as_it_was() {
    let id = "0192f0c1-2345-7000-8000-000000000001";
    let shapes = [
        json!({ "command_id": id, "correlation_id": id, "outcome": "SUCCESS", "result": { "n": 1 } }),
        json!({ "command_id": id, "correlation_id": null, "outcome": "SUCCESS", "data": [1] }),
        json!({ "command_id": id, "outcome": "CANCELED", "reason": "not needed" }),
        json!({
            "command_id": id, "outcome": "FAILED", "error_type": "BUSINESS_RULE", "error_code": "NO", "error_message": "no",
            "error_details": { "limit": 5 },
        }),
        json!({
            "command_id": id, "outcome": "FAILED",
            "result": { "error_type": "BUSINESS_RULE", "error_code": "NO", "error_message": "no" },
        }),
    ]
    .map(object);
    let mut read = 0;
    for mut input in inputs(5_000) {
        let shape = input.pick(&shapes);
        let value = input.mutated_json(&shape);
        let text = broken(&mut input, &value);
        let Ok(reply) = serde_json::from_str::<Reply>(&text) else { continue };
        read += 1;
        let is_told = reply.outcome != Outcome::Failed || reply.result.is_none() || reply.error_code.is_none();
        assert!(is_told || value.get("error_code").is_some(), "{text}");
        let written = serde_json::to_string(&reply).unwrap();
        let again: Reply = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(serde_json::to_string(&again).unwrap(), written, "{text}");
    }
    assert!(read > 0);
}
