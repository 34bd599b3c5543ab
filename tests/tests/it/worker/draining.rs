//! Many commands through the whole engine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use commandbus::{
    bus::CommandExt,
    handlers,
    message::CommandStatus,
    prelude::*,
    store::{CommandFilter, Page},
};

use crate::{house::AtWork, time::until, worker::House};

#[command(domain = "counting")]
#[derive(Clone, Serialize, Deserialize)]
struct Count {
    n: u32,
}

#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

#[handler]
async fn count(_: Count, State(Counter(counter)): State<Counter>) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_is_drained_and_each_runs_once() {
    const MANY: usize = 5_000;
    let house = House::new("counting").await;
    house.bus.send_many((0..MANY as u32).map(|n| Count { n })).await.unwrap();
    let counter = Counter::default();
    let worker = AtWork::start(house.worker(handlers![count]).provide(counter.clone()));
    until(async || counter.0.load(Ordering::Relaxed) >= MANY).await;
    worker.stop().await;
    assert_eq!(counter.0.load(Ordering::Relaxed), MANY);
    let mut filter = CommandFilter::default();
    filter.domain = Some(house.domain.clone());
    let commands = house.bus.store().commands(&filter, Page::first(MANY as u32 + 1)).await.unwrap();
    assert_eq!(commands.len(), MANY);
    assert!(commands.iter().all(|command| command.status == CommandStatus::Completed && command.attempts == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_is_woken() {
    let house = House::new("counting").await;
    let counter = Counter::default();
    // Without a wake-up it would take a minute.
    let worker = house.worker(handlers![count]).provide(counter.clone()).poll_interval(Duration::from_secs(60));
    let worker = AtWork::start(worker);
    for sent in 1..=3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Count { n: 1 }.send(&house.bus).await.unwrap();
        until(async || counter.0.load(Ordering::Relaxed) == sent).await;
    }
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_lose_no_command() {
    const MANY: usize = 2_000;
    let house = House::new("counting").await;
    house.bus.send_many((0..MANY as u32).map(|n| Count { n })).await.unwrap();
    let counter = Counter::default();
    let worker = house.worker(handlers![count]).provide(counter.clone()).lease(Duration::from_secs(2));
    let worker = AtWork::start(worker);
    for share in 1..=4 {
        until(async || counter.0.load(Ordering::Relaxed) >= MANY * share / 5).await;
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid()";
        // The connection that asks may be cut by what it asked for before.
        let _ = sqlx::query(cut).execute(&house.pool).await;
    }
    until(async || {
        let counted = "select count(*) from commandbus.command where status = 'COMPLETED'";
        sqlx::query_scalar::<_, i64>(counted).fetch_one(&house.pool).await.is_ok_and(|done| done == MANY as i64)
    })
    .await;
    worker.stop().await;
}
