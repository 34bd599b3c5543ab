//! What can be said of a command before it is sent.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use commandbus::{
    bus::SendError,
    message::{CommandId, CommandStatus},
    prelude::*,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    house::{
        AtWork,
        Does::{Fail, Refuse, Succeed},
        House, debit,
    },
    support::PAYMENTS,
    time::{soon, until},
};

const HOUR: Duration = Duration::from_secs(3600);

/// When the message of a command can be received, and the time by the same clock.
async fn visible_at(house: &House, id: CommandId) -> (DateTime<Utc>, DateTime<Utc>) {
    let times: Vec<DateTime<Utc>> = house
        .ask(&format!(
            "select array[q.vt, clock_timestamp()] from pgmq.q_payments__commands q
             join commandbus.command c using (msg_id) where c.command_id = '{id}'"
        ))
        .await;
    (times[0], times[1])
}

/// Asserts that a worker leaves a command alone until its time has come.
async fn waits_for_its_time(house: &House, id: CommandId) {
    let worker = AtWork::start(house.worker());
    let later = debit(Succeed).send(&house.bus).await.unwrap();
    soon(later.reply()).await.unwrap();
    let command = house.command(id).await;
    assert_eq!((command.status, command.delivery), (CommandStatus::Pending, 0));

    house.make_visible().await;
    house.until_status(id, CommandStatus::Completed).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_delayed_command_waits_by_the_clock_of_the_database() {
    let house = House::new().await;
    let before: DateTime<Utc> = house.ask("select clock_timestamp()").await;
    let id = debit(Succeed).send(&house.bus).delay(HOUR).await.unwrap().id();
    let (visible, after) = visible_at(&house, id).await;
    assert!((before + HOUR..=after + HOUR).contains(&visible), "{before} {visible} {after}");
    waits_for_its_time(&house, id).await;
}

#[tokio::test]
async fn a_command_for_a_point_in_time_waits_for_it() {
    let house = House::new().await;
    let time = DateTime::from_timestamp_micros((Utc::now() + TimeDelta::hours(1)).timestamp_micros()).unwrap();
    let id = debit(Succeed).send(&house.bus).at(time).await.unwrap().id();
    assert_eq!(visible_at(&house, id).await.0, time);
    waits_for_its_time(&house, id).await;
}

#[tokio::test]
async fn a_command_is_attempted_as_often_as_its_sender_says() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let once = debit(Fail).send(&house.bus).max_attempts(1).await.unwrap().id();
    let twice = debit(Fail).send(&house.bus).max_attempts(2).await.unwrap().id();

    let parked = house.until_status(once, CommandStatus::InTroubleshooting).await;
    assert_eq!((parked.attempts, parked.max_attempts), (1, 1));
    until(async || house.command(twice).await.last_error_code.is_some()).await;
    let waits = house.command(twice).await;
    assert_eq!((waits.status, waits.attempts, waits.max_attempts), (CommandStatus::Pending, 1, 2));
    house.make_visible().await;
    let parked = house.until_status(twice, CommandStatus::InTroubleshooting).await;
    assert_eq!((parked.attempts, parked.last_error_code.as_deref()), (2, Some("BANK_BUSY")));
    worker.stop().await;
}

#[tokio::test]
async fn a_command_without_attempts_is_refused() {
    let house = House::new().await;
    let refused = debit(Succeed).send(&house.bus).max_attempts(0).await.unwrap_err();
    assert!(matches!(refused, SendError::NoAttempts));
    assert_eq!(refused.to_string(), "`max_attempts(0)` would never run the command: give at least 1");
    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_correlation_id_is_the_same_in_row_message_and_audit() {
    let house = House::new().await;
    let id = Uuid::now_v7();
    debit(Succeed).send(&house.bus).correlation(id).await.unwrap();
    let found: Vec<Uuid> = house
        .column(
            "select correlation_id from commandbus.command union all
             select (message->>'correlation_id')::uuid from pgmq.q_payments__commands union all
             select (details_json->>'correlation_id')::uuid from commandbus.audit",
        )
        .await;
    assert_eq!(found, [id; 3]);
}

#[tokio::test]
async fn a_reply_that_was_asked_for_arrives_as_a_message() {
    let house = House::new().await;
    let queue = PAYMENTS.replies_queue();
    let correlation = Uuid::now_v7();
    let sending = debit(Succeed).send(&house.bus).correlation(correlation).reply_to(&queue);
    let succeeds = sending.await.unwrap().id();
    let refused = debit(Refuse).send(&house.bus).correlation(correlation).reply_to(&queue).await.unwrap().id();
    // Not this one: nobody asked.
    let quiet = debit(Succeed).send(&house.bus).await.unwrap();
    let worker = AtWork::start(house.worker());
    soon(quiet.reply()).await.unwrap();
    until(async || house.ask::<i64>("select count(*) from pgmq.q_payments__replies").await >= 2).await;
    worker.stop().await;

    let mut replies: Vec<Value> = house.column("select message from pgmq.q_payments__replies").await;
    replies.sort_by_key(|reply| reply["command_id"].to_string());
    let expected = [
        json!({"command_id": succeeds, "correlation_id": correlation, "outcome": "SUCCESS", "result": {"cents": 950}}),
        json!({"command_id": refused, "correlation_id": correlation, "outcome": "FAILED",
               "error_type": "BUSINESS_RULE", "error_code": "INSUFFICIENT_FUNDS", "error_message": "insufficient funds"}),
    ];
    assert_eq!(replies, expected);
}

#[tokio::test]
async fn a_queue_for_replies_that_does_not_exist_is_made_when_the_command_is_sent() {
    let house = House::new().await;
    let longest = "a".repeat(47);
    debit(Succeed).send(&house.bus).reply_to("ledger_answers").await.unwrap();
    debit(Succeed).send(&house.bus).reply_to(longest).await.unwrap();
    assert!(house.ask::<bool>("select to_regclass('pgmq.q_ledger_answers') is not null").await);

    // What the library takes, the database takes, and nothing else.
    for name in ["", "Ledger", "1st", "_answers", "ledger-answers; drop", &"a".repeat(48)] {
        let refused = debit(Succeed).send(&house.bus).reply_to(name).await.unwrap_err();
        assert!(matches!(&refused, SendError::InvalidReplyTo { queue } if queue == name), "{refused}");
        let made = sqlx::query("select commandbus.ensure_queue($1)").bind(name).execute(&house.pool).await;
        assert!(made.is_err(), "{name}");
    }
    assert_eq!(house.tables().await, [2, 0, 2, 2]);
}
