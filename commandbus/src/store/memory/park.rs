//! Parking: a command leaves its queue and waits for an operator.

use serde::Deserialize;
use serde_json::Value;

use super::{
    queue::Message,
    state::{CommandKey, Shelved, Transition},
};
use crate::{
    message::{CommandStatus, EventType, Failure, version::version_of},
    store::{ParkReason, Parked},
};

/// How much of a fingerprint is kept, in characters.
const FINGERPRINT_LENGTH: usize = 200;

impl Transition<'_> {
    pub(super) fn park(&mut self, key: &CommandKey, reason: ParkReason, failure: &Failure) {
        let message = self.archive(key).expect("who parks a command holds its message").clone();
        self.remember(key, failure);
        let details = self.failure_details(key, reason.as_str(), failure);
        self.record(&key.0, key.1.as_uuid(), EventType::MovedToTsq, details);

        self.state.last_parked_id += 1;
        let (parked_id, parked_at) = (self.state.last_parked_id, self.now);
        let command = self.command(key);
        let entry = Parked {
            parked_id,
            domain: key.0.clone(),
            command_id: key.1,
            command_type: command.command_type.clone(),
            batch_id: command.batch_id,
            correlation_id: command.correlation_id,
            reason: reason.as_str().to_owned(),
            error_type: Some(failure.kind.as_str().to_owned()),
            error_code: Some(failure.code.to_string()),
            error_msg: Some(failure.message.clone()),
            error_details: failure.details.clone(),
            fingerprint: fingerprint(&command.command_type, failure),
            attempts: command.attempts,
            max_attempts: command.max_attempts,
            parked_at,
            group: command.group.clone(),
            holds: 0,
            payload: payload(&message),
            version: message.headers.as_ref().map_or(1, version_of),
        };
        self.state.parked.insert(key.clone(), Shelved { entry, message });
        self.enter(key, CommandStatus::InTroubleshooting);
    }
}

fn payload(message: &Message) -> Option<Value> {
    #[derive(Deserialize)]
    struct Payload {
        data: Value,
    }
    serde_json::from_str(message.body.get()).ok().map(|Payload { data }| data)
}

/// What errors of one cause share: type, code, and the message without its numbers and ids.
fn fingerprint(command_type: &str, failure: &Failure) -> String {
    let text = format!("{command_type}:{}:{}", failure.code, without_numbers(&failure.message));
    text.chars().take(FINGERPRINT_LENGTH).collect()
}

/// Writes `#` for each run of hexadecimal digits and dashes that has a decimal digit in it: numbers, UUIDs, hashes.
fn without_numbers(message: &str) -> String {
    let in_run = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut plain = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(in_run) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !in_run(c)).unwrap_or(from.len()));
        plain.push_str(before);
        plain.push_str(if run.contains(|c: char| c.is_ascii_digit()) { "#" } else { run });
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_forgets_numbers_and_ids_but_not_words() {
        for (message, plain) in [
            ("", ""),
            ("account closed", "account closed"),
            ("no row 4711", "no row #"),
            ("4711 is gone", "# is gone"),
            ("of 0192f0c1-2345-7000-8000-00000000000a", "of #"),
            ("a-b - beef", "a-b - beef"),
            ("limit 12.50 €, used 13", "limit #.# €, used #"),
        ] {
            assert_eq!(without_numbers(message), plain);
        }
        let long = Failure::permanent("LONG", "é".repeat(500));
        assert_eq!(fingerprint("Debit", &long).chars().count(), FINGERPRINT_LENGTH);
        assert_eq!(fingerprint("Debit", &Failure::permanent("NO", "no 1")), "Debit:NO:no #");
    }
}
