//! Who steers, and may not work on the schema nor rewrite the past.

use commandbus::{
    message::{BatchStatus, CommandId, CommandStatus, ProcessStatus},
    prelude::*,
    store::{CommandFilter, Page, ParkedFilter},
};
use serde_json::json;

use super::logins::{BILLING, FOR_THE_OWNER, Guarded};
use crate::{
    house::{AtWork, CloseMonth, DebitAccount, Does, Receipt, debit},
    processes::{
        hall::{ABROAD, HOME, ORDERS, Routing, router, worker as task_worker},
        order::{Does as Doing, Order, Stage},
    },
    support::PAYMENTS,
    time::{soon, until},
};

/// Commands that are parked, the last of them of a batch whose end sends a command.
async fn parked(guarded: &Guarded, count: usize) -> Vec<CommandId> {
    let house = &guarded.house;
    let batch = DebitAccount::batch("Monthly")
        .extend((0..count).map(|_| debit(Does::Park)))
        .then(CloseMonth { month: "2026-11".into() })
        .send(&house.bus)
        .await
        .unwrap();
    let worker = AtWork::start(house.worker());
    until(async || batch.metadata().await.unwrap().in_troubleshooting_count as usize == count).await;
    worker.stop().await;
    let mut filter = CommandFilter::default();
    filter.batch_id = Some(batch.id());
    let members = house.bus.commands().list(&filter, Page::first(100)).await.unwrap();
    members.into_iter().map(|command| command.command_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_resolves_cancels_pauses_and_looks() {
    let guarded = Guarded::new().await;
    let login = guarded.login(&["commandbus_operator"]).await;
    let (house, bus) = (&guarded.house, &login.bus);
    let ids = parked(&guarded, 4).await;
    let operator = bus.troubleshooting().by("olivia").because("as agreed");

    operator.retry_edited_untyped(&PAYMENTS, ids[0], &json!({ "cents": 1, "does": "Succeed" })).await.unwrap();
    operator.complete_with(&PAYMENTS, ids[1], &Receipt { cents: 1 }).await.unwrap();
    operator.cancel(&PAYMENTS, ids[2], "not needed").await.unwrap();
    let worker = AtWork::start(house.worker());
    house.until_status(ids[0], CommandStatus::Completed).await;
    worker.stop().await;
    // The last one ends the batch, and so sends the command that follows.
    let operation = operator.complete_all(&ParkedFilter::default()).await.unwrap();
    let done = soon(bus.operations().run(operation.operation_id, |_| {})).await.unwrap();
    assert_eq!(done.done_count, 1);
    assert_eq!(house.command(ids[3]).await.status, CommandStatus::Completed);
    let batch = house.command(ids[3]).await.batch_id.unwrap();
    assert_eq!(bus.batches().get(&PAYMENTS, batch).await.unwrap().unwrap().status, BatchStatus::CompletedWithFailures);
    assert_eq!(house.ask::<i64>("select count(*) from pgmq.q_billing__commands").await, 1);

    let waiting = debit(Does::Succeed).send(&house.bus).reply_to("payments__replies").await.unwrap().id();
    bus.commands().cancel(&PAYMENTS, waiting, "olivia", "not needed").await.unwrap();
    let rest = DebitAccount::batch("Rest").extend((0..5).map(|_| debit(Does::Succeed))).send(&house.bus).await.unwrap();
    bus.batches().pause(&PAYMENTS, rest.id(), "olivia", None).await.unwrap();
    bus.batches().resume(&PAYMENTS, rest.id(), "olivia", None).await.unwrap();
    assert_eq!(bus.batches().cancel_rest(&PAYMENTS, rest.id(), "olivia", "not needed").await.unwrap(), 5);
    bus.batches().recount(&PAYMENTS, rest.id()).await.unwrap();
    bus.system().pause(&BILLING, "olivia", None).await.unwrap();
    bus.system().resume(&BILLING, "olivia", None).await.unwrap();
    assert!(!bus.audit().of_command(&PAYMENTS, waiting).await.unwrap().is_empty());
    guarded.end([login]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_resolves_the_step_of_a_process() {
    let guarded = Guarded::new().await;
    let house = &guarded.house;
    for domain in [&ORDERS, &HOME, &ABROAD] {
        house.bus.system().ensure_queues(domain).await.unwrap();
    }
    let login = guarded.login(&["commandbus_operator"]).await;
    let stage = Stage::default();
    let tasks = [&HOME, &ABROAD].map(|domain| AtWork::start(task_worker(&house.bus, domain, &stage)));
    let routing = Routing::start(router(&house.bus));
    let order = Order::default().doing("debit", Doing::park()).start(&house.bus).await.unwrap();
    until(async || order.metadata().await.unwrap().status == ProcessStatus::WaitingForTroubleshooting).await;

    let parked = login.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(1)).await.unwrap().remove(0);
    login.bus.troubleshooting().by("olivia").cancel(&parked.domain, parked.command_id, "no").await.unwrap();

    assert_eq!(soon(order.wait()).await.unwrap().status, ProcessStatus::Canceled);
    for worker in tasks {
        worker.stop().await;
    }
    routing.stop().await;
    guarded.end([login]).await;
}

#[tokio::test]
async fn an_operator_cannot_rewrite_what_was_recorded_nor_remove_it() {
    let guarded = Guarded::new().await;
    let login = guarded.login(&["commandbus_operator"]).await;
    login.is_refused(FOR_THE_OWNER).await;
    login
        .is_refused(&[
            "update commandbus.payload_archive set payload_json = '{}'",
            "delete from commandbus.operation",
            "delete from commandbus.process_audit",
            "insert into commandbus.batch (domain, batch_id) values ('payments', gen_random_uuid())",
            "insert into commandbus.worker select",
            "set role commandbus_worker",
        ])
        .await;
    login.bus.prune(std::time::Duration::from_secs(0)).run().await.unwrap_err();
    guarded.end([login]).await;
}
