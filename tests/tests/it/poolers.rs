//! Behind PgBouncer in transaction mode, as Debian has it: without prepared statements, and without sessions.

use std::time::Duration;

use commandbus::{
    handlers,
    message::{BatchStatus, CommandStatus, ProcessStatus},
    prelude::*,
    store::{CommandFilter, Page},
};
use commandbus_tests::Pooler;
use futures_util::future::try_join_all;

use crate::{
    house::{AtWork, DebitAccount, Does, House, debit, recorder},
    processes::{
        hall::{ABROAD, HOME, Routing, router, worker as task_worker},
        order::{Does as Doing, Order, Stage},
    },
    support::PAYMENTS,
    time::soon,
};

/// Fewer sessions than programs that want one, so that everybody meets everybody's.
const SESSIONS: u32 = 4;

#[command(domain = "pooled")]
#[derive(Serialize, Deserialize)]
struct Book {
    n: i32,
}

/// Statements of its own, as handlers write them.
#[handler]
async fn book(Book { n }: Book, mut tx: Tx) -> Result<(), sqlx::Error> {
    let known: i64 = sqlx::query_scalar("select count(*) from entry where n = $1").bind(n).fetch_one(&mut *tx).await?;
    sqlx::query("insert into entry (n, known) values ($1, $2)").bind(n).bind(known).execute(&mut *tx).await.map(drop)
}

/// Two programs do everything through the pooler, at once.
async fn everything_works(listening: bool) {
    let house = House::new().await;
    house.run("create table entry (n int, known bigint)").await;
    let pooler = Pooler::start(house.url(), SESSIONS).await;
    let connect = async || {
        let builder = Bus::builder(pooler.url()).transaction_pooler().max_connections(6);
        let builder = if listening { builder.listen_url(house.url()) } else { builder };
        builder.connect().await.unwrap()
    };
    let (bus, other) = (connect().await, connect().await);
    bus.migrate().await.unwrap();

    let workers = [&bus, &other].map(|bus| AtWork::start(house.worker_on(bus)));
    let books =
        AtWork::start(Worker::new(&bus, "pooled").handlers(handlers![book]).poll_interval(Duration::from_millis(100)));
    // Replies, to both.
    let sends = (0..200).map(|n| debit(Does::Succeed).send(if n % 2 == 0 { &bus } else { &other }));
    let sent = try_join_all(sends).await.unwrap();
    soon(try_join_all(sent.iter().map(|sent| sent.reply()))).await.unwrap();
    soon(debit(Does::Refuse).send(&other).await.unwrap().reply()).await.unwrap_err();
    // Batches, copied, with a callback in memory.
    let (callback, mut calls) = recorder();
    let members = (0..1_500).map(|_| debit(Does::Succeed));
    let batch = DebitAccount::batch("Monthly").extend(members).on_complete(callback).send(&other).await.unwrap();
    let ended = soon(batch.wait()).await.unwrap();
    assert_eq!((ended.status, ended.completed_count), (BatchStatus::Completed, 1_500));
    assert_eq!(soon(calls.recv()).await.unwrap().batch_id, batch.id());
    // Transactions, of handlers and of callers.
    let batch = Book::batch("Books").extend((0..100).map(|n| Book { n })).send(&bus).await.unwrap();
    soon(batch.wait()).await.unwrap();
    let effects: Vec<i64> = house.column("select count(*) from entry group by n").await;
    assert_eq!(effects, [1; 100]);
    let pool = other.store().as_postgres().unwrap().pool();
    let mut transaction = pool.begin_with("begin; deallocate all").await.unwrap();
    sqlx::query("delete from entry where n = $1").bind(7).execute(&mut *transaction).await.unwrap();
    let within = debit(Does::Succeed).send(&other).within(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    soon(within.committed().reply()).await.unwrap();
    // Processes, there and back again, and a batch of them.
    let stage = Stage::default();
    let tasks = [&HOME, &ABROAD].map(|domain| AtWork::start(task_worker(&other, domain, &stage)));
    let routing = Routing::start(router(&bus));
    let orders = try_join_all((0..20).map(|n| {
        let order = if n % 5 == 0 { Order::default().doing("close", Doing::Refuse) } else { Order::default() };
        order.start(&bus)
    }))
    .await
    .unwrap();
    let ends = soon(try_join_all(orders.iter().map(|order| order.wait()))).await.unwrap();
    assert_eq!(ends.iter().filter(|order| order.status == ProcessStatus::Completed).count(), 16);
    let payroll = Order::batch("Payroll").extend((0..10).map(|_| Order::default())).start(&other).await.unwrap();
    assert_eq!(soon(payroll.wait()).await.unwrap().completed_count, 10);
    // Operators.
    let parked = debit(Does::Park).send(&bus).await.unwrap().id();
    house.until_status(parked, CommandStatus::InTroubleshooting).await;
    other.troubleshooting().by("olivia").cancel(&PAYMENTS, parked, "not needed").await.unwrap();
    other.system().queues().await.unwrap();
    assert!(other.commands().search(&CommandFilter::default(), Page::first(50)).await.unwrap().items.len() == 50);

    for worker in workers.into_iter().chain([books]).chain(tasks) {
        worker.stop().await;
    }
    routing.stop().await;
    let listeners: Vec<i32> = house
        .column("select pid from pg_stat_activity where datname = current_database() and query ilike 'listen %'")
        .await;
    assert_eq!(listeners.is_empty(), !listening, "who listens in somebody's session hears nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_through_a_transaction_pooler_with_a_way_past_it() {
    everything_works(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_through_a_transaction_pooler_alone() {
    everything_works(false).await;
}
