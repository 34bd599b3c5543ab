//! The bus on a store in memory.

mod batches;
mod faulty;
mod group_commit;
mod operators;
mod replies;
mod sending;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Bus;
use crate::{
    message::{Command, CommandSpec, Domain, Failure, envelope::seal},
    store::{Delivery, ParkReason, Settlement, Verdict},
};

const PAYMENTS: Domain = Domain::from_static("payments");

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Debit {
    cents: i64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Receipt {
    cents: i64,
}

impl Command for Debit {
    type Reply = Receipt;
    const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "Debit").with_reply();
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Close;

impl Command for Close {
    type Reply = ();
    const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "Close");
}

fn debit(cents: i64) -> Debit {
    Debit { cents }
}

/// Receives what there is and settles it as a worker would: positive amounts complete, zero is refused by a rule,
/// negative ones are parked.
async fn work(bus: &Bus) -> usize {
    let lease = Duration::from_secs(30);
    let received = bus.store().receive(&PAYMENTS, 1_000, lease).await.unwrap().deliveries;
    let settlements: Vec<_> =
        received.iter().map(|delivery| Settlement { token: delivery.token, verdict: verdict(delivery) }).collect();
    bus.store().settle(&PAYMENTS, &settlements).await.unwrap();
    received.len()
}

fn verdict(delivery: &Delivery) -> Verdict {
    let Ok(Debit { cents }) = serde_json::from_str(delivery.data.get()) else {
        return Verdict::Complete { result: None, keep: false };
    };
    match cents {
        1.. => Verdict::Complete { result: Some(seal("Receipt", &Receipt { cents }).unwrap()), keep: true },
        0 => Verdict::Fail {
            failure: Failure::business_rule("NOTHING_DUE", "nothing is due").with_details(json!({ "cents": 0 })),
            keep: true,
        },
        _ => Verdict::Park {
            reason: ParkReason::Permanent,
            failure: Failure::permanent("NEGATIVE", "a debit is positive"),
        },
    }
}
