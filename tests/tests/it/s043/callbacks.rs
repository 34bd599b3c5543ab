//! When it is called, when it is not, and what it is told.

use commandbus::{
    message::{BatchStatus, CommandStatus},
    prelude::*,
};
use serde_json::{Value, json};

use super::{batch_of, counts, recorded_ends};
use crate::{
    house::{
        AtWork, DebitAccount,
        Does::{Park, Refuse, Succeed},
        House, debit,
    },
    support::PAYMENTS,
    time::{soon, until},
};

#[tokio::test]
async fn s043_the_callback_is_invoked_when_the_last_command_completes() {
    let house = House::new().await;
    let (batch, _, mut calls) = batch_of(&house, &[Succeed; 3]).await;
    let worker = AtWork::start(house.worker());

    let told = soon(calls.recv()).await.unwrap();
    assert_eq!(told.batch_id, batch.id());
    assert_eq!((told.status, told.completed_count), (BatchStatus::Completed, 3));
    assert!(told.completed_at.is_some_and(|at| at >= told.started_at.unwrap() && at >= told.created_at));
    assert_eq!(told, batch.metadata().await.unwrap(), "what it is told is what is stored");
    assert_eq!(soon(calls.recv()).await, None, "it is called once");
    worker.stop().await;
}

#[tokio::test]
async fn s043_the_callback_is_invoked_when_an_operator_cancels_the_last_one_parked() {
    let house = House::new().await;
    let (batch, ids, mut calls) = batch_of(&house, &[Succeed, Park, Succeed]).await;
    let worker = AtWork::start(house.worker());
    house.until_status(ids[1], CommandStatus::InTroubleshooting).await;
    until(async || batch.metadata().await.unwrap().completed_count == 2).await;
    worker.stop().await;

    let operator = house.bus.troubleshooting().by("alice");
    operator.cancel(&PAYMENTS, ids[1], "the account is closed for good").await.unwrap();

    let told = soon(calls.recv()).await.unwrap();
    assert_eq!(told.status, BatchStatus::CompletedWithFailures);
    assert_eq!(counts(&told), (2, 0, 1, 0));
    assert_eq!(soon(calls.recv()).await, None);
}

#[tokio::test]
async fn s043_the_callback_is_not_invoked_while_a_command_is_in_troubleshooting() {
    let house = House::new().await;
    let (batch, ids, mut calls) = batch_of(&house, &[Succeed, Park, Succeed]).await;
    let worker = AtWork::start(house.worker());

    // Whoever calls back has seen this.
    let mut progress = batch.progress();
    loop {
        let seen = soon(progress.next()).await.unwrap().unwrap();
        if counts(&seen) == (2, 0, 0, 1) {
            assert_eq!(seen.status, BatchStatus::InProgress);
            break;
        }
    }
    assert!(calls.try_recv().is_err(), "it was called too early");
    assert_eq!(recorded_ends(&house, &batch).await, 0);
    let status: String = house.ask("select status from commandbus.batch").await;
    assert_eq!(status, "IN_PROGRESS");

    let operator = house.bus.troubleshooting().by("alice").because("paid at the counter");
    operator.complete(&PAYMENTS, ids[1]).await.unwrap();
    let told = soon(calls.recv()).await.unwrap();
    assert_eq!((told.status, counts(&told)), (BatchStatus::Completed, (3, 0, 0, 0)));
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_command_that_an_operator_retries_keeps_the_batch_open_until_it_ends() {
    let house = House::new().await;
    let (batch, ids, mut calls) = batch_of(&house, &[Park, Succeed]).await;
    let worker = AtWork::start(house.worker());
    let operator = house.bus.troubleshooting().by("alice").because("the account was reopened");
    for life in 1..=2 {
        house.until_status(ids[0], CommandStatus::InTroubleshooting).await;
        assert!(calls.try_recv().is_err(), "life {life}");
        operator.retry(&PAYMENTS, ids[0]).await.unwrap();
    }
    house.until_status(ids[0], CommandStatus::InTroubleshooting).await;
    let edited = json!({"cents": 1, "does": "Refuse"});
    operator.retry_edited::<DebitAccount>(ids[0], &edited).await.unwrap();

    let told = soon(calls.recv()).await.unwrap();
    assert_eq!((told.status, counts(&told)), (BatchStatus::CompletedWithFailures, (1, 1, 0, 0)));
    assert_eq!(recorded_ends(&house, &batch).await, 1);
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_batch_without_callback_completes_and_nobody_listens_for_it() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let members = [debit(Succeed), debit(Succeed)];
    let batch = DebitAccount::batch("Monthly billing").extend(members).send(&house.bus).await.unwrap();

    until(async || batch.metadata().await.unwrap().status == BatchStatus::Completed).await;
    assert_eq!(recorded_ends(&house, &batch).await, 1);
    assert!(house.listeners("commandbus_batch").await.is_empty());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s043_the_callback_is_told_the_final_counts_of_commands_that_end_at_once() {
    const MEMBERS: u32 = 300;
    let house = House::new().await;
    let members: Vec<_> = (0..MEMBERS).map(|n| if n % 10 == 3 { Refuse } else { Succeed }).collect();
    let (batch, _, mut calls) = batch_of(&house, &members).await;
    let other = house.another_bus().await;
    let workers = [house.worker().concurrency(8), house.worker_on(&other).concurrency(8)].map(AtWork::start);

    let told = soon(calls.recv()).await.unwrap();
    assert_eq!(counts(&told), (MEMBERS - MEMBERS / 10, MEMBERS / 10, 0, 0));
    assert_eq!(told.status, BatchStatus::CompletedWithFailures);
    assert_eq!(told, batch.metadata().await.unwrap());
    assert_eq!(recorded_ends(&house, &batch).await, 1);
    let recount: Value = house
        .ask(&format!("select to_jsonb(s) from commandbus.sp_refresh_batch_stats('payments', '{}') s", batch.id()))
        .await;
    assert_eq!(recount["completed_count"], told.completed_count);
    assert_eq!(recount["failed_count"], told.failed_count);
    assert_eq!(recount["is_complete"], true);
    for worker in workers {
        worker.stop().await;
    }
}
