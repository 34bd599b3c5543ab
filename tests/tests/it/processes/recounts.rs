//! Batches of processes on PostgreSQL: transactions, other processes, and counts that are exact at every look.

use commandbus::{
    message::BatchStatus,
    prelude::*,
    store::{Page, ParkedFilter},
};
use tokio::sync::mpsc::error::TryRecvError;

use super::{
    crowd::Crowd,
    order::{Does, Order},
};
use crate::{
    house::{CloseMonth, recorder},
    time::{soon, until},
};

#[tokio::test]
async fn ten_thousand_processes_are_started_by_one_transaction() {
    const MANY: i64 = 10_000;
    let crowd = Crowd::new().await;
    let batch = crowd.start((0..MANY).map(|_| Order::default())).await;
    let row = batch.metadata().await.unwrap();
    assert_eq!((i64::from(row.total_count), row.status), (MANY, BatchStatus::InProgress));
    let rows: Vec<i64> = crowd
        .house
        .ask(
            "select array[
                 (select count(*) from commandbus.process where batch_id is not null and due_at is not null),
                 (select count(*) from commandbus.process_audit), (select count(*) from commandbus.command),
                 (select count(*) from pgmq.q_flow_home__commands)]",
        )
        .await;
    assert_eq!(rows, [MANY; 4]);
    let transactions: Vec<String> = crowd
        .house
        .column(
            "select xmin::text from commandbus.process union select xmin::text from commandbus.process_audit
             union select xmin::text from commandbus.command union select xmin::text from pgmq.q_flow_home__commands
             union select xmin::text from commandbus.batch",
        )
        .await;
    assert_eq!(transactions.len(), 1, "{transactions:?}");
}

#[tokio::test]
async fn a_batch_of_a_transaction_that_rolled_back_leaves_nothing() {
    let crowd = Crowd::new().await;
    let (callback, mut calls) = recorder();
    let mut transaction = crowd.house.pool.begin().await.unwrap();
    let batch = Order::batch("Payroll").extend((0..100).map(|_| Order::default())).on_complete(callback);
    let uncommitted = batch.start(&crowd.house.bus).within(&mut transaction).await.unwrap();
    assert!(matches!(calls.try_recv(), Err(TryRecvError::Empty)), "it is still there");
    transaction.rollback().await.unwrap();

    assert_eq!(soon(calls.recv()).await, None, "the callback is dropped");
    let left: Vec<i64> = crowd
        .house
        .ask(
            "select array[(select count(*) from commandbus.process), (select count(*) from commandbus.process_audit),
                          (select count(*) from commandbus.command), (select count(*) from commandbus.batch),
                          (select count(*) from commandbus.audit), (select count(*) from pgmq.q_flow_home__commands)]",
        )
        .await;
    assert_eq!(left, [0; 6]);
    // The id is free.
    Order::batch("Payroll").id(uncommitted.id()).push(Order::default()).start(&crowd.house.bus).await.unwrap();
}

#[tokio::test]
async fn a_batch_started_in_a_transaction_runs_once_that_commits() {
    let crowd = Crowd::new().await;
    let elsewhere = crowd.elsewhere();
    let (callback, mut calls) = recorder();
    let mut transaction = crowd.house.pool.begin().await.unwrap();
    let batch = Order::batch("Payroll").extend((0..10).map(|_| Order::default())).on_complete(callback);
    let uncommitted = batch.start(&crowd.house.bus).within(&mut transaction).await.unwrap();
    let single = Order::default().start(&crowd.house.bus).within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(soon(single.committed().wait()).await.unwrap().status.is_terminal());
    assert_eq!(soon(uncommitted.committed().wait()).await.unwrap().completed_count, 10);
    assert_eq!(soon(calls.recv()).await.unwrap().completed_count, 10);
    elsewhere.stop().await;
    crowd.all_completed(11).await;
}

#[tokio::test]
async fn a_callback_fires_once_though_its_processes_end_in_other_processes() {
    let crowd = Crowd::new().await;
    let (first, second) = (crowd.elsewhere(), crowd.elsewhere());
    let (callback, mut calls) = recorder();
    let batch = Order::batch("Payroll")
        .extend((0..50).map(|_| Order::default()))
        .on_complete(callback)
        .then(CloseMonth { month: "2026-11".into() })
        .start(&crowd.house.bus)
        .await
        .unwrap();
    let ended = soon(calls.recv()).await.unwrap();
    assert_eq!((ended.batch_id, ended.status, ended.completed_count), (batch.id(), BatchStatus::Completed, 50));
    assert_eq!(soon(calls.recv()).await, None, "once");
    first.stop().await;
    second.stop().await;
    let followed: i64 = crowd.house.ask("select count(*) from commandbus.command where domain = 'billing'").await;
    assert_eq!(followed, 1);
    let ends: i64 = crowd.house.ask("select count(*) from commandbus.audit where event_type = 'BATCH_COMPLETED'").await;
    assert_eq!(ends, 1);
}

#[tokio::test]
async fn the_counts_of_a_batch_are_a_recount_at_every_look() {
    const MANY: i32 = 120;
    let crowd = Crowd::new().await;
    let order = |n: i32| match n % 6 {
        0 => Order::default().doing("close", Does::Refuse),
        1 => Order::default().doing("notify", Does::park()),
        2 => Order::regretted(),
        3 => Order::regretted().doing("-credit", Does::park()),
        4 => Order::default().doing("credit", Does::Refuse).doing("-debit", Does::Refuse),
        _ => Order::default(),
    };
    let batch = crowd.start((0..MANY).map(order)).await;
    let (first, second) = (crowd.elsewhere(), crowd.elsewhere());
    let mut looks = 0;
    let mut seen = Vec::new();
    let third = [MANY / 6 * 2, MANY / 6 * 2, MANY / 6 * 2];
    let mut look = async || {
        let found = crowd.look(&batch).await;
        looks += 1;
        if seen.last() != Some(&found) {
            seen.push(found);
        }
        found
    };
    // All but those that parked end.
    soon(async { while look().await.1 != third {} }).await;
    assert_eq!(look().await, (BatchStatus::InProgress, third));
    let troubleshooting = crowd.house.bus.troubleshooting();
    for parked in troubleshooting.list(&ParkedFilter::default(), Page::first(1000)).await.unwrap() {
        troubleshooting.by("olga").retry(&parked.domain, parked.command_id).await.unwrap();
    }
    soon(async { while !look().await.0.is_terminal() {} }).await;
    assert_eq!(look().await, (BatchStatus::CompletedWithFailures, [MANY / 6 * 4, MANY / 6 * 2, 0]));
    assert!(seen.len() > 5, "{looks} looks saw it at {} places", seen.len());
    first.stop().await;
    second.stop().await;
    until(async || crowd.house.ask::<i64>("select count(*) from pgmq.q_flow_orders__process_replies").await == 0).await;
    crowd.house.assert_no_deadlock().await;
}
