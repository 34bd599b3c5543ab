//! What to record of a delivery: outcome × attempt × policy → verdict, without I/O, clock or chance of its own.

use std::time::Duration;

use serde_json::value::RawValue;

use super::cleaning;
use crate::{
    handler::Outcome,
    message::{Backoff, Failure, FailureKind},
    store::{ParkReason, Verdict},
};

/// How one delivery ended in this worker.
#[derive(Debug)]
pub(super) enum Ending {
    /// The handler returned.
    Returned(Outcome),
    /// It panicked, with this message.
    Panicked(String),
    /// It took longer than it may.
    TimedOut(Duration),
    /// Its transaction could not be settled or committed with it.
    Unsettled(Failure),
    /// What it returned cannot be stored.
    Unsettleable(Failure),
    /// It did not run, or was stopped before it ended: shutdown, or its transaction could not be begun.
    Interrupted {
        /// The pause before the next delivery.
        after: Duration,
    },
    /// No handler of this worker takes the type, or its version.
    Unknown {
        /// What it is parked for, where that is asked for.
        reason: ParkReason,
        /// What it is parked with.
        failure: Failure,
    },
}

/// What the worker does with a command of a type, or a version, that it has no handler for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnknownTypes {
    /// It may be meant for a newer worker.
    GiveBack {
        after: Duration,
    },
    Park,
}

/// What the verdict depends on beside the ending.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) attempt: u32,
    pub(super) max_attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) keeps_reply: bool,
    pub(super) unknown_types: UnknownTypes,
    /// From -1 to 1; spreads what would otherwise be retried in one moment.
    pub(super) jitter: f64,
}

/// How far the jitter moves a backoff.
const JITTER_SHARE: f64 = 0.1;

/// Decides what to record; everything in it can be stored.
pub(super) fn decide(ending: Ending, terms: &Terms) -> Verdict {
    match ending {
        Ending::Returned(Outcome::Done(result)) => complete(result, terms),
        Ending::Returned(Outcome::Failed(failure)) | Ending::Unsettled(failure) => fail(failure, terms),
        Ending::Returned(Outcome::Undecodable(failure)) => park(ParkReason::Undecodable, failure),
        Ending::Panicked(message) => fail(Failure::transient("PANIC", message), terms),
        Ending::TimedOut(limit) => {
            fail(Failure::transient("TIMEOUT", format!("the handler took longer than {limit:?}")), terms)
        }
        Ending::Unsettleable(failure) => park(ParkReason::Unsettleable, failure),
        Ending::Interrupted { after } => Verdict::GiveBack { after },
        Ending::Unknown { reason, failure } => match terms.unknown_types {
            UnknownTypes::GiveBack { after } => Verdict::GiveBack { after },
            UnknownTypes::Park => park(reason, failure),
        },
    }
}

fn complete(result: Option<Box<RawValue>>, terms: &Terms) -> Verdict {
    match result.map(cleaning::result).transpose() {
        Ok(result) => Verdict::Complete { result, keep: terms.keeps_reply },
        Err(failure) => park(ParkReason::Unsettleable, failure),
    }
}

fn fail(failure: Failure, terms: &Terms) -> Verdict {
    match failure.kind {
        FailureKind::Permanent => park(ParkReason::Permanent, failure),
        FailureKind::BusinessRule => Verdict::Fail { failure: cleaning::failure(failure), keep: terms.keeps_reply },
        FailureKind::Transient if terms.attempt >= terms.max_attempts => park(ParkReason::Exhausted, failure),
        FailureKind::Transient => Verdict::Retry {
            after: terms.backoff.after(terms.attempt).mul_f64(1.0 + JITTER_SHARE * terms.jitter.clamp(-1.0, 1.0)),
            failure: cleaning::failure(failure),
        },
    }
}

fn park(reason: ParkReason, failure: Failure) -> Verdict {
    Verdict::Park { reason, failure: cleaning::failure(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(attempt: u32, max_attempts: u32) -> Terms {
        Terms {
            attempt,
            max_attempts,
            backoff: Backoff::default(),
            keeps_reply: true,
            unknown_types: UnknownTypes::GiveBack { after: Duration::from_secs(60) },
            jitter: 0.0,
        }
    }

    fn failed(failure: Failure) -> Ending {
        Ending::Returned(Outcome::Failed(failure))
    }

    fn transient() -> Ending {
        failed(Failure::transient("BUSY", "busy"))
    }

    #[test]
    fn a_reply_completes() {
        let result = RawValue::from_string("7".into()).unwrap();
        let verdict = decide(Ending::Returned(Outcome::Done(Some(result))), &terms(1, 3));
        assert!(matches!(verdict, Verdict::Complete { result: Some(raw), keep: true } if raw.get() == "7"));
        let verdict = decide(Ending::Returned(Outcome::Done(None)), &Terms { keeps_reply: false, ..terms(3, 3) });
        assert!(matches!(verdict, Verdict::Complete { result: None, keep: false }));
    }

    #[test]
    fn transient_failures_are_retried_until_the_attempts_are_used_up() {
        for max_attempts in 1..=6 {
            for attempt in 1..=8 {
                match decide(transient(), &terms(attempt, max_attempts)) {
                    Verdict::Retry { after, .. } => {
                        assert!(attempt < max_attempts);
                        assert_eq!(after, Backoff::default().after(attempt));
                    }
                    Verdict::Park { reason: ParkReason::Exhausted, failure } => {
                        assert!(attempt >= max_attempts);
                        assert_eq!(failure.code, "BUSY");
                    }
                    other => panic!("attempt {attempt} of {max_attempts}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        for step in -30..=30 {
            let jitter = f64::from(step) / 10.0;
            let Verdict::Retry { after, .. } = decide(transient(), &Terms { jitter, ..terms(1, 3) }) else {
                panic!("a first transient failure is retried")
            };
            assert!((9.0..=11.0).contains(&after.as_secs_f64()), "{jitter}: {after:?}");
        }
    }

    #[test]
    fn the_kind_of_a_failure_outweighs_the_attempts_left() {
        for attempt in 1..=4 {
            let verdict = decide(failed(Failure::permanent("CLOSED", "closed")), &terms(attempt, 3));
            assert!(matches!(verdict, Verdict::Park { reason: ParkReason::Permanent, .. }));
            let verdict = decide(failed(Failure::business_rule("NO_FUNDS", "no")), &terms(attempt, 3));
            assert!(matches!(verdict, Verdict::Fail { keep: true, .. }));
        }
    }

    #[test]
    fn panics_and_timeouts_are_transient() {
        for (ending, code, word) in [
            (Ending::Panicked("index out of bounds".into()), "PANIC", "out of bounds"),
            (Ending::TimedOut(Duration::from_secs(30)), "TIMEOUT", "30s"),
        ] {
            let Verdict::Retry { failure, .. } = decide(ending, &terms(1, 3)) else { panic!("{code} is retried") };
            assert_eq!(failure.code, code);
            assert!(failure.message.contains(word));
        }
    }

    #[test]
    fn what_cannot_be_read_or_stored_is_parked_at_once() {
        let failure = Failure::permanent("UNDECODABLE", "missing field `cents`");
        let verdict = decide(Ending::Returned(Outcome::Undecodable(failure.clone())), &terms(1, 3));
        assert!(matches!(verdict, Verdict::Park { reason: ParkReason::Undecodable, .. }));
        let verdict = decide(Ending::Unsettleable(failure), &terms(1, 3));
        assert!(matches!(verdict, Verdict::Park { reason: ParkReason::Unsettleable, .. }));
    }

    #[test]
    fn unknown_types_are_given_back_or_parked() {
        let failure = || Failure::permanent("UNKNOWN_COMMAND_TYPE", "no handler takes `Novel`");
        let unknown = || Ending::Unknown { reason: ParkReason::Permanent, failure: failure() };
        let verdict = decide(unknown(), &terms(3, 3));
        assert!(matches!(verdict, Verdict::GiveBack { after } if after == Duration::from_secs(60)));
        let verdict = decide(unknown(), &Terms { unknown_types: UnknownTypes::Park, ..terms(1, 3) });
        assert!(matches!(verdict, Verdict::Park { failure, .. } if failure.message.contains("`Novel`")));
    }
}
