//! Workers that end without a word.

use commandbus::{message::CommandStatus, prelude::*};
use serde_json::Value;

use crate::{
    house::{AtWork, DebitAccount, Does::Wait, House, debit},
    support::PAYMENTS,
    time::{soon, until},
};

#[tokio::test]
async fn a_command_of_a_worker_that_crashed_comes_again_when_its_lease_ends() {
    let house = House::new().await;
    let id = debit(Wait).send(&house.bus).await.unwrap().id();
    let crashed = AtWork::start(house.worker());
    house.stage.until_running(1).await;
    crashed.crash().await;

    let next = AtWork::start(house.worker());
    until(async || next.monitor.health().last_receive.is_some()).await;
    assert_eq!(house.command(id).await.delivery, 1, "not before its lease ends");
    house.make_visible().await;
    until(async || house.stage.calls() == [id, id]).await;
    house.stage.open(2);
    let command = house.until_status(id, CommandStatus::Completed).await;
    assert_eq!((command.attempts, command.delivery), (2, 2));
    next.stop().await;
}

#[tokio::test]
async fn a_command_that_kills_every_worker_is_parked_as_unsettled() {
    let house = House::new().await;
    let batch = DebitAccount::batch("Poison").push(debit(Wait)).send(&house.bus).await.unwrap();
    for attempt in 1..=3 {
        let worker = AtWork::start(house.worker());
        until(async || house.stage.calls().len() == attempt).await;
        worker.crash().await;
        house.make_visible().await;
    }
    let id = house.stage.calls()[0];

    let survivor = AtWork::start(house.worker());
    let parked = house.until_status(id, CommandStatus::InTroubleshooting).await;

    assert_eq!((parked.attempts, parked.delivery), (3, 3));
    assert_eq!(parked.last_error_code.as_deref(), Some("UNSETTLED"));
    assert_eq!(house.stage.calls(), [id; 3], "nothing runs on the delivery that parks it");
    let case = house.bus.troubleshooting().show(&PAYMENTS, id).await.unwrap();
    assert_eq!(case.parked.reason, "UNSETTLED");
    let events: Vec<&str> = case.audit.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(events, ["SENT", "RECEIVED", "RECEIVED", "RECEIVED", "MOVED_TO_TSQ"]);
    let places = "select array[(select count(*) from pgmq.q_payments__commands),
                               (select count(*) from pgmq.a_payments__commands)]";
    let places: Vec<i64> = house.ask(places).await;
    assert_eq!(places, [0, 1], "its message is archived");
    let metadata = batch.metadata().await.unwrap();
    assert_eq!((metadata.in_troubleshooting_count, metadata.status.is_terminal()), (1, false));

    // The survivor is well, and an operator can have it tried once more.
    house.bus.troubleshooting().by("alice").because("mended").retry(&PAYMENTS, id).await.unwrap();
    until(async || house.stage.calls().len() == 4).await;
    house.stage.open(4);
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.completed_count, ended.in_troubleshooting_count), (1, 0));
    let counts: Value = house
        .ask("select to_jsonb(s) from commandbus.batch b, commandbus.sp_refresh_batch_stats(b.domain, b.batch_id) s")
        .await;
    assert_eq!(counts["completed_count"], 1);
    survivor.stop().await;
}
