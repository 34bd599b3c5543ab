//! Who works, and may not steer.

use commandbus::{
    handlers,
    message::{BatchStatus, ProcessStatus},
    ops::OpsError,
    prelude::*,
};

use super::logins::{FOR_THE_OWNER, Guarded};
use crate::{
    house::{AtWork, CloseMonth, DebitAccount, Does, debit, worker},
    processes::{
        hall::{ABROAD, HOME, ORDERS, Routing, router, worker as task_worker},
        order::{Does as Doing, Order, Stage},
    },
    support::PAYMENTS,
    time::soon,
};

#[command(domain = "ledger")]
#[derive(Serialize, Deserialize)]
struct Book {
    cents: i64,
}

#[handler]
async fn book(Book { cents }: Book, mut tx: Tx) -> Result<(), sqlx::Error> {
    sqlx::query("insert into entry (cents) values ($1)").bind(cents).execute(&mut *tx).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_drains_commands_batches_transactions_and_processes() {
    let guarded = Guarded::new().await;
    let house = &guarded.house;
    // Queues are made by the owner; what was granted before holds for them, too.
    for domain in [&ORDERS, &HOME, &ABROAD, &commandbus::message::Domain::from_static("ledger")] {
        house.bus.system().ensure_queues(domain).await.unwrap();
    }
    house.run("create table entry (cents bigint); grant insert on entry to commandbus_worker").await;
    let login = guarded.login(&["commandbus_worker"]).await;
    let bus = &login.bus;
    let payments = AtWork::start(worker(bus, &house.stage));
    let ledger = AtWork::start(Worker::new(bus, "ledger").handlers(handlers![book]));

    // Plain: ended in every way.
    let sent = debit(Does::Succeed).send(bus).reply_to("payments__replies").await.unwrap();
    soon(sent.reply()).await.unwrap();
    soon(debit(Does::Refuse).send(bus).await.unwrap().reply()).await.unwrap_err();
    let parked = debit(Does::Park).send(bus).await.unwrap().id();
    house.until_status(parked, commandbus::message::CommandStatus::InTroubleshooting).await;
    // A batch, copied, whose end sends a command.
    let members = (0..700).map(|n| debit(if n == 7 { Does::Refuse } else { Does::Succeed }));
    let batch = DebitAccount::batch("Monthly").extend(members).then(CloseMonth { month: "2026-11".into() });
    let ended = soon(batch.send(bus).await.unwrap().wait()).await.unwrap();
    assert_eq!((ended.status, ended.total_count), (BatchStatus::CompletedWithFailures, 700));
    assert_eq!(house.ask::<i64>("select count(*) from pgmq.q_billing__commands").await, 1);
    // In a transaction, and of a group.
    let books = Book::batch("Books").extend((0..20).map(|cents| Book { cents })).send(bus).await.unwrap();
    soon(books.wait()).await.unwrap();
    assert_eq!(house.ask::<i64>("select count(*) from entry").await, 20);
    let untyped = commandbus::bus::UntypedCommand::new(
        PAYMENTS.clone(),
        "DebitAccount",
        serde_json::json!({"cents": 1, "does": "Succeed"}),
    );
    soon(bus.send_untyped(untyped.group("one")).await.unwrap().reply()).await.unwrap();

    // Processes: there and back again.
    let stage = Stage::default();
    let tasks = [&HOME, &ABROAD].map(|domain| AtWork::start(task_worker(bus, domain, &stage)));
    let routing = Routing::start(router(bus));
    let well = Order::default().start(bus).await.unwrap();
    let back = Order::default().doing("close", Doing::Refuse).start(bus).await.unwrap();
    assert_eq!(soon(well.wait()).await.unwrap().status, ProcessStatus::Completed);
    assert_eq!(soon(back.wait()).await.unwrap().status, ProcessStatus::Canceled);
    let payroll = Order::batch("Payroll").extend((0..5).map(|_| Order::default())).start(bus).await.unwrap();
    assert_eq!(soon(payroll.wait()).await.unwrap().completed_count, 5);

    for worker in tasks.into_iter().chain([payments, ledger]) {
        worker.stop().await;
    }
    routing.stop().await;
    let undelivered: i64 = house.ask("select count(*) from commandbus.undelivered_reply").await;
    assert_eq!(undelivered, 0);
    guarded.end([login]).await;
}

#[tokio::test]
async fn a_worker_cannot_steer_nor_change_what_was_recorded() {
    let guarded = Guarded::new().await;
    let login = guarded.login(&["commandbus_worker"]).await;
    let bus = &login.bus;
    let id = debit(Does::Succeed).send(bus).await.unwrap().id();

    let verbs: Vec<OpsError> = vec![
        bus.troubleshooting().by("ada").retry(&PAYMENTS, parked(&guarded).await).await.unwrap_err(),
        bus.system().pause(&PAYMENTS, "ada", None).await.unwrap_err(),
        bus.troubleshooting().by("ada").retry_all(&Default::default()).await.unwrap_err(),
    ];
    for refused in &verbs {
        assert!(matches!(refused, OpsError::Store(commandbus::error::StoreError::NotPermitted { .. })), "{refused}");
    }
    bus.prune(std::time::Duration::from_secs(0)).run().await.unwrap_err();
    login.is_refused(FOR_THE_OWNER).await;
    login
        .is_refused(&[
            "insert into commandbus.paused (domain) values ('payments')",
            "delete from commandbus.troubleshooting",
            "insert into commandbus.payload_archive select",
            "update commandbus.stray_reply set reason = ''",
            "update commandbus.parked_reply set reason = ''",
            "delete from commandbus.result",
            "set role commandbus_operator",
        ])
        .await;
    bus.commands().get(&PAYMENTS, id).await.unwrap().expect("it may look");
    guarded.end([login]).await;
}

/// A command that is parked.
async fn parked(guarded: &Guarded) -> commandbus::message::CommandId {
    let id = debit(Does::Park).send(&guarded.house.bus).await.unwrap().id();
    let worker = AtWork::start(guarded.house.worker());
    guarded.house.until_status(id, commandbus::message::CommandStatus::InTroubleshooting).await;
    worker.stop().await;
    id
}
