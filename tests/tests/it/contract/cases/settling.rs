use std::time::Duration;

use commandbus::{
    message::{CommandStatus, Failure, FailureKind},
    store::{ParkReason, Settled, Verdict},
};
use serde_json::json;

use crate::contract::{
    verdicts::{BACKOFF, complete, complete_with, fail, give_back, park, park_as, refusal, retry},
    world::{World, debit},
};

pub(crate) async fn completing_ends_the_command_and_deletes_its_message(world: &World) {
    let id = world.sent_and_run(complete_with(json!({ "balance": 5 }))).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.lease_expires_at), (CommandStatus::Completed, 1, None));
    assert!(world.waiting().await.is_empty());
    assert!(world.archived().await.is_empty());
}

pub(crate) async fn completing_keeps_what_went_wrong_before(world: &World) {
    let id = world.sent_and_run(retry()).await;
    world.pass_time(BACKOFF).await;
    world.run(complete()).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts), (CommandStatus::Completed, 2));
    assert_eq!(row.last_error_code.as_deref(), Some("BANK_DOWN"));
}

pub(crate) async fn a_transient_error_waits_for_the_backoff(world: &World) {
    let id = world.sent_and_run(retry()).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.lease_expires_at), (CommandStatus::Pending, 1, None));
    assert_eq!(row.last_error_type.as_deref(), Some(FailureKind::Transient.as_str()));
    assert_eq!(row.last_error_code.as_deref(), Some("BANK_DOWN"));
    assert_eq!(row.last_error_msg.as_deref(), Some("the bank does not answer"));

    world.pass_time(BACKOFF - Duration::from_secs(2)).await;
    assert!(world.deliveries().await.is_empty());
    world.pass_time(Duration::from_secs(2)).await;
    let second = world.delivery().await;
    assert_eq!((second.attempt, second.token.delivery, Some(second.token.msg_id)), (2, 2, row.msg_id));
}

pub(crate) async fn a_permanent_error_parks_and_archives(world: &World) {
    let id = world.sent_and_run(park()).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.lease_expires_at), (CommandStatus::InTroubleshooting, 1, None));
    assert_eq!(row.last_error_type.as_deref(), Some(FailureKind::Permanent.as_str()));
    assert_eq!(row.last_error_code.as_deref(), Some("ACCOUNT_GONE"));
    assert_eq!(row.last_error_msg.as_deref(), Some("account 4711 is gone"));
    assert!(world.waiting().await.is_empty());
    assert_eq!(world.archived().await, [row.msg_id.unwrap()]);
}

pub(crate) async fn a_parked_command_shows_all_that_is_known_of_it(world: &World) {
    let failure = Failure::permanent("ACCOUNT_GONE", "account 4711 is gone").with_details(json!({ "since": "May" }));
    let command = debit(100);
    world.send(command.clone()).await;
    world.run(park_as(ParkReason::Permanent, failure)).await;

    let parked = world.parked().await.remove(0);
    assert_eq!((&parked.domain, parked.command_id), (&world.domain, command.command_id));
    assert_eq!(parked.command_type, "DebitAccount");
    assert_eq!(parked.correlation_id, Some(command.correlation_id));
    assert_eq!((parked.reason.as_str(), parked.batch_id), ("PERMANENT", None));
    assert_eq!(parked.error_type.as_deref(), Some("PERMANENT"));
    assert_eq!(parked.error_code.as_deref(), Some("ACCOUNT_GONE"));
    assert_eq!(parked.error_msg.as_deref(), Some("account 4711 is gone"));
    assert_eq!(parked.error_details, Some(json!({ "since": "May" })));
    assert_eq!(parked.fingerprint, "DebitAccount:ACCOUNT_GONE:account # is gone");
    assert_eq!((parked.attempts, parked.max_attempts), (1, 3));
    assert!(parked.parked_at >= world.command(command.command_id).await.created_at);
    assert_eq!(parked.payload, Some(json!({ "cents": 100 })));
}

pub(crate) async fn each_reason_to_park_is_kept(world: &World) {
    for reason in [ParkReason::Permanent, ParkReason::Exhausted, ParkReason::Undecodable, ParkReason::Unsettleable] {
        world.sent_and_run(park_as(reason, Failure::transient("X", "x"))).await;
    }
    let reasons: Vec<String> = world.parked().await.into_iter().map(|parked| parked.reason).collect();
    assert_eq!(reasons, ["PERMANENT", "EXHAUSTED", "UNDECODABLE", "UNSETTLEABLE"]);
}

pub(crate) async fn a_business_rule_ends_the_command_unparked(world: &World) {
    let id = world.sent_and_run(fail()).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.lease_expires_at), (CommandStatus::Failed, 1, None));
    assert_eq!(row.last_error_type.as_deref(), Some("BUSINESS_RULE"));
    assert_eq!(row.last_error_code.as_deref(), Some("NO_COVER"));
    assert_eq!(row.last_error_msg, Some(refusal().message));
    assert!(world.parked().await.is_empty());
    assert!(world.waiting().await.is_empty());
    assert_eq!(world.archived().await, [row.msg_id.unwrap()]);
}

pub(crate) async fn giving_back_counts_no_attempt(world: &World) {
    let id = world.sent_and_run(give_back()).await;
    let row = world.command(id).await;
    assert_eq!((row.status, row.attempts, row.delivery), (CommandStatus::Pending, 0, 1));
    assert_eq!((row.lease_expires_at, row.last_error_code), (None, None));
    let second = world.delivery().await;
    assert_eq!((second.attempt, second.token.delivery), (1, 2), "the token is a new one all the same");
}

pub(crate) async fn giving_back_may_take_a_pause(world: &World) {
    world.sent_and_run(Verdict::GiveBack { after: Duration::from_secs(60) }).await;
    world.pass_time(Duration::from_secs(55)).await;
    assert!(world.deliveries().await.is_empty());
    world.pass_time(Duration::from_secs(5)).await;
    assert_eq!(world.delivery().await.attempt, 1);
}

pub(crate) async fn a_command_given_back_for_ever_is_never_parked(world: &World) {
    world.send(debit(100)).await;
    for delivery in 1..=10 {
        assert_eq!(world.run(give_back()).await.delivery, delivery);
    }
    assert_eq!(world.delivery().await.attempt, 1);
}

pub(crate) async fn a_settlement_after_the_lease_counts_while_nobody_else_received_it(world: &World) {
    let id = world.send(debit(100)).await;
    let token = world.delivery().await.token;
    world.pass_time(Duration::from_secs(3600)).await;
    assert_eq!(world.settle(token, complete()).await, Settled::Recorded);
    assert_eq!(world.status(id).await, CommandStatus::Completed);
    assert!(world.receive().await.deliveries.is_empty());
}
