use std::{sync::atomic::Ordering, time::Duration};

use futures_util::{
    FutureExt as _,
    future::{join_all, try_join_all},
};
use tokio::time::Instant;

use super::{PAYMENTS, debit, faulty::Faulty};
use crate::{
    bus::{Bus, CommandExt as _, SendError},
    error::StoreError,
    message::CommandId,
};

fn data_error() -> StoreError {
    StoreError::Data { code: "22P05".into(), message: "not representable".into() }
}

fn conflict() -> StoreError {
    StoreError::Conflict { code: "55P03".into() }
}

const COMMIT: Duration = Duration::from_millis(10);

#[tokio::test(start_paused = true)]
async fn concurrent_sends_share_transactions_and_one_alone_does_not_wait() {
    let (store, bus) = Faulty::default().bus();
    *store.commit.lock().unwrap() = COMMIT;
    let begun = Instant::now();
    debit(1).send(&bus).await.unwrap();
    assert_eq!(begun.elapsed(), COMMIT, "a lane was free");

    try_join_all((0..1_200).map(|n| debit(n).send(&bus))).await.unwrap();
    let groups = store.groups.lock().unwrap().clone();
    assert_eq!(groups.iter().sum::<usize>(), 1_201);
    assert!(groups.len() <= 5, "{groups:?}");
    assert!(groups.iter().all(|size| *size <= 500));
}

#[tokio::test(start_paused = true)]
async fn large_commands_are_not_joined_without_bound() {
    let (store, bus) = Faulty::default().bus();
    let command = || {
        let data = serde_json::json!("x".repeat(1 << 20));
        bus.send_untyped(crate::bus::UntypedCommand::new(PAYMENTS, "Blob", data))
    };
    try_join_all((0..9).map(|_| command())).await.unwrap();
    assert!(store.groups.lock().unwrap().iter().all(|size| *size <= 4));
}

#[tokio::test(start_paused = true)]
async fn a_member_with_bad_data_fails_alone() {
    let (store, bus) = Faulty::default().bus();
    let bad = CommandId::new();
    store.faults.lock().unwrap().insert(bad, data_error());
    let sends = (0..300).map(|n| debit(n).send(&bus).id(if n == 77 { bad } else { CommandId::new() }));
    let outcomes = join_all(sends).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(_) => assert_ne!(n, 77),
            Err(error) => {
                assert_eq!(n, 77, "{error}");
                assert!(matches!(error, SendError::Store(StoreError::Data { .. })));
            }
        }
    }
    assert!(bus.store().command(&PAYMENTS, bad).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_open_transaction_stalls_only_the_command_it_holds() {
    let (store, bus) = Faulty::default().bus();
    *store.commit.lock().unwrap() = COMMIT;
    let held = CommandId::new();
    store.faults.lock().unwrap().insert(held, conflict());
    let begun = Instant::now();
    let stalled = tokio::spawn(debit(0).send(&bus).id(held));
    try_join_all((0..300).map(|n| debit(n).send(&bus))).await.unwrap();
    assert!(begun.elapsed() < 50 * COMMIT, "{:?}", begun.elapsed());
    assert!(!stalled.is_finished());

    store.faults.lock().unwrap().clear();
    stalled.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_conflict_that_stays_is_reported_in_bounded_time() {
    let (store, bus) = Faulty::default().bus();
    let held = CommandId::new();
    store.faults.lock().unwrap().insert(held, conflict());
    let begun = Instant::now();
    let error = debit(0).send(&bus).id(held).await.unwrap_err();
    assert!(matches!(error, SendError::Store(StoreError::Conflict { .. })), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn other_errors_reach_every_caller_of_the_group() {
    let (store, bus) = Faulty::default().bus();
    let id = CommandId::new();
    store.faults.lock().unwrap().insert(id, StoreError::SchemaMissing);
    let sends = (0..10).map(|n| debit(n).send(&bus).id(if n == 0 { id } else { CommandId::new() }));
    let outcomes = join_all(sends).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(SendError::Store(StoreError::SchemaMissing)))));
}

#[tokio::test(start_paused = true)]
async fn a_sending_dropped_while_it_waits_is_not_sent() {
    let (store, bus) = Faulty::default().bus();
    *store.commit.lock().unwrap() = COMMIT;
    let both_lanes: [_; 2] = std::array::from_fn(|n| (n, bus.clone())).map(|(n, bus)| {
        tokio::spawn(async move {
            tokio::time::sleep(COMMIT / 10 * n as u32).await;
            debit(1).send(&bus).await
        })
    });
    tokio::time::sleep(COMMIT / 2).await;
    let dropped = CommandId::new();
    let mut sending = debit(4).send(&bus).id(dropped);
    assert!((&mut sending).now_or_never().is_none());
    drop(sending);
    for lane in both_lanes {
        lane.await.unwrap().unwrap();
    }
    debit(2).send(&bus).await.unwrap();
    assert!(bus.store().command(&PAYMENTS, dropped).await.unwrap().is_none());
}

#[test]
fn a_bus_outlives_a_runtime_that_dies_while_sending() {
    let (store, bus) = Faulty::default().bus();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    *store.commit.lock().unwrap() = Duration::from_secs(3600);
    let dying = runtime();
    dying.block_on(async {
        for n in 0..10 {
            tokio::spawn(debit(n).send(&bus));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    });
    drop(dying);
    *store.commit.lock().unwrap() = Duration::ZERO;
    runtime().block_on(async { debit(1).send(&bus).await.unwrap() });
}

#[test]
fn two_runtimes_may_share_a_bus() {
    let bus = Bus::in_memory();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(try_join_all((0..10).map(|n| debit(n).send(&bus)))).unwrap();
                }
            });
        }
    });
}

#[tokio::test]
async fn of_many_who_send_first_one_asks_for_the_queues() {
    let (store, bus) = Faulty::default().bus();
    try_join_all((0..100).map(|n| debit(n).send(&bus))).await.unwrap();
    try_join_all((0..100).map(|n| debit(n).send(&bus).reply_to("elsewhere"))).await.unwrap();
    assert_eq!(store.queue_queries.load(Ordering::Relaxed), 2);
}
