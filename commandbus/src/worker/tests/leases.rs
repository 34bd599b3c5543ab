//! Who holds a command, and for how long.

use super::*;

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_lease_lasts_as_long_as_its_handler() {
    let house = House::new().await;
    let id = house.send(Act::Take(600)).await;
    let worker = AtWork::start(house.worker().lease(LEASE));
    let command = house.until_status(id, CommandStatus::Completed).await;
    assert_eq!((command.attempts, command.delivery), (1, 1));
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_keeps_its_lease_too() {
    let house = House::new().await;
    for _ in 0..50 {
        house.send(Act::Reply(0)).await;
    }
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(house.send(Act::Take(120)).await);
    }
    let worker = AtWork::start(house.worker().concurrency(1).lease(LEASE));
    for id in sent {
        assert_eq!(house.until_status(id, CommandStatus::Completed).await.delivery, 1);
    }
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_cancels_the_handler_and_drops_its_outcome() {
    let house = House::new().await;
    let id = house.send(Act::HangUntilCancelled).await;
    let worker = AtWork::start(house.worker().lease(LEASE));
    house.until_running(1).await;

    // As if this worker had been cut off for longer than its lease while another went on.
    house.memory.clock().advance(LEASE * 2);
    let elsewhere = house.memory.receive(&DOMAIN, 1, LEASE * 100).await.unwrap().deliveries;
    assert_eq!(elsewhere[0].attempt, 2);

    until(async || house.stage.cancelled.load(Ordering::SeqCst) == 1).await;
    until(async || worker.monitor.health().in_hand == 0).await;
    let command = house.command(id).await;
    assert_eq!((command.status, command.delivery), (CommandStatus::InProgress, 2), "the other delivery stands");
    worker.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_another_worker_takes_over() {
    let house = House::new().await;
    let id = house.send(Act::Wait).await;
    let crashed = AtWork::start(house.worker().lease(LEASE));
    house.until_running(1).await;
    crashed.task.abort();
    house.until_running(0).await;

    house.stage.gate.add_permits(1);
    let worker = AtWork::start(house.worker().lease(LEASE));
    let command = house.until_status(id, CommandStatus::Completed).await;
    assert_eq!(command.attempts, 2);
    worker.stop().await;
}
