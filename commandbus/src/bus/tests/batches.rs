use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::json;
use tokio::sync::mpsc;

use super::{Close, Debit, PAYMENTS, debit, faulty::Faulty, work};
use crate::{
    bus::{
        BatchError, BatchKind, BatchMember, Bus, CommandExt as _, completion::View, many::next_chunk,
        outgoing::new_command,
    },
    message::{BatchId, BatchMetadata, BatchStatus, CommandId, Domain, envelope::seal},
    store::{CommandFilter, Page},
};

struct Settlement;

impl BatchKind for Settlement {
    const DOMAIN: &'static Domain = &PAYMENTS;
}
impl BatchMember<Settlement> for Debit {}
impl BatchMember<Settlement> for Close {}

/// A callback that passes on what it was called with.
fn listener() -> (impl FnOnce(BatchMetadata) -> std::future::Ready<()> + Send, mpsc::UnboundedReceiver<BatchMetadata>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let callback = move |batch| {
        sender.send(batch).unwrap();
        std::future::ready(())
    };
    (callback, receiver)
}

async fn stored(bus: &Bus) -> usize {
    bus.store().commands(&CommandFilter::default(), Page::first(10_000)).await.unwrap().len()
}

#[tokio::test]
async fn s041_a_batch_is_created_with_all_its_commands() {
    let bus = Bus::in_memory();
    let id = BatchId::new();
    let members = [CommandId::new(), CommandId::new()];
    let amounts = [3, 4];
    let batch = Debit::batch("Monthly billing")
        .id(id)
        .custom_data(&json!({ "source": "csv" }))
        .push(debit(1).with_id(members[0]))
        .push(debit(2).with_id(members[1]))
        .extend(amounts.iter().map(|cents| debit(*cents)))
        .send(&bus)
        .await
        .unwrap();
    assert_eq!(batch.id(), id);
    let batch = batch.metadata().await.unwrap();
    assert_eq!((batch.status, batch.total_count), (BatchStatus::Pending, 4));
    assert_eq!(batch.name.as_deref(), Some("Monthly billing"));
    assert_eq!(batch.custom_data, Some(json!({ "source": "csv" })));
    for member in members {
        let command = bus.store().command(&PAYMENTS, member).await.unwrap().unwrap();
        assert_eq!(command.batch_id, Some(id));
    }
}

#[tokio::test]
async fn s041_an_empty_batch_is_refused() {
    let error = Debit::batch("none").extend(Vec::<Debit>::new()).send(&Bus::in_memory()).await.unwrap_err();
    assert!(matches!(error, BatchError::EmptyBatch));
    assert_eq!(error.to_string(), "Batch must contain at least one command");
}

#[tokio::test]
async fn s041_a_duplicate_inside_or_in_the_domain_creates_nothing() {
    let bus = Bus::in_memory();
    let twice = CommandId::new();
    let error = Debit::batch("twice")
        .push(debit(1).with_id(twice))
        .push(debit(2))
        .push(debit(3).with_id(twice))
        .send(&bus)
        .await
        .unwrap_err();
    assert!(matches!(&error, BatchError::DuplicateCommand { ids, .. } if *ids == [twice]), "{error}");
    assert_eq!(stored(&bus).await, 0);

    let taken = debit(1).send(&bus).await.unwrap().id();
    let id = BatchId::new();
    let batch = Debit::batch("taken").id(id).extend((0..2_000).map(debit)).push(debit(1));
    // The culprit comes in a later chunk than the rest.
    let batch = batch.push(debit(2).with_id(taken));
    let (callback, mut called) = listener();
    let error = batch.on_complete(callback).send(&bus).await.unwrap_err();
    assert!(matches!(&error, BatchError::DuplicateCommand { ids, .. } if *ids == [taken]), "{error}");
    assert_eq!(stored(&bus).await, 1);
    assert!(matches!(bus.batch(&PAYMENTS, id).await, Err(BatchError::BatchNotFound { .. })));
    assert!(called.recv().await.is_none(), "the callback of a batch that was not created is dropped");
}

#[tokio::test]
async fn s041_a_refused_batch_leaves_the_callback_of_the_one_whose_id_it_wanted() {
    let bus = Bus::in_memory();
    let (callback, mut called) = listener();
    let batch = Debit::batch("first").push(debit(1)).on_complete(callback).send(&bus).await.unwrap();
    let (other, mut never) = listener();
    let again = Debit::batch("second").id(batch.id()).push(debit(1)).on_complete(other).send(&bus).await;
    assert!(matches!(again, Err(BatchError::DuplicateBatch { .. })));
    work(&bus).await;
    assert_eq!(called.recv().await.unwrap().name.as_deref(), Some("first"));
    assert!(never.recv().await.is_none());
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused() {
    let bus = Bus::in_memory();
    assert!(matches!(Debit::batch("a\0b").push(debit(1)).send(&bus).await, Err(BatchError::InvalidName)));
    let error = Debit::batch("data").push(debit(1)).custom_data("a\0b").send(&bus).await.unwrap_err();
    assert!(matches!(error, BatchError::CustomData(_)), "{error}");
}

#[tokio::test]
async fn an_iterator_is_asked_while_the_batch_is_written() {
    let asked = AtomicUsize::new(0);
    let commands = (0..3_000).map(|n| {
        asked.fetch_add(1, Ordering::Relaxed);
        debit(n)
    });
    let bus = Bus::in_memory();
    let sending = Debit::batch("lazy").extend(commands).send(&bus);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    sending.await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 3_000);
}

#[test]
fn a_chunk_ends_by_number_or_by_size() {
    let of_size = |length: usize| {
        let blob = move |_| {
            let data = seal("Blob", &"x".repeat(length)).unwrap();
            Ok::<_, BatchError>(new_command("Blob".into(), data, 1, 1, None))
        };
        let mut commands = (0..2_500).map(blob);
        std::iter::from_fn(move || {
            Some(next_chunk(&mut commands, crate::bus::BatchItem::bytes).unwrap().len()).filter(|size| *size > 0)
        })
    };
    assert_eq!(of_size(10).collect::<Vec<_>>(), [1_000, 1_000, 500]);
    assert_eq!(of_size(3 << 20).next(), Some(3));
}

#[tokio::test]
async fn a_batch_of_several_types() {
    let bus = Bus::in_memory();
    let batch = Settlement::batch("mixed").push(debit(1)).extend([Close, Close]).send(&bus).await.unwrap();
    work(&bus).await;
    assert_eq!(batch.wait().await.unwrap().completed_count, 3);
}

#[tokio::test]
async fn s043_the_callback_gets_the_final_metadata() {
    let bus = Bus::in_memory();
    let (callback, mut called) = listener();
    let batch =
        Debit::batch("Monthly billing").extend((1..=3).map(debit)).on_complete(callback).send(&bus).await.unwrap();
    work(&bus).await;
    let end = called.recv().await.unwrap();
    assert_eq!((end.batch_id, end.status, end.completed_count), (batch.id(), BatchStatus::Completed, 3));
    assert!(end.completed_at.is_some());
    assert!(called.recv().await.is_none(), "it is called once");
}

#[tokio::test(start_paused = true)]
async fn s043_the_callback_waits_for_the_operator() {
    let bus = Bus::in_memory();
    let (callback, mut called) = listener();
    let parked = CommandId::new();
    let batch = Debit::batch("one is parked")
        .extend((1..=2).map(debit))
        .push(debit(-1).with_id(parked))
        .on_complete(callback)
        .send(&bus)
        .await
        .unwrap();
    work(&bus).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(called.try_recv().is_err());
    assert_eq!(batch.metadata().await.unwrap().status, BatchStatus::InProgress);

    bus.troubleshooting().by("alice").cancel(&PAYMENTS, parked, "no such account").await.unwrap();
    let end = called.recv().await.unwrap();
    assert_eq!(end.status, BatchStatus::CompletedWithFailures);
    assert_eq!((end.completed_count, end.canceled_count), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn s043_a_callback_that_errs_or_panics_changes_nothing() {
    let bus = Bus::in_memory();
    let failing = Debit::batch("errs")
        .push(debit(1))
        .on_complete(|batch| async move { Err::<(), _>(format!("no mail for {}", batch.batch_id)) })
        .send(&bus)
        .await
        .unwrap();
    let panicking = Debit::batch("panics")
        .push(debit(2))
        .on_complete(|batch| async move { assert!(batch.total_count > 1, "out of paper") })
        .send(&bus)
        .await
        .unwrap();
    let (callback, mut called) = listener();
    Debit::batch("fine").push(debit(3)).on_complete(callback).send(&bus).await.unwrap();
    work(&bus).await;
    assert!(called.recv().await.is_some());
    for batch in [failing, panicking] {
        assert_eq!(batch.wait().await.unwrap().status, BatchStatus::Completed);
        let audit = bus.audit().of_batch(&PAYMENTS, batch.id()).await.unwrap();
        assert_eq!(audit.last().unwrap().event, "BATCH_COMPLETED");
    }
}

#[tokio::test(start_paused = true)]
async fn s043_lost_wake_ups_only_delay_the_callback_and_one_query_serves_all() {
    let (store, bus) = Faulty { deaf: true, ..Faulty::default() }.bus();
    let mut callbacks = Vec::new();
    for n in 1..=50 {
        let (callback, called) = listener();
        Debit::batch("deaf").push(debit(n)).on_complete(callback).send(&bus).await.unwrap();
        callbacks.push(called);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = store.batch_queries.load(Ordering::Relaxed);
    work(&bus).await;
    for called in &mut callbacks {
        assert!(called.recv().await.is_some());
    }
    assert!(store.batch_queries.load(Ordering::Relaxed) - before <= 2);
}

#[test]
fn s043_a_callback_outlives_the_runtime_it_was_registered_on() {
    let bus = Bus::in_memory();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (callback, mut called) = listener();
    let batch = runtime()
        .block_on(async { Debit::batch("kept").push(debit(1)).on_complete(callback).send(&bus).await })
        .unwrap();
    runtime().block_on(async {
        let waiting = batch.wait();
        work(&bus).await;
        waiting.await.unwrap();
        assert!(called.recv().await.is_some());
    });
}

#[tokio::test(start_paused = true)]
async fn progress_ends_with_the_final_counts() {
    let bus = Bus::in_memory();
    let batch = Debit::batch("watched").extend((1..=3).map(debit)).send(&bus).await.unwrap();
    let mut progress = batch.progress().every(Duration::from_millis(50));
    assert_eq!(progress.next().await.unwrap().unwrap().ended_count(), 0);
    work(&bus).await;
    let last = progress.next().await.unwrap().unwrap();
    assert_eq!((last.completed_count, last.status), (3, BatchStatus::Completed));
    assert!(progress.next().await.is_none());
}

#[tokio::test]
async fn progress_begins_with_what_is_known() {
    let bus = Bus::in_memory();
    let batch = Debit::batch("Monthly billing").push(debit(1)).send(&bus).await.unwrap();
    // Somebody else watches, so that the end is known before the stream asks for it.
    let mut watcher = bus.inner.subscribe(&(PAYMENTS, batch.id()));
    work(&bus).await;
    watcher.wait_for(|view| matches!(view, View::Seen(seen) if seen.status.is_terminal())).await.unwrap();

    let seen = tokio::time::timeout(Duration::from_secs(30), batch.progress().next()).await.expect("it is known");
    assert_eq!(seen.unwrap().unwrap().completed_count, 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_waited_for_with_a_limit_and_only_if_it_exists() {
    let bus = Bus::in_memory();
    let batch = Debit::batch("slow").push(debit(1)).send(&bus).await.unwrap();
    let error = batch.wait().timeout(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, BatchError::Timeout { .. }), "{error}");
    assert!(matches!(bus.batch(&PAYMENTS, BatchId::new()).await, Err(BatchError::BatchNotFound { .. })));
}

#[tokio::test]
async fn a_batch_is_steered() {
    let bus = Bus::in_memory();
    let batch = Debit::batch("steered").extend([debit(-1), debit(-2), debit(3)]).send(&bus).await.unwrap();
    batch.pause().await.unwrap();
    assert_eq!(work(&bus).await, 0);
    batch.resume().await.unwrap();
    assert_eq!(work(&bus).await, 3);
    assert_eq!(batch.retry_parked("the rule was changed").await.unwrap(), 2);
    assert_eq!(batch.cancel_rest("enough").await.unwrap(), 2);
    let end = batch.wait().await.unwrap();
    assert_eq!((end.completed_count, end.canceled_count), (1, 2));
}

#[tokio::test]
async fn then_sends_a_command_when_the_batch_ends() {
    let bus = Bus::in_memory();
    let batch = Debit::batch("chained").push(debit(1)).then(Close).send(&bus).await.unwrap();
    work(&bus).await;
    batch.wait().await.unwrap();
    assert_eq!(work(&bus).await, 1, "the command that follows");
}

#[tokio::test]
async fn what_was_missing_before_its_creation_is_found_after_it() {
    let bus = Bus::in_memory();
    let id = BatchId::new();
    // As a callback has it looked at, which is registered before the creation.
    let mut views = bus.inner.subscribe(&(PAYMENTS, id));
    views.wait_for(|view| *view == View::Missing).await.unwrap();

    let batch = Debit::batch("Monthly billing").id(id).push(debit(1)).send(&bus).await.unwrap();
    batch.cancel_rest("no need").await.unwrap();
    assert_eq!(batch.wait().await.unwrap().canceled_count, 1);
}
