//! Leases: kept while a handler lives, and given back at a shutdown.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use commandbus::message::{CommandId, CommandStatus};
use commandbus::prelude::*;

use crate::{
    house::{AtWork, Does::Wait, House, debit},
    support::column,
    time::until,
};

/// The shortest there is.
const LEASE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_handler_that_outlives_its_lease_runs_once() {
    let house = House::new().await;
    let other = house.another_bus().await;
    let workers = [house.worker().lease(LEASE), house.worker_on(&other).lease(LEASE)].map(AtWork::start);
    let sent: Vec<CommandId> =
        house.bus.send_many((0..3).map(|_| debit(Wait))).await.unwrap().iter().map(|sent| sent.id()).collect();
    house.stage.until_running(3).await;

    let received: DateTime<Utc> = house.ask("select max(updated_at) from commandbus.command").await;
    until(async || house.ask::<DateTime<Utc>>("select clock_timestamp()").await > received + 3 * LEASE).await;
    let hidden: Vec<bool> = column(&house.pool, "select vt > clock_timestamp() from pgmq.q_payments__commands").await;
    assert_eq!(hidden, [true; 3]);
    assert_eq!(house.stage.calls().len(), 3);

    house.stage.open(3);
    for id in sent {
        let command = house.until_status(id, CommandStatus::Completed).await;
        assert_eq!((command.attempts, command.delivery), (1, 1));
    }
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_leases_back_uncounted() {
    let house = House::new().await;
    // One command runs, more wait for it in hand.
    let worker = AtWork::start(house.worker().concurrency(2));
    house.bus.send_many((0..5).map(|_| debit(Wait))).await.unwrap();
    house.stage.until_running(2).await;

    worker.stop().await;

    let given_back: Vec<bool> = house
        .column(
            "select c.status = 'PENDING' and c.attempts = 0 and c.lease_expires_at is null and c.last_error_code is null
                    and q.vt <= clock_timestamp()
             from commandbus.command c join pgmq.q_payments__commands q using (msg_id)",
        )
        .await;
    assert_eq!(given_back, [true; 5]);
    assert_eq!(house.stage.running(), 0);
    let failures: i64 = house.ask("select count(*) from commandbus.audit where event_type = 'FAILED'").await;
    assert_eq!(failures, 0);

    // Another worker gets them at once, long before a lease would have ended.
    let polls_never = house.worker().poll_interval(Duration::from_secs(3600));
    let next = AtWork::start(polls_never);
    house.stage.until_running(5).await;
    house.stage.open(5);
    until(async || house.ask("select bool_and(status = 'COMPLETED' and attempts = 1) from commandbus.command").await)
        .await;
    next.stop().await;
}

#[tokio::test]
async fn a_worker_that_waits_is_woken_by_leases_given_back() {
    let house = House::new().await;
    let first = AtWork::start(house.worker());
    let id = debit(Wait).send(&house.bus).await.unwrap().id();
    house.stage.until_running(1).await;
    let other = house.another_bus().await;
    let second = AtWork::start(house.worker_on(&other).poll_interval(Duration::from_secs(3600)));
    until(async || house.listeners("pgmq_notify_payments__commands").await.len() == 2).await;
    until(async || second.monitor.health().last_receive.is_some()).await;

    first.stop().await;
    until(async || house.stage.calls() == [id, id]).await;
    house.stage.open(1);
    let command = house.until_status(id, CommandStatus::Completed).await;
    assert_eq!((command.attempts, command.delivery), (1, 2));
    second.stop().await;
}

#[tokio::test]
async fn an_operator_sees_until_when_a_command_is_held() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker().lease(Duration::from_secs(600)));
    let id = debit(Wait).send(&house.bus).await.unwrap().id();
    house.stage.until_running(1).await;
    let held = house.until_status(id, CommandStatus::InProgress).await.lease_expires_at.unwrap();
    let now: DateTime<Utc> = house.ask("select clock_timestamp()").await;
    assert!((now + TimeDelta::seconds(500)..=now + TimeDelta::seconds(600)).contains(&held), "{now} {held}");
    house.stage.open(1);
    assert_eq!(house.until_status(id, CommandStatus::Completed).await.lease_expires_at, None);
    worker.stop().await;
}
