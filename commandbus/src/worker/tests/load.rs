//! Many commands at once.

use super::*;
use crate::worker::pace::MAX_AHEAD;

#[tokio::test(start_paused = true)]
async fn each_runs_once_and_never_more_than_allowed_at_once() {
    let house = House::new().await;
    let mut sent = Vec::new();
    for n in 0..2_000 {
        sent.push(house.send(if n % 50 == 0 { Act::Take(1) } else { Act::Reply(n) }).await);
    }
    let worker = AtWork::start(house.worker().concurrency(20));
    for id in &sent {
        assert_eq!(house.until_status(*id, CommandStatus::Completed).await.attempts, 1);
    }
    let mut called: Vec<CommandId> = house.stage.calls().into_iter().map(|(id, _)| id).collect();
    called.sort();
    called.dedup();
    assert_eq!(called.len(), house.stage.calls().len(), "none ran twice");
    assert!(house.stage.peak.load(Ordering::SeqCst) <= 20);
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn slow_handlers_leave_the_rest_to_others() {
    let house = House::new().await;
    for _ in 0..100 {
        house.send(Act::Wait).await;
    }
    let worker = AtWork::start(house.worker().concurrency(10));
    for finished in [0, 1, 9, 10, 3] {
        tokio::time::sleep(Duration::from_secs(10)).await;
        house.stage.gate.add_permits(finished);
        house.until_running(10).await;
        assert!(worker.monitor.health().in_hand <= 10 + finished);
    }
    house.stage.gate.add_permits(100);
    until(async || house.stage.calls().len() == 100).await;
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_received_ahead_is_bounded() {
    let house = House::new().await;
    for _ in 0..200 {
        house.send(Act::Reply(0)).await;
    }
    for _ in 0..3_000 {
        house.send(Act::Wait).await;
    }
    let worker = AtWork::start(house.worker().concurrency(10));
    house.until_running(10).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(worker.monitor.health().in_hand <= 10 + MAX_AHEAD);
    house.stage.gate.add_permits(3_000);
    until(async || house.stage.calls().len() == 3_200).await;
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_workers_share_the_work() {
    let house = House::new().await;
    let first = AtWork::start(house.worker().concurrency(5));
    let second = AtWork::start(house.worker().concurrency(5));
    for _ in 0..100 {
        house.send(Act::Take(1)).await;
    }
    until(async || house.stage.calls().len() == 100 && house.stage.running() == 0).await;
    assert_eq!(house.stage.peak.load(Ordering::SeqCst), 10);
    first.stop().await;
    second.stop().await;
}
