//! Concurrency, and how a call of a handler may end.

use std::{future::pending, time::Duration};

use commandbus::{handlers, message::CommandStatus, prelude::*, worker::WorkerPhase};

use crate::{
    house::{
        AtWork,
        Does::{Panic, Succeed, Wait},
        House, debit,
    },
    support::PAYMENTS,
    time::{soon, until},
};

/// Takes longer than it may.
#[command(domain = "payments", timeout = "100ms", backoff = "1h")]
#[derive(Serialize, Deserialize)]
struct CallBank;

#[handler]
async fn call_bank(_: CallBank) {
    pending::<()>().await;
}

#[tokio::test]
async fn as_many_commands_run_at_once_as_the_worker_may_run() {
    let house = House::new().await;
    house.bus.send_many((0..10).map(|_| debit(Wait))).await.unwrap();
    let worker = AtWork::start(house.worker().concurrency(4));
    house.stage.until_running(4).await;
    let held: i64 = house.ask("select count(*) from commandbus.command where status = 'IN_PROGRESS'").await;
    assert_eq!(held, 4, "what it cannot start is left to other workers");
    for ended in 1..=6 {
        house.stage.open(1);
        // The one that ended made room for one.
        until(async || house.stage.calls().len() == 4 + ended && house.stage.running() == 4).await;
    }
    assert_eq!(house.stage.most_running(), 4);
    house.stage.open(4);
    until(async || house.ask("select bool_and(status = 'COMPLETED') from commandbus.command").await).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_an_attempt_that_failed() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker().handlers(handlers![call_bank]));
    let id = CallBank.send(&house.bus).await.unwrap().id();
    until(async || house.command(id).await.last_error_code.is_some()).await;
    let command = house.command(id).await;
    assert_eq!((command.status, command.attempts), (CommandStatus::Pending, 1));
    assert_eq!(command.last_error_code.as_deref(), Some("TIMEOUT"));
    assert_eq!(command.last_error_type.as_deref(), Some("TRANSIENT"));
    assert_eq!(command.last_error_msg.as_deref(), Some("the handler took longer than 100ms"));
    assert_eq!(worker.monitor.health().running, 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_is_an_attempt_that_failed_and_its_worker_lives() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker().concurrency(1));
    let id = debit(Panic).send(&house.bus).max_attempts(2).await.unwrap().id();
    until(async || house.command(id).await.last_error_code.is_some()).await;
    let command = house.command(id).await;
    assert_eq!((command.status, command.attempts), (CommandStatus::Pending, 1));
    assert_eq!(command.last_error_code.as_deref(), Some("PANIC"));
    assert_eq!(command.last_error_msg.as_deref(), Some("no such branch"));

    let next = debit(Succeed).send(&house.bus).await.unwrap();
    assert_eq!(soon(next.reply()).await.unwrap().cents, 950);

    house.make_visible().await;
    house.until_status(id, CommandStatus::InTroubleshooting).await;
    let case = house.bus.troubleshooting().show(&PAYMENTS, id).await.unwrap();
    assert_eq!((case.parked.reason.as_str(), case.command.attempts), ("EXHAUSTED", 2));
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_waits_for_what_runs_when_it_is_told_to_stop() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker().grace_period(Duration::from_secs(60)));
    let id = debit(Wait).send(&house.bus).await.unwrap().id();
    house.stage.until_running(1).await;
    let monitor = worker.monitor.clone();
    let stopping = tokio::spawn(worker.stop());
    until(async || monitor.health().phase == WorkerPhase::Stopping).await;
    let late = debit(Succeed).send(&house.bus).await.unwrap().id();
    house.stage.open(1);
    soon(stopping).await.unwrap();
    assert_eq!(house.command(id).await.status, CommandStatus::Completed);
    let late = house.command(late).await;
    assert_eq!((late.status, late.attempts), (CommandStatus::Pending, 0));
    assert_eq!(house.stage.calls(), [id], "nothing is started any more");
}
