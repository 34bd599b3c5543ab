//! Verdicts and verbs by short names.

use std::time::Duration;

use commandbus::{
    message::Failure,
    store::{EditedPayload, OperatorVerb, ParkReason, Verdict},
};
use serde_json::{Value, json};

use crate::contract::world::raw;

/// The pause of [`retry`].
pub(crate) const BACKOFF: Duration = Duration::from_secs(10);

pub(crate) fn complete() -> Verdict {
    Verdict::Complete { result: None, keep: false }
}

pub(crate) fn complete_with(result: Value) -> Verdict {
    Verdict::Complete { result: Some(raw(result)), keep: true }
}

pub(crate) fn retry() -> Verdict {
    Verdict::Retry { failure: Failure::transient("BANK_DOWN", "the bank does not answer"), after: BACKOFF }
}

pub(crate) fn park() -> Verdict {
    park_as(ParkReason::Permanent, Failure::permanent("ACCOUNT_GONE", "account 4711 is gone"))
}

pub(crate) fn park_as(reason: ParkReason, failure: Failure) -> Verdict {
    Verdict::Park { reason, failure }
}

pub(crate) fn fail() -> Verdict {
    Verdict::Fail { failure: refusal(), keep: false }
}

pub(crate) fn refusal() -> Failure {
    Failure::business_rule("NO_COVER", "not enough cover").with_details(json!({ "missing": 5 }))
}

pub(crate) fn give_back() -> Verdict {
    Verdict::GiveBack { after: Duration::ZERO }
}

/// One verdict of each kind.
pub(crate) fn each() -> [Verdict; 5] {
    [complete(), retry(), park(), fail(), give_back()]
}

pub(crate) fn again() -> OperatorVerb {
    OperatorVerb::Retry { payload: None }
}

pub(crate) fn edited(payload: Value) -> OperatorVerb {
    OperatorVerb::Retry { payload: Some(EditedPayload { data: raw(payload), version: None }) }
}

pub(crate) fn completed() -> OperatorVerb {
    OperatorVerb::Complete { result: None }
}
