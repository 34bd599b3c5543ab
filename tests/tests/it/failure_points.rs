//! A fault between any two writes of a transition: nothing of it remains, and without the fault it succeeds.
//!
//! A trigger on every table counts the writes, statement by statement, and fails at the one that is asked for, as a full
//! disk does. [`transitions`] has a line for each transition; a procedure of the schema that writes and that none of them
//! calls makes the test fail.

mod commands;
mod elsewhere;
mod fault;
mod original;
mod outside;
mod processes;
mod senders;
mod transitions;

use std::{collections::BTreeSet, sync::Arc};

use commandbus::store::postgres::PostgresStore;
use commandbus_tests::report;
use futures_util::{StreamExt, stream};
use sqlx::{PgPool, postgres::PgPoolOptions};

use self::{
    fault::Faults,
    transitions::{TRANSITIONS, Transition},
};
use crate::{
    contract::{
        harness,
        world::{World, process::TRANSFERS},
    },
    support::column,
    time::until,
};

/// What each of them does at most; beyond it something goes round in circles.
const MOST_WRITES: i64 = 200;

/// Written without being a transition, or called by nobody but the procedures of a migration.
const NO_TRANSITION: &[&str] = &["make_roles", "renew_grants"];

/// Fails the transition at each of its writes, and lets it pass in the end. Returns how many there were, and the
/// procedures that it called.
async fn strike(transition: &Transition) -> (i64, Vec<String>) {
    let world = World::new(harness::postgres::start().await).await;
    // Queues are made when they are first needed, before the transition that needs them.
    world.store.ensure_queues(&TRANSFERS, &[]).await.unwrap();
    let act = (transition.prepare)(&world).await;
    let pool = world.store.as_postgres().expect("it is PostgreSQL").pool().clone();
    let faults = Faults::install(&pool).await;

    // Connections of its own, which alone count what is called.
    let options = pool.connect_options().as_ref().clone();
    let options = options.application_name("struck").options([("track_functions", "all")]);
    let struck = PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
    let store = Arc::new(PostgresStore::new(struck.clone()));
    let mut at = 1;
    loop {
        assert!(at < MOST_WRITES, "{}: it does not end", transition.name);
        faults.strike_at(at).await;
        let before = faults.everything().await;
        match act(Arc::clone(&store)).await {
            Ok(()) => break,
            Err(error) => assert!(error.contains("struck"), "{}, write {at}: {error}", transition.name),
        }
        // An error is told before the transaction is rolled back.
        until(async || is_none(&pool, "state <> 'idle'").await).await;
        let after = faults.everything().await;
        let differ = fault::difference(&before, &after);
        assert!(differ.is_empty(), "{}: half-done by a fault at write {at}: {differ:?}", transition.name);
        at += 1;
    }
    assert_eq!(faults.count().await, at - 1, "{}: it passed by the fault", transition.name);
    assert!(at > 1, "{}: it wrote nothing", transition.name);
    drop((act, store));
    struck.close().await;
    (at - 1, called(&pool).await)
}

/// Whether no connection of the transition is like that.
async fn is_none(pool: &PgPool, like: &str) -> bool {
    let open = format!(
        "select pid from pg_stat_activity
         where application_name = 'struck' and datname = current_database() and {like}"
    );
    column::<i32>(pool, &open).await.is_empty()
}

/// The procedures that were called, which is known when the connections have ended.
async fn called(pool: &PgPool) -> Vec<String> {
    until(async || is_none(pool, "true").await).await;
    let called = format!("select {} from pg_stat_user_functions where schemaname = 'commandbus'", named("funcname"));
    column(pool, &called).await
}

/// The names of procedures; those that are made for each queue have one name for all queues.
fn named(column: &str) -> String {
    format!("regexp_replace({column}::text, '^.*__(commands|process_replies)__', 'QUEUE__')")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_at_any_write_leaves_no_half_done_transition_and_every_procedure_is_struck() {
    let results: Vec<_> = stream::iter(TRANSITIONS)
        .map(|transition| async move { (transition.name, strike(transition).await) })
        .buffer_unordered(4)
        .collect()
        .await;
    let mut seen = BTreeSet::new();
    let mut faults = 0;
    for (name, (writes, called)) in results {
        assert!(writes > 0, "{name} writes nothing");
        faults += writes;
        seen.extend(called);
    }
    report(format_args!("{faults} faults in {} transitions, {} procedures", TRANSITIONS.len(), seen.len()));

    let world = World::new(harness::postgres::start().await).await;
    // What is stable or immutable cannot write.
    let writers = format!(
        "select distinct {} from pg_proc
         where pronamespace = 'commandbus'::regnamespace and provolatile = 'v' order by 1",
        named("proname"),
    );
    let pool = world.store.as_postgres().expect("it is PostgreSQL").pool().clone();
    let mut missed: Vec<String> = column(&pool, &writers).await;
    missed.retain(|name| !seen.contains(name) && !NO_TRANSITION.contains(&name.as_str()));
    assert_eq!(missed, Vec::<String>::new(), "no line of `transitions` calls these");
}

/// The trigger itself: a write of each kind to each table is struck.
#[tokio::test]
async fn no_write_passes_by_the_fault() {
    let world = World::new(harness::postgres::start().await).await;
    let pool = world.store.as_postgres().expect("it is PostgreSQL").pool().clone();
    let faults = Faults::install(&pool).await;
    let tables: Vec<String> = column(&pool, fault::TABLES).await;
    assert!(tables.len() > 20, "{tables:?}");
    for table in tables {
        for write in ["delete from", "truncate"] {
            faults.strike_at(1).await;
            let sql = format!("{write} {table} {}", if write == "truncate" { "cascade" } else { "" });
            let error = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap_err();
            assert!(error.to_string().contains("struck"), "{write} {table}: {error}");
        }
    }
}
