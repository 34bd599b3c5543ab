//! Batches of processes, on both stores.

use commandbus::{
    bus::BatchError,
    message::{BatchId, BatchStatus, BatchType, ProcessId, ProcessStatus},
    prelude::*,
    process::{CreateProcessBatchError, StartError},
    store::{Page, ProcessFilter},
};

use super::{
    hall::{Hall, ORDERS},
    order::{Does, Order},
};
use crate::{
    house::{CloseMonth, recorder},
    time::{soon, until},
};

async fn members(hall: &Hall, batch: BatchId) -> usize {
    let filter = ProcessFilter::in_domain(ORDERS.clone()).of_batch(batch);
    hall.bus.processes().list(&filter, Page::first(1000)).await.unwrap().len()
}

async fn a_batch_ends_when_its_last_process_has_and_says_so_once(hall: &Hall) {
    let (callback, mut calls) = recorder();
    let month = CloseMonth { month: "2026-11".into() };
    let batch = Order::batch("Payroll")
        .push(Order::default())
        .extend((0..8).map(|_| Order::default()))
        .push(Order::default().doing("close", Does::Refuse))
        .custom_data(&serde_json::json!({ "month": 11 }))
        .on_complete(callback)
        .then(month)
        .start(&hall.bus)
        .await
        .unwrap();
    let row = batch.metadata().await.unwrap();
    assert_eq!((row.batch_type, row.status, row.total_count), (BatchType::Process, BatchStatus::InProgress, 10));
    assert_eq!(members(hall, batch.id()).await, 10);
    hall.open();

    let ended = soon(calls.recv()).await.expect("it is called");
    assert_eq!(ended.status, BatchStatus::CompletedWithFailures);
    assert_eq!((ended.completed_count, ended.canceled_count, ended.failed_count), (9, 1, 0));
    assert_eq!(ended.name.as_deref(), Some("Payroll"));
    assert_eq!(ended.custom_data, Some(serde_json::json!({ "month": 11 })));
    assert!(soon(calls.recv()).await.is_none(), "once");
    assert_eq!(soon(batch.wait()).await.unwrap(), ended);
    assert_eq!(hall.harness.messages("billing__commands").await.len(), 1, "what follows was sent once");
    hall.check_all_taken().await;
}

async fn a_batch_with_a_parked_member_waits_for_the_operator(hall: &Hall) {
    hall.open();
    let id = ProcessId::new();
    let batch = Order::batch("Payroll")
        .push(Order::default())
        .push(Order::default().doing("debit", Does::park()).with_id(id))
        .start(&hall.bus)
        .await
        .unwrap();
    let parked = hall.until_parked(id, "debit").await;
    until(async || batch.metadata().await.unwrap().completed_count == 1).await;
    let row = batch.metadata().await.unwrap();
    assert_eq!((row.status, row.in_troubleshooting_count), (BatchStatus::InProgress, 1));
    hall.bus.troubleshooting().by("olga").retry(&super::hall::ABROAD, parked).await.unwrap();
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.status, ended.in_troubleshooting_count), (BatchStatus::Completed, 0));
}

async fn the_verbs_of_commands_are_refused_with_a_word_on_what_to_do(hall: &Hall) {
    let batch = Order::batch("Payroll").push(Order::default()).start(&hall.bus).await.unwrap();
    let refusals = [
        batch.cancel_rest("enough").await.map(drop),
        batch.retry_parked("again").await.map(drop),
        batch.pause().await,
        batch.resume().await,
    ];
    for refused in refusals {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, BatchError::OfProcesses { .. }), "{refused}");
        assert!(refused.to_string().contains("resolved with `bus.troubleshooting()`"), "{refused}");
    }
    let batches = hall.bus.batches();
    let refused = batches.cancel_rest(&ORDERS, batch.id(), "olga", "enough").await.unwrap_err();
    assert!(refused.to_string().contains("groups processes"), "{refused}");
    assert!(batches.pause(&ORDERS, batch.id(), "olivia", None).await.is_err());
}

async fn a_batch_may_be_created_before_its_processes(hall: &Hall) {
    hall.open();
    let batch = hall.bus.create_process_batch(ORDERS.as_str(), "Reports", 3).await.unwrap();
    let handle = hall.bus.batch(&ORDERS, batch).await.unwrap();
    let row = handle.metadata().await.unwrap();
    assert_eq!((row.status, row.total_count, row.name.as_deref()), (BatchStatus::Pending, 3, Some("Reports")));
    for n in 0..3 {
        assert!(!handle.metadata().await.unwrap().status.is_terminal(), "{n} of 3 were started");
        let order = Order::default().start(&hall.bus).in_batch(batch).await.unwrap();
        let ended = soon(order.wait()).await.unwrap();
        assert_eq!((ended.status, ended.batch_id), (ProcessStatus::Completed, Some(batch)));
    }
    let ended = soon(handle.wait()).await.unwrap();
    assert_eq!((ended.status, ended.completed_count), (BatchStatus::Completed, 3));

    let beyond = Order::default().start(&hall.bus).in_batch(batch).await.unwrap();
    assert_eq!(soon(beyond.wait()).await.unwrap().status, ProcessStatus::Completed);
    assert_eq!(handle.metadata().await.unwrap(), ended, "it is not counted");
}

async fn duplicates_are_refused_and_named_and_nothing_is_started(hall: &Hall) {
    let (known, twice) = (ProcessId::new(), ProcessId::new());
    Order::default().start(&hall.bus).id(known).await.unwrap();
    let members_of = |ids: Vec<ProcessId>| ids.into_iter().map(|id| Order::default().with_id(id));
    let id = BatchId::new();
    let batch = Order::batch("Payroll").id(id).extend(members_of(vec![ProcessId::new(), twice, known, twice]));
    let refused = batch.start(&hall.bus).await.unwrap_err();
    let BatchError::DuplicateProcess { domain, mut ids } = refused else { panic!("{refused}") };
    ids.sort();
    let mut expected = [known, twice];
    expected.sort();
    assert_eq!((domain, ids), (ORDERS.clone(), expected.to_vec()));
    assert_eq!(members(hall, id).await, 0);
    assert!(hall.bus.batches().get(&ORDERS, id).await.unwrap().is_none());
    assert_eq!(hall.harness.messages("flow_home__commands").await.len(), 1, "of the one that was there");

    let again = Order::default().start(&hall.bus).id(known).await.unwrap_err();
    assert!(matches!(again, StartError::DuplicateProcess { id, .. } if id == known), "{again}");
    Order::batch("Payroll").id(id).push(Order::default()).start(&hall.bus).await.unwrap();
    let taken = Order::batch("Payroll").id(id).push(Order::default()).start(&hall.bus).await.unwrap_err();
    assert!(matches!(taken, BatchError::DuplicateBatch { .. }), "{taken}");
    assert_eq!(members(hall, id).await, 1);
}

async fn an_empty_batch_is_refused(hall: &Hall) {
    let id = BatchId::new();
    let batch = Order::batch("Payroll").id(id).extend(Vec::<Order>::new());
    let refused = batch.start(&hall.bus).await.unwrap_err();
    assert_eq!(refused.to_string(), "Batch must contain at least one process");
    assert!(hall.bus.batches().get(&ORDERS, id).await.unwrap().is_none());
    let refused = hall.bus.create_process_batch(ORDERS.as_str(), "Reports", 0).await.unwrap_err();
    assert!(matches!(refused, CreateProcessBatchError::Batch(BatchError::EmptyProcessBatch)), "{refused}");
}

super::on_both! {
    a_batch_ends_when_its_last_process_has_and_says_so_once,
    a_batch_with_a_parked_member_waits_for_the_operator,
    the_verbs_of_commands_are_refused_with_a_word_on_what_to_do,
    a_batch_may_be_created_before_its_processes,
    duplicates_are_refused_and_named_and_nothing_is_started,
    an_empty_batch_is_refused,
}
