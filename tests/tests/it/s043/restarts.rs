//! The process that created the batch is gone before its end: its callback with it, a durable one not.

use commandbus::{
    message::BatchStatus,
    prelude::*,
    store::{Page, ParkedFilter},
};
use serde_json::{Value, json};

use super::{counts, recorded_ends};
use crate::{
    house::{
        self, AtWork, CloseMonth, DebitAccount,
        Does::{Park, Refuse, Succeed, Wait},
        House, debit, in_another_process, recorder,
    },
    support::PAYMENTS,
    time::{soon, until},
};

#[tokio::test]
async fn s043_a_callback_is_lost_at_a_restart_and_the_batch_completes_and_can_be_waited_for() {
    let house = House::new().await;
    let (callback, mut calls) = recorder();
    let (url, stage) = (house.url().to_owned(), house.stage.clone());
    let id = in_another_process(|| async move {
        let bus = Bus::connect(&url).await.unwrap();
        let batch = DebitAccount::batch("Monthly billing")
            .extend([debit(Succeed), debit(Wait), debit(Wait)])
            .on_complete(callback)
            .send(&bus)
            .await
            .unwrap();
        let worker = AtWork::start(house::worker(&bus, &stage));
        stage.until_running(2).await;
        worker.crash().await;
        batch.id()
    })
    .await;
    assert_eq!(soon(calls.recv()).await, None, "it went with its process");
    let batch = house.bus.batch(&PAYMENTS, id).await.unwrap();
    assert!(!batch.metadata().await.unwrap().status.is_terminal());

    house.stage.open(2);
    house.make_visible().await;
    let worker = AtWork::start(house.worker());
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.status, counts(&ended)), (BatchStatus::Completed, (3, 0, 0, 0)));
    assert_eq!(recorded_ends(&house, &batch).await, 1);
    worker.stop().await;
}

/// What of the durable callback is in the tables: its row, its audit trail and its message.
async fn months_closed(house: &House) -> Value {
    house
        .ask(
            "select jsonb_build_array(
                 (select jsonb_agg(c.status) from commandbus.command c where c.domain = 'billing'),
                 (select jsonb_agg(a.event_type) from commandbus.audit a where a.domain = 'billing'),
                 (select jsonb_agg(q.message->'data') from pgmq.q_billing__commands q))",
        )
        .await
}

fn november() -> CloseMonth {
    CloseMonth { month: "2026-11".into() }
}

fn closed_once() -> Value {
    json!([["PENDING"], ["SENT"], [{"month": "2026-11"}]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s043_a_durable_callback_is_sent_once_by_whatever_ends_the_batch() {
    let house = House::new().await;
    let members = (0..100).map(|n| debit(if n % 7 == 0 { Refuse } else { Succeed }));
    let batch = DebitAccount::batch("Monthly billing").extend(members).then(november()).send(&house.bus).await.unwrap();
    assert_eq!(months_closed(&house).await, json!([null, null, null]), "not before the end");

    let other = house.another_bus().await;
    let workers = [house.worker().concurrency(4), house.worker_on(&other).concurrency(4)].map(AtWork::start);
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!(counts(&ended), (85, 15, 0, 0));

    assert_eq!(months_closed(&house).await, closed_once());
    let one_transaction: bool = house
        .ask(
            "select (select xmin::text from commandbus.command where domain = 'billing') =
                    (select xmin::text from commandbus.batch)",
        )
        .await;
    assert!(one_transaction, "the transaction that ends the batch sends it");
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn s043_a_durable_callback_outlives_the_process_that_created_the_batch() {
    let house = House::new().await;
    let url = house.url().to_owned();
    let id = in_another_process(|| async move {
        let bus = Bus::connect(&url).await.unwrap();
        let batch = DebitAccount::batch("Monthly billing").push(debit(Succeed)).then(november()).send(&bus).await;
        batch.unwrap().id()
    })
    .await;
    let worker = AtWork::start(house.worker());
    soon(house.bus.batch(&PAYMENTS, id).await.unwrap().wait()).await.unwrap();
    assert_eq!(months_closed(&house).await, closed_once());
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_durable_callback_waits_for_what_is_in_troubleshooting() {
    let house = House::new().await;
    let batch = DebitAccount::batch("Monthly billing")
        .extend([debit(Succeed), debit(Park)])
        .then(november())
        .send(&house.bus)
        .await
        .unwrap();
    let worker = AtWork::start(house.worker());
    until(async || counts(&batch.metadata().await.unwrap()) == (1, 0, 0, 1)).await;
    assert_eq!(months_closed(&house).await, json!([null, null, null]));

    let parked = house.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(2)).await.unwrap();
    let operator = house.bus.troubleshooting().by("alice");
    operator.cancel(&PAYMENTS, parked[0].command_id, "closed for good").await.unwrap();
    assert_eq!(months_closed(&house).await, closed_once());
    worker.stop().await;
}
