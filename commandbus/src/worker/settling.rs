//! The lanes that write outcomes.
//!
//! Two lanes: one gathers what ends while the other writes. A store that cannot be reached is tried again for as long as
//! the worker lives: the outcomes are not lost, and should a lease run out meanwhile, the fence keeps them from being
//! recorded twice.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use metrics::counter;

use super::engine::{Engine, Stall};
use crate::{
    error::StoreError,
    store::{ParkReason, Settled, SettledGroup, Settlement, Verdict},
    telemetry::{field, metric},
};

/// How many lanes write; more only make the groups smaller.
pub(super) const LANES: usize = 2;

/// The largest group written at once. Beyond a few hundred nothing is won, and a retry costs more.
const GROUP: usize = 500;

/// How often an error that is not of the passing kind is met with another try.
const STUBBORN_TRIES: u32 = 3;

/// One lane.
pub(super) async fn run(engine: Arc<Engine>) {
    loop {
        let group = tokio::select! {
            group = engine.outbox.take(GROUP) => group,
            () = engine.stopped.cancelled() => return,
        };
        write(&engine, group).await;
    }
}

/// Writes a group, and when the store refuses it for good, its halves, so that the member it refuses is found.
async fn write(engine: &Engine, group: Vec<Settlement>) {
    let mut groups = vec![group];
    while let Some(mut group) = groups.pop() {
        match persist(engine, &group).await {
            Ok(settled) => {
                record(engine, &group, &settled.answers);
                if settled.unfolded {
                    engine.unfolded.notify_one();
                }
            }
            Err(error) if group.len() > 1 && !error.is_transient() => {
                let rest = group.split_off(group.len() / 2);
                groups.extend([rest, group]);
                continue;
            }
            Err(error) => {
                tracing::error!(
                    { field::DOMAIN } = %engine.domain, { field::COUNT } = group.len(), %error,
                    "outcomes could not be written; their commands will be delivered again when their leases end",
                );
            }
        }
        engine.hand.release(group.iter().map(|settlement| settlement.token));
    }
}

/// Tries until the store has answered, refuses for good, or is given up on.
async fn persist(engine: &Engine, group: &[Settlement]) -> Result<SettledGroup, StoreError> {
    let mut stall = None;
    let mut stubborn = 0;
    let mut last = None;
    let writing = (|| engine.call("settle", engine.store().settle(&engine.domain, group)))
        .retry(
            ExponentialBuilder::default()
                .with_min_delay(Duration::from_millis(50))
                .with_max_delay(Duration::from_secs(5))
                .with_jitter()
                .without_max_times(),
        )
        .when(|error| {
            stubborn += u32::from(!error.is_transient());
            stubborn < STUBBORN_TRIES
        })
        .notify(|error, _| {
            if matches!(error, StoreError::Unreachable { .. }) && stall.is_none() {
                stall = Some(Stall::new(&engine.stalled));
            }
            last = Some(error.clone());
        });
    tokio::select! {
        answers = writing => answers,
        () = engine.abandon.cancelled() => Err(last.unwrap_or(StoreError::Unsupported("the worker stopped waiting"))),
    }
}

fn record(engine: &Engine, group: &[Settlement], answers: &[Settled]) {
    for (settlement, answer) in group.iter().zip(answers) {
        note(engine, settlement, *answer);
    }
}

/// Counts and logs how one delivery was settled.
pub(super) fn note(engine: &Engine, settlement: &Settlement, answer: Settled) {
    let domain = engine.domain.to_string();
    let command_id = settlement.token.command_id;
    match answer {
        Settled::Stale => {
            counter!(metric::STALE, "domain" => domain).increment(1);
            tracing::warn!(
                { field::DOMAIN } = %engine.domain, { field::COMMAND_ID } = %command_id,
                "the delivery was no longer current; its outcome was not recorded",
            );
        }
        Settled::Unsettleable => parked(engine, settlement, ParkReason::Unsettleable),
        Settled::Recorded => {
            let verdict = match &settlement.verdict {
                Verdict::Complete { .. } => "complete",
                Verdict::Retry { .. } => "retry",
                Verdict::Park { reason, .. } => {
                    parked(engine, settlement, *reason);
                    "park"
                }
                Verdict::Fail { .. } => "fail",
                Verdict::GiveBack { .. } => "give_back",
            };
            counter!(metric::SETTLED, "domain" => domain, "verdict" => verdict).increment(1);
        }
    }
}

fn parked(engine: &Engine, settlement: &Settlement, reason: ParkReason) {
    counter!(metric::PARKED, "domain" => engine.domain.to_string(), "reason" => reason.as_str()).increment(1);
    let code = match &settlement.verdict {
        Verdict::Park { failure, .. } => &*failure.code,
        _ => reason.as_str(),
    };
    tracing::warn!(
        { field::DOMAIN } = %engine.domain, { field::COMMAND_ID } = %settlement.token.command_id,
        { field::REASON } = reason.as_str(), { field::ERROR_CODE } = code,
        "the command waits in troubleshooting",
    );
}
