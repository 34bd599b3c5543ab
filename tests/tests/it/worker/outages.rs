//! Lost notifications, lost connections, and a server that is down for a while.

use std::{sync::Arc, time::Duration};

use commandbus::{
    embedded::{Durability, EmbeddedPostgres},
    error::StoreError,
    handlers,
    message::{CommandStatus, Domain},
    prelude::*,
};
use commandbus_tests::{Proxy, Server};
use sqlx::PgPool;

use crate::{
    house::{
        self, AtWork,
        Does::{Succeed, Wait},
        House, Stage, debit,
    },
    support::{PAYMENTS, ask, run},
    time::{soon, until},
};

const NEVER: Duration = Duration::from_secs(3600);
const CHANNEL: &str = "pgmq_notify_payments__commands";

#[tokio::test]
async fn an_idle_worker_is_woken_by_a_notification() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker().poll_interval(NEVER));
    house.until_heard(CHANNEL).await;
    for _ in 0..4 {
        until(async || worker.monitor.health().in_hand == 0).await;
        let sent = debit(Succeed).send(&house.bus).await.unwrap();
        assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_command_is_found_by_polling_when_no_notification_comes() {
    let house = House::new().await;
    let signature: String = house.ask("select 'commandbus.send_commands'::regproc::regprocedure::text").await;
    house.silence(&signature).await;
    let worker = AtWork::start(house.worker());
    house.until_heard(CHANNEL).await;
    for _ in 0..3 {
        let sent = debit(Succeed).send(&house.bus).await.unwrap();
        assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_lost_connection_that_listens_is_replaced() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker().poll_interval(NEVER));
    let answered = async || {
        let sent = debit(Succeed).send(&house.bus).await.unwrap();
        assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
    };
    answered().await;
    for _ in 0..2 {
        // The last channel that it came to listen on, and so the one that shows.
        house.until_heard("commandbus_reply").await;
        let lost = house.listeners("commandbus_reply").await;
        house.run(&format!("select pg_terminate_backend(pid) from unnest(array{lost:?}) pid")).await;
        // While nobody listens, or soon after.
        answered().await;
        until(async || house.listeners("commandbus_reply").await.iter().any(|pid| !lost.contains(pid))).await;
        answered().await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_and_its_outcomes_survive_a_server_that_is_down() {
    const RUNNING: usize = 10;
    let mut server = Server::start(EmbeddedPostgres::builder().durability(Durability::Relaxed)).await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.migrate().await.unwrap();
    let stage = Stage::new();
    let batch = house::DebitAccount::batch("Monthly billing").extend((0..RUNNING).map(|_| debit(Wait)));
    let batch = batch.send(&bus).await.unwrap();
    let worker = AtWork::start(house::worker(&bus, &stage));
    stage.until_running(RUNNING).await;

    server.stop().await;
    stage.open(RUNNING);
    stage.until_running(0).await;
    until(async || matches!(worker.monitor.health().trouble, Some((StoreError::Unreachable { .. }, _)))).await;
    assert!(!worker.monitor.health().is_ready());
    assert_eq!(worker.monitor.health().in_hand, RUNNING, "no outcome is lost");
    server.start_again().await;

    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!(ended.completed_count as usize, RUNNING);
    let pool = PgPool::connect(server.url()).await.unwrap();
    let once: bool = ask(&pool, "select bool_and(attempts = 1 and delivery = 1) from commandbus.command").await;
    assert!(once, "what ran is not run again");
    assert_eq!(stage.calls().len(), RUNNING);

    // It works on as before.
    until(async || worker.monitor.health().is_ready()).await;
    let next = debit(Succeed).send(&bus).await.unwrap();
    assert_eq!(soon(next.reply()).await.unwrap().cents, 950);
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_and_its_outcomes_survive_a_database_that_is_closed_for_a_while() {
    let house = House::new().await;
    let worker = AtWork::start(house.worker());
    let id = debit(Wait).send(&house.bus).await.unwrap().id();
    house.stage.until_running(1).await;
    let elsewhere = house.pool.connect_options().as_ref().clone().database("postgres");
    let elsewhere = PgPool::connect_with(elsewhere).await.unwrap();
    let name: String = house.ask("select current_database()::text").await;

    run(&elsewhere, &format!("alter database {name} allow_connections false")).await;
    let cut = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    run(&elsewhere, &cut).await;
    house.stage.open(1);
    // More tries than an outcome gets that the database refuses for good.
    until(async || worker.monitor.health().trouble.is_some_and(|(_, since)| since > Duration::from_secs(2))).await;
    assert_eq!(worker.monitor.health().in_hand, 1);
    run(&elsewhere, &format!("alter database {name} allow_connections true")).await;

    let command = house.until_status(id, CommandStatus::Completed).await;
    assert_eq!((command.attempts, command.delivery), (1, 1));
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_that_starts_before_its_server_waits_for_it() {
    let mut server = Server::start(EmbeddedPostgres::builder().durability(Durability::Relaxed)).await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.migrate().await.unwrap();
    let sent = debit(Succeed).send(&bus).await.unwrap();
    server.stop().await;

    let worker = AtWork::start(house::worker(&bus, &Stage::new()));
    until(async || worker.monitor.health().trouble.is_some()).await;
    server.start_again().await;
    assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
    let command = bus.commands().get(&PAYMENTS, sent.id()).await.unwrap().unwrap();
    assert_eq!(command.status, CommandStatus::Completed);
    worker.stop().await;
}

/// Each round leaves connections in the middle of a call that never ends; together more than the engine may have.
#[tokio::test]
async fn connections_that_hang_do_not_use_up_the_pool() {
    let server = Server::start(EmbeddedPostgres::builder().durability(Durability::Relaxed)).await;
    let sender = Bus::connect(server.url()).await.unwrap();
    sender.migrate().await.unwrap();
    let proxy = Proxy::start(server.socket()).await;
    let bus = Bus::connect(proxy.url()).await.unwrap();
    let worker = AtWork::start(house::worker(&bus, &Stage::new()).lease(Duration::from_secs(1)));
    for _ in 0..8 {
        let sent = debit(Succeed).send(&sender).await.unwrap();
        assert_eq!(soon(sent.reply()).await.unwrap().cents, 950);
        proxy.stall_all();
    }
    worker.crash().await;
}

#[command(domain = "clinging", backoff = "1ms")]
#[derive(Debug, Serialize, Deserialize)]
struct Cling {}

/// The connection of its transaction hangs from the end of the first call on.
#[handler]
async fn cling(_: Cling, at: Context, mut tx: Tx, State(proxy): State<Arc<Proxy>>) -> Result<(), anyhow::Error> {
    sqlx::query("insert into clung values ($1)").bind(at.command_id().as_uuid()).execute(&mut *tx).await?;
    if at.attempt() == 1 {
        proxy.stall_all();
    }
    Ok(())
}

#[tokio::test]
async fn a_transaction_whose_connection_hangs_is_given_up_after_a_lease() {
    let server = Server::start(EmbeddedPostgres::builder().durability(Durability::Relaxed)).await;
    let pool = PgPool::connect(server.url()).await.unwrap();
    let sender = Bus::new(pool.clone());
    sender.migrate().await.unwrap();
    run(&pool, "create table clung (command_id uuid not null)").await;
    let proxy = Arc::new(Proxy::start(server.socket()).await);
    let bus = Bus::connect(proxy.url()).await.unwrap();
    let worker = Worker::new(&bus, "clinging").handlers(handlers![cling]).provide(Arc::clone(&proxy));
    let worker = AtWork::start(worker.lease(Duration::from_secs(1)).poll_interval(Duration::from_millis(100)));
    let id = Cling {}.send(&sender).await.unwrap().id();
    let status = "select status = 'COMPLETED' from commandbus.command";
    until(async || ask::<bool>(&pool, status).await).await;
    assert_eq!(ask::<i64>(&pool, "select count(*) from clung").await, 1);
    let command = sender.commands().get(&Domain::from_static("clinging"), id).await.unwrap().unwrap();
    // Its failure is recorded, or its lease had ended and it came again before that.
    assert!(command.delivery > 1, "{command:?}");
    worker.crash().await;
}
