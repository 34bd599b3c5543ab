//! The orderly end.

use super::*;
use crate::worker::WorkerPhase;

#[tokio::test(start_paused = true)]
async fn what_runs_may_finish_and_what_waits_is_given_back() {
    let house = House::new().await;
    for _ in 0..100 {
        house.send(Act::Reply(0)).await;
    }
    let mut sent = Vec::new();
    for _ in 0..50 {
        sent.push(house.send(Act::Take(10)).await);
    }
    let worker = AtWork::start(house.worker().concurrency(5).grace_period(Duration::from_secs(15)));
    house.until_running(5).await;
    worker.stop().await;

    let mut completed = 0;
    for id in sent {
        let command = house.command(id).await;
        match command.status {
            CommandStatus::Completed => completed += 1,
            other => assert_eq!((other, command.attempts), (CommandStatus::Pending, 0)),
        }
    }
    assert!((1..=10).contains(&completed), "{completed}");
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_period_handlers_are_canceled_and_not_counted() {
    let house = House::new().await;
    let polite = house.send(Act::HangUntilCancelled).await;
    let deaf = house.send(Act::Hang).await;
    let worker = AtWork::start(house.worker().grace_period(Duration::from_secs(5)));
    house.until_running(2).await;
    let told = tokio::time::Instant::now();
    worker.stop().await;

    assert!(told.elapsed() < Duration::from_secs(8));
    assert_eq!(house.stage.cancelled.load(Ordering::SeqCst), 1);
    for id in [polite, deaf] {
        let command = house.command(id).await;
        assert_eq!((command.status, command.attempts, command.delivery), (CommandStatus::Pending, 0, 1));
    }
    let again = house.memory.receive(&DOMAIN, 10, Duration::from_secs(30)).await.unwrap().deliveries;
    assert_eq!(again.len(), 2, "they are visible at once");
    assert!(again.iter().all(|delivery| delivery.attempt == 1));
}

#[tokio::test(start_paused = true)]
async fn health_follows_its_life() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let monitor = worker.monitor.clone();
    assert_eq!(monitor.health().phase, WorkerPhase::Starting);
    until(async || monitor.health().last_receive.is_some()).await;
    assert!(monitor.health().is_ready());
    house.send(Act::Take(10)).await;
    house.until_running(1).await;
    assert_eq!((monitor.health().running, monitor.health().in_hand), (1, 1));
    worker.shutdown.cancel();
    until(async || monitor.health().phase == WorkerPhase::Stopping).await;
    worker.stop().await;
    assert_eq!(monitor.health().phase, WorkerPhase::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_worker_told_to_stop_before_it_starts_does_nothing() {
    let house = House::new().await;
    let id = house.send(Act::Reply(1)).await;
    house.worker().build().unwrap().run_until(async {}).await.unwrap();
    assert_eq!(house.command(id).await.delivery, 0);
}
