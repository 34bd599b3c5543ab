//! Connections that are kept from one call to the next, and never from those who wait for one.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use commandbus::{handlers, prelude::*, worker::WorkerBuilder};
use commandbus_tests::TestDatabase;
use sqlx::{Acquire, PgPool, postgres::PgPoolOptions};
use tokio::{runtime, sync::Notify, task::spawn_blocking};

use crate::{
    house::{AtWork, Does, debit},
    time::{soon, until},
};

/// How many are sent, or handled, one after the other.
const TURNS: usize = 40;

/// A pool of `size`, and how often somebody took a connection from it.
async fn pool(database: &TestDatabase, size: u32) -> (PgPool, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let options = PgPoolOptions::new().max_connections(size).before_acquire(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(true) })
    });
    (options.connect(database.url()).await.unwrap(), taken)
}

async fn send(bus: &Bus) {
    for _ in 0..TURNS {
        debit(Does::Succeed).send(bus).await.unwrap();
    }
}

#[command(domain = "in_turn")]
#[derive(Serialize, Deserialize)]
struct Write {
    n: i32,
}

/// Writes what stays, and in a savepoint what does not.
#[handler]
async fn write(Write { n }: Write, mut tx: Tx) -> Result<(), sqlx::Error> {
    const WRITE: &str = "insert into effect values ($1, pg_current_xact_id()::text)";
    sqlx::query(WRITE).bind(n).execute(&mut *tx).await?;
    let mut savepoint = tx.begin().await?;
    sqlx::query(WRITE).bind(-n).execute(&mut *savepoint).await?;
    savepoint.rollback().await
}

async fn work_until_all_are_handled(worker: WorkerBuilder, pool: &PgPool) {
    let at_work = AtWork::start(worker);
    let settled = "select count(*) from commandbus.command where status = 'COMPLETED'";
    until(async || sqlx::query_scalar::<_, i64>(settled).fetch_one(pool).await.unwrap() == TURNS as i64).await;
    at_work.stop().await;
}

/// Has the handlers run, one after the other.
async fn handle(bus: &Bus, database: &TestDatabase) {
    let pool = &database.pool().await;
    sqlx::raw_sql("create table effect (n int, transaction text)").execute(pool).await.unwrap();
    let worker = Worker::new(bus, "in_turn").handlers(handlers![write]).concurrency(1);
    bus.send_many((1..=TURNS as i32).map(|n| Write { n })).await.unwrap();
    work_until_all_are_handled(worker, pool).await;
    let written = "select count(distinct n), count(distinct transaction), count(*) from effect where n > 0";
    let written: (i64, i64, i64) = sqlx::query_as(written).fetch_one(pool).await.unwrap();
    assert_eq!(written, (TURNS as i64, TURNS as i64, TURNS as i64), "each in a transaction of its own");
    let undone: i64 = sqlx::query_scalar("select count(*) from effect where n < 0").fetch_one(pool).await.unwrap();
    assert_eq!(undone, 0, "a savepoint is one also in a transaction that follows another");
}

async fn until_all_are_back(pool: &PgPool) {
    until(async || pool.num_idle() == pool.size() as usize).await;
}

/// Turns share connections, which are all back in their pool afterwards.
async fn takes_fewer_connections_than_turns(work: impl AsyncFnOnce(&Bus, &TestDatabase)) {
    let database = TestDatabase::new().await;
    let (pool, taken) = pool(&database, 3).await;
    work(&Bus::new(pool.clone()), &database).await;
    assert!(taken.load(Ordering::Relaxed) < TURNS, "{taken:?}");
    until_all_are_back(&pool).await;
}

#[tokio::test]
async fn sends_that_follow_each_other_take_the_connection_at_hand() {
    takes_fewer_connections_than_turns(async |bus, _| send(bus).await).await;
}

#[tokio::test]
async fn handlers_that_follow_each_other_write_on_the_connection_at_hand() {
    takes_fewer_connections_than_turns(handle).await;
}

#[command(domain = "at_hand")]
#[derive(Serialize, Deserialize)]
struct Look;

/// Looks at transactions from outside, and counts those that a commit has begun.
#[derive(Clone)]
struct Outside {
    pool: PgPool,
    followed: Arc<AtomicUsize>,
}

#[handler]
async fn look(_look: Look, tx: Tx, State(outside): State<Outside>) -> Result<(), sqlx::Error> {
    let begun_by_a_commit = "select count(*) from pg_stat_activity
                             where datname = current_database() and state = 'idle in transaction'
                               and query like 'commit; begin;%'";
    let found: i64 = sqlx::query_scalar(begun_by_a_commit).fetch_one(&outside.pool).await?;
    outside.followed.fetch_add(found as usize, Ordering::Relaxed);
    drop(tx);
    Ok(())
}

#[tokio::test]
async fn the_transaction_of_a_handler_begins_with_the_commit_of_the_one_before() {
    let database = TestDatabase::new().await;
    let (pool, _) = pool(&database, 3).await;
    let bus = Bus::new(pool);
    bus.send_many((0..TURNS).map(|_| Look)).await.unwrap();
    let outside = Outside { pool: database.pool().await, followed: Arc::default() };
    let worker = Worker::new(&bus, "at_hand").handlers(handlers![look]).provide(outside.clone()).concurrency(1);
    work_until_all_are_handled(worker, &outside.pool).await;
    // The first has none before it, and now and then the connection goes back to its pool.
    let followed = outside.followed.load(Ordering::Relaxed);
    assert!((1..TURNS).contains(&followed), "{followed} of {TURNS}");
}

#[tokio::test]
async fn nothing_is_kept_of_a_pool_that_is_used_up() {
    let database = TestDatabase::new().await;
    let (pool, taken) = pool(&database, 1).await;
    let bus = Bus::new(pool.clone());
    debit(Does::Succeed).send(&bus).await.unwrap();
    until_all_are_back(&pool).await;
    taken.store(0, Ordering::Relaxed);
    send(&bus).await;
    assert!(taken.load(Ordering::Relaxed) >= TURNS, "{taken:?}");
    handle(&bus, &database).await;
}

#[tokio::test]
async fn who_waits_for_a_pool_that_has_more_takes_nothing_from_the_others() {
    let database = TestDatabase::new().await;
    let (taken, served) = (Arc::new(AtomicUsize::new(1)), Arc::new(Notify::new()));
    let (counted, gate) = (Arc::clone(&taken), Arc::clone(&served));
    let options = PgPoolOptions::new().max_connections(5).before_acquire(move |_, _| {
        let is_first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        let gate = Arc::clone(&gate);
        Box::pin(async move {
            if is_first {
                gate.notified().await;
            }
            Ok(true)
        })
    });
    let pool = options.connect(database.url()).await.unwrap();
    let bus = Bus::new(pool.clone());
    debit(Does::Succeed).send(&bus).await.unwrap();
    until_all_are_back(&pool).await;

    taken.store(0, Ordering::Relaxed);
    let waiting = tokio::spawn(debit(Does::Succeed).send(&bus).into_future());
    until(async || taken.load(Ordering::Relaxed) > 0).await;
    send(&bus).await;
    assert!(taken.load(Ordering::Relaxed) < TURNS, "{taken:?}");
    served.notify_one();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pool_that_is_closed_gets_back_what_was_kept() {
    let database = TestDatabase::new().await;
    let (pool, _) = pool(&database, 3).await;
    let bus = Bus::new(pool.clone());
    send(&bus).await;
    soon(pool.close()).await;
    debit(Does::Succeed).send(&bus).await.unwrap_err();
}

/// Tearing down a program may drop the bus last.
#[tokio::test]
async fn a_bus_is_dropped_without_a_runtime() {
    let database = TestDatabase::new().await;
    let dropped = thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bus = runtime.block_on(async {
            let (pool, _) = pool(&database, 5).await;
            let bus = Bus::new(pool);
            handle(&bus, &database).await;
            send(&bus).await;
            bus
        });
        drop(runtime);
        drop(bus);
    });
    spawn_blocking(move || dropped.join()).await.unwrap().unwrap();
}
