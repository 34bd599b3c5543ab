//! The last command ends in another process than the batch was created in; and what becomes of callbacks in transactions.

use commandbus::{
    message::{BatchId, BatchStatus},
    prelude::*,
};
use tokio::sync::mpsc::error::TryRecvError;

use super::batch_of;
use crate::{
    house::{
        AtWork, DebitAccount,
        Does::{Succeed, Wait},
        House, debit, recorder,
    },
    time::{Stopped, soon, until},
};

#[tokio::test]
async fn s043_the_callback_is_woken_by_a_worker_on_another_bus() {
    const ROUNDS: usize = 4;
    let house = House::new().await;
    let mut batches = Vec::new();
    for _ in 0..ROUNDS {
        batches.push(batch_of(&house, &[Succeed, Wait]).await);
    }
    let other = house.another_bus().await;
    let worker = AtWork::start(house.worker_on(&other));
    house.stage.until_running(ROUNDS).await;
    house.until_heard("commandbus_batch").await;

    let clock = Stopped::now();
    // A look that was under way when the clock stopped may find the end of one of them, but not of all.
    for (batch, _, calls) in &mut batches {
        house.stage.open(1);
        let told = soon(calls.recv()).await.unwrap();
        assert_eq!((told.batch_id, told.completed_count), (batch.id(), 2));
    }
    clock.go_on();
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_callback_and_a_waiter_find_the_end_by_polling_when_no_notification_comes() {
    let house = House::new().await;
    house.silence("commandbus.end_batches(text, uuid[])").await;
    let (batch, _, mut calls) = batch_of(&house, &[Succeed; 2]).await;
    let other = house.another_bus().await;
    let waiter = tokio::spawn(other.batch(batch.domain(), batch.id()).await.unwrap().wait());
    house.until_heard("commandbus_batch").await;
    let worker = AtWork::start(house.worker_on(&house.another_bus().await));

    assert_eq!(soon(calls.recv()).await.unwrap().status, BatchStatus::Completed);
    assert_eq!(soon(waiter).await.unwrap().unwrap().completed_count, 2);
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_callback_survives_the_loss_of_the_connection_that_listens() {
    let house = House::new().await;
    let (batch, _, mut calls) = batch_of(&house, &[Succeed; 2]).await;
    house.until_heard("commandbus_batch").await;
    let listeners = house.listeners("commandbus_batch").await;
    house.run(&format!("select pg_terminate_backend(pid) from unnest(array{listeners:?}) pid")).await;

    let other = house.another_bus().await;
    let worker = AtWork::start(house.worker_on(&other));
    assert_eq!(soon(calls.recv()).await.unwrap().batch_id, batch.id());
    worker.stop().await;

    // And it listens again.
    let (_, _, mut calls) = batch_of(&house, &[Succeed]).await;
    house.until_heard("commandbus_batch").await;
    assert!(house.listeners("commandbus_batch").await.iter().all(|pid| !listeners.contains(pid)));
    let worker = AtWork::start(house.worker_on(&other));
    assert!(soon(calls.recv()).await.is_some());
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_callback_of_a_transaction_that_rolled_back_is_dropped_and_never_run() {
    let house = House::new().await;
    let (callback, mut calls) = recorder();
    let mut transaction = house.pool.begin().await.unwrap();
    let uncommitted = DebitAccount::batch("Monthly billing")
        .push(debit(Succeed))
        .on_complete(callback)
        .send(&house.bus)
        .within(&mut transaction)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();

    assert_eq!(soon(calls.recv()).await, None);
    assert_eq!(house.tables().await, [0, 0, 0, 0]);

    // Not even when a batch of that id comes to be.
    let id: BatchId = uncommitted.id();
    let again = DebitAccount::batch("Once more").id(id).push(debit(Succeed)).send(&house.bus).await.unwrap();
    let worker = AtWork::start(house.worker());
    assert_eq!(soon(again.wait()).await.unwrap().status, BatchStatus::Completed);
    worker.stop().await;
}

#[tokio::test]
async fn s043_a_callback_waits_for_the_commit_of_its_transaction() {
    let house = House::new().await;
    let (callback, mut calls) = recorder();
    let mut transaction = house.pool.begin().await.unwrap();
    let uncommitted = DebitAccount::batch("Monthly billing")
        .push(debit(Succeed))
        .on_complete(callback)
        .send(&house.bus)
        .within(&mut transaction)
        .await
        .unwrap();
    // It was looked for, and not found, while the transaction was open.
    until(async || {
        house.ask("select exists (select from pg_stat_activity where query like '%pg_xact_status%' and pid <> pg_backend_pid())").await
    })
    .await;
    assert!(matches!(calls.try_recv(), Err(TryRecvError::Empty)), "it is still there");

    transaction.commit().await.unwrap();
    let batch = uncommitted.committed();
    let worker = AtWork::start(house.worker());
    assert_eq!(soon(calls.recv()).await.unwrap().batch_id, batch.id());
    worker.stop().await;
}
