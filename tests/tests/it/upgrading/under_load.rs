//! A migration while programs work: nobody waits for it in a circle, and nothing is lost or doubled.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

use commandbus::{prelude::*, store::postgres::migrate};
use commandbus_tests::{broken_rules, report};
use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, PgPool};

use super::{
    Old,
    living::{TRIPS, UPGRADE},
    newest,
    work::{Book, Fate::Succeeds, Life, Ship, Staff, Trip},
};
use crate::{
    house::assert_no_deadlock,
    support::{ask, run},
    time::until,
};

/// How many commands ended long ago: what a migration makes of tables takes its time.
const HISTORY: u32 = 50_000;

const SENDERS: usize = 4;

/// So many are sent before the migration begins, and so many when it is over.
const AROUND: u32 = 200;

/// Whether senders go on, what they sent, and the longest time that one of them waited.
#[derive(Default)]
struct Sent {
    is_over: AtomicBool,
    commands: AtomicU32,
    trips: AtomicU32,
}

async fn history(pool: &PgPool) {
    run(
        pool,
        &format!(
            "create table old_id as select gen_random_uuid() as id from generate_series(1, {HISTORY});
             insert into commandbus.command (domain, queue_name, command_id, command_type, status, attempts, max_attempts,
                                             delivery, correlation_id)
             select 'upgrade', 'upgrade__commands', id, 'Ship', 'COMPLETED', 1, 3, 1, id from old_id;
             insert into commandbus.audit (domain, command_id, event_type)
             select 'upgrade', id, event from old_id, unnest(array['SENT', 'RECEIVED', 'COMPLETED']) as event;
             drop table old_id"
        ),
    )
    .await;
}

/// Sends one after the other; the longest time that one took.
async fn send(bus: &Bus, sent: &Sent) -> Duration {
    let mut longest = Duration::ZERO;
    while !sent.is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        Ship { fate: Succeeds }.send(bus).await.unwrap();
        Book { fate: Succeeds }.send(bus).await.unwrap();
        longest = longest.max(begun.elapsed());
        if sent.commands.fetch_add(2, Ordering::Relaxed).is_multiple_of(20) {
            Trip::of(Succeeds, Succeeds, Succeeds).start(bus).await.unwrap();
            sent.trips.fetch_add(1, Ordering::Relaxed);
        }
    }
    longest
}

async fn everything_ended(pool: &PgPool) -> bool {
    ask(
        pool,
        "select not exists (select from commandbus.command where status <> 'COMPLETED')
            and not exists (select from commandbus.process where status <> 'COMPLETED')",
    )
    .await
}

/// Changes a database while programs work on it, and brings their work to its end. Says what that was like.
async fn change_under_load(old: Old, change: impl AsyncFnOnce(&Old)) -> String {
    let pool = &old.pool;
    run(pool, "create table booked (command_id uuid not null)").await;
    let bus = Bus::new(old.database.pool().await);
    bus.store().ensure_queues(&UPGRADE, &[]).await.unwrap();
    bus.store().ensure_queues(&TRIPS, &[TRIPS.process_replies_queue()]).await.unwrap();
    history(pool).await;
    let staff = Staff::at_work(&bus, Life::After);
    let sent = Sent::default();

    let senders = join_all((0..SENDERS).map(|_| send(&bus, &sent)));
    let changing = async {
        until(async || sent.commands.load(Ordering::Relaxed) >= AROUND).await;
        let begun = Instant::now();
        change(&old).await;
        let took = begun.elapsed();
        let then = sent.commands.load(Ordering::Relaxed);
        until(async || sent.commands.load(Ordering::Relaxed) >= then + AROUND).await;
        sent.is_over.store(true, Ordering::Relaxed);
        took
    };
    let (waited, took) = tokio::join!(senders, changing);
    until(async || everything_ended(pool).await).await;
    staff.stop().await;

    assert_eq!(broken_rules(pool, &[]).await.unwrap(), Vec::<String>::new());
    let (commands, trips) = (sent.commands.load(Ordering::Relaxed), sent.trips.load(Ordering::Relaxed));
    let there: i64 = ask(pool, "select count(*) from commandbus.command").await;
    assert_eq!(there, i64::from(HISTORY + commands + 4 * trips));
    let twice = "select count(*) from (select from booked group by command_id having count(*) > 1) as b";
    assert_eq!(ask::<i64>(pool, twice).await, 0);
    let retried = "select count(*) from commandbus.audit where event_type = 'FAILED'";
    assert_eq!(ask::<i64>(pool, retried).await, 0, "no transaction of a handler was aborted");
    drop(bus);
    assert_no_deadlock(old.database.url()).await;
    format!(
        "in {took:.2?} beside {HISTORY} old commands, while {commands} commands and {trips} processes were sent; a sender \
         waited {:.2?} at most",
        waited.into_iter().max().unwrap_or_default()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_under_load_loses_nothing_and_deadlocks_with_nobody() {
    let old = Old::of(super::OLDEST).await;
    old.pretend().await;
    let went = change_under_load(old, async |old| {
        old.own_up().await;
        migrate(&old.pool).await.unwrap();
        assert_eq!(ask::<i32>(&old.pool, "select max(version) from commandbus.schema_migrations").await, newest());
    });
    report(format_args!("migrated from version {} to {} {}", super::OLDEST, newest(), went.await));
}

/// What migrations of later releases have to do that alter several tables: take all of them before anything else, and give
/// up before anybody finds out that they wait for each other. Altered one after the other, in whatever order, they do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_taken_together_and_altered_under_load_deadlock_with_nobody() {
    const TABLES: &str = "commandbus.command, commandbus.process, commandbus.process_audit, commandbus.audit";
    let went = change_under_load(Old::of(newest()).await, async |old| {
        loop {
            let mut transaction = old.pool.begin().await.unwrap();
            let take = format!("set local lock_timeout = '100ms'; lock table {TABLES} in access exclusive mode");
            match sqlx::raw_sql(AssertSqlSafe(take)).execute(&mut *transaction).await {
                Ok(_) => {}
                Err(error) if error.as_database_error().is_some_and(|error| error.code() == Some("55P03".into())) => {
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            let alter =
                "alter table commandbus.command add column note text not null default '', add check (note <> 'x');
                         alter table commandbus.process add column note text;
                         alter table commandbus.process_audit add column note text;
                         create index on commandbus.audit (event_type, ts);
                         alter table commandbus.audit add column note text";
            sqlx::raw_sql(alter).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
            return;
        }
    });
    report(format_args!("altered {}", went.await));
}
