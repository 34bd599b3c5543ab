//! Waiting for what a handler returned.

use std::time::Duration;

use commandbus::{
    bus::{ReplyError, UntypedCommand},
    message::CommandStatus,
    prelude::*,
};
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    house::{
        AtWork, DebitAccount,
        Does::{Park, Refuse, Succeed, Wait},
        House, Receipt, debit,
    },
    support::PAYMENTS,
    time::{Stopped, soon},
};

const ROUNDS: usize = 4;

#[tokio::test]
async fn a_reply_is_what_the_handler_returned() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let sent = debit(Succeed).send(&house.bus).await.unwrap();
    let receipt: Receipt = soon(sent.reply()).await.unwrap();
    assert_eq!(receipt, Receipt { cents: 950 });
    assert_eq!(soon(sent.reply()).await.unwrap(), receipt, "it can be asked for again");
    worker.stop().await;
}

#[tokio::test]
async fn many_who_wait_each_get_their_own_reply() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let replies = try_join_all((0..100).map(async |cents| {
        let sent = DebitAccount { cents, does: Succeed }.send(&house.bus).await.unwrap();
        sent.reply().await
    }));
    let expected: Vec<Receipt> = (0..100).map(|cents| Receipt { cents }).collect();
    assert_eq!(soon(replies).await.unwrap(), expected);
    worker.stop().await;
}

#[tokio::test]
async fn a_reply_of_an_untyped_command_is_json() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let command = UntypedCommand::new(PAYMENTS.clone(), "DebitAccount", json!({"cents": 5, "does": "Succeed"}));
    let sent = house.bus.send_untyped(command).await.unwrap();
    assert_eq!(soon(sent.reply()).await.unwrap(), json!({"cents": 5}));
    worker.stop().await;
}

#[tokio::test]
async fn a_refusal_by_a_business_rule_is_a_typed_error() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let sent = debit(Refuse).send(&house.bus).await.unwrap();
    match soon(sent.reply()).await.unwrap_err() {
        ReplyError::Failed(failure) => {
            assert_eq!(failure, Failure::business_rule("INSUFFICIENT_FUNDS", "insufficient funds"));
        }
        other => panic!("{other}"),
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_cancellation_is_a_typed_error_with_its_reason() {
    let house = House::new().await;
    let sent = debit(Succeed).send(&house.bus).await.unwrap();
    let reply = tokio::spawn(sent.reply());
    house.bus.commands().cancel(&PAYMENTS, sent.id(), "alice", "ordered by mistake").await.unwrap();
    let canceled = soon(reply).await.unwrap().unwrap_err();
    assert!(matches!(&canceled, ReplyError::Canceled { reason, .. } if reason == "ordered by mistake"), "{canceled}");
    assert_eq!(canceled.to_string(), format!("command {} was canceled: ordered by mistake", sent.id()));
}

#[tokio::test]
async fn a_parked_command_has_no_reply_until_an_operator_resolves_it() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let sent = debit(Park).send(&house.bus).await.unwrap();
    let reply = tokio::spawn(sent.reply());
    house.until_status(sent.id(), CommandStatus::InTroubleshooting).await;
    assert!(!reply.is_finished());

    let operator = house.bus.troubleshooting().by("alice").because("paid at the counter");
    operator.complete_with(&PAYMENTS, sent.id(), &Receipt { cents: 7 }).await.unwrap();
    assert_eq!(soon(reply).await.unwrap().unwrap(), Receipt { cents: 7 });
    worker.stop().await;
}

#[tokio::test]
async fn a_result_of_another_type_is_a_typed_error() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let sent = debit(Park).send(&house.bus).await.unwrap();
    house.until_status(sent.id(), CommandStatus::InTroubleshooting).await;
    let operator = house.bus.troubleshooting().by("alice");
    operator.complete_with(&PAYMENTS, sent.id(), "paid").await.unwrap();
    let undecodable = soon(sent.reply()).await.unwrap_err();
    assert!(matches!(undecodable, ReplyError::Undecodable { .. }), "{undecodable}");
    worker.stop().await;
}

#[tokio::test]
async fn a_reply_that_takes_too_long_times_out_and_can_be_waited_for_again() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let sent = debit(Wait).send(&house.bus).await.unwrap();
    let patience = Duration::from_millis(50);
    let late = sent.reply().timeout(patience).await.unwrap_err();
    assert!(matches!(late, ReplyError::Timeout { after, .. } if after == patience), "{late}");

    house.stage.open(1);
    assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
    worker.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_reply_is_woken_by_a_notification() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let (answered, mut answers) = mpsc::unbounded_channel();
    for _ in 0..ROUNDS {
        let sent = debit(Wait).send(&house.bus).await.unwrap();
        let answered = answered.clone();
        tokio::spawn(async move { answered.send(sent.reply().await) });
    }
    house.stage.until_running(ROUNDS).await;
    house.until_heard("commandbus_reply").await;

    let clock = Stopped::now();
    // A look that was under way when the clock stopped may find one of them, but not all.
    for _ in 0..ROUNDS {
        house.stage.open(1);
        assert_eq!(soon(answers.recv()).await.unwrap().unwrap().cents, 950);
    }
    clock.go_on();
    worker.stop().await;
}

#[tokio::test]
async fn a_reply_is_found_by_polling_when_no_notification_comes() {
    let house = House::new().await;
    house.silence("commandbus.keep_replies(text, uuid[], jsonb[])").await;
    let worker = AtWork::start(house.worker());
    let sent = debit(Wait).send(&house.bus).await.unwrap();
    house.stage.until_running(1).await;
    let reply = tokio::spawn(sent.reply());
    house.until_heard("commandbus_reply").await;
    house.stage.open(1);
    assert_eq!(soon(reply).await.unwrap().unwrap().cents, 950);
    worker.stop().await;
}
