//! Connections that somebody left in a transaction, and what is written on them all the same.

use std::{future::Future, pin::pin, task::Poll, time::Duration};

use commandbus::{
    message::CommandId,
    prelude::*,
    store::{
        Token,
        postgres::{PostgresStore, with_release_check},
    },
};
use commandbus_tests::TestDatabase;
use sqlx::{PgPool, Row, postgres::PgPoolOptions, raw_sql};

use crate::{
    house::{Does, debit},
    support::LEASE,
    time::until,
};

/// The pool's one connection goes back to it in a transaction, as after a `begin` that was given up halfway, with sqlx 0.9.0.
async fn leave_open(pool: &PgPool, and: &'static str) {
    let mut connection = pool.acquire().await.unwrap();
    raw_sql("begin").execute(&mut *connection).await.unwrap();
    let _ = raw_sql(and).execute(&mut *connection).await;
    drop(connection);
    until_back(pool).await;
}

async fn until_back(pool: &PgPool) {
    until(async || pool.num_idle() == pool.size() as usize).await;
}

fn one() -> PgPoolOptions {
    PgPoolOptions::new().max_connections(1).test_before_acquire(false).acquire_timeout(Duration::from_secs(60))
}

/// Whether a statement on the pool is a transaction of its own, which begins when it does.
async fn is_at_rest(pool: &PgPool) -> bool {
    raw_sql("select now() = statement_timestamp()").fetch_one(pool).await.is_ok_and(|row| row.get(0))
}

async fn is_sent_and_committed(left: &'static str) {
    let database = TestDatabase::new().await;
    let pool = one().connect(database.url()).await.unwrap();
    let bus = Bus::new(pool.clone());
    debit(Does::Succeed).send(&bus).await.unwrap();
    leave_open(&pool, left).await;
    debit(Does::Succeed).send(&bus).await.unwrap();
    let committed: i64 =
        sqlx::query_scalar("select count(*) from commandbus.command").fetch_one(&database.pool().await).await.unwrap();
    assert_eq!(committed, 2, "what the bus calls sent is committed");
}

#[tokio::test]
async fn what_is_sent_is_committed_also_where_somebody_left_a_transaction_open() {
    is_sent_and_committed("select pg_current_xact_id()").await;
}

#[tokio::test]
async fn what_is_sent_is_committed_also_where_somebody_left_a_transaction_that_failed() {
    is_sent_and_committed("select 1 / 0").await;
}

#[tokio::test]
async fn a_pool_that_checks_what_it_gets_back_takes_no_open_transaction() {
    let database = TestDatabase::new().await;
    for left in ["select 1", "select 1 / 0"] {
        let pool = with_release_check(one()).connect(database.url()).await.unwrap();
        leave_open(&pool, left).await;
        assert!(is_at_rest(&pool).await, "{left}");
    }
}

#[tokio::test]
async fn a_transaction_that_is_given_up_while_it_begins_is_rolled_back() {
    let database = TestDatabase::new().await;
    let pool = one().connect(database.url()).await.unwrap();
    let store = PostgresStore::new(pool.clone());
    let token = Token { command_id: CommandId::new(), msg_id: 1, delivery: 1 };
    for polls in 1..=3 {
        {
            let mut begin = pin!(store.begin_handler(token, LEASE, None));
            for _ in 0..polls {
                if std::future::poll_fn(|context| Poll::Ready(begin.as_mut().poll(context))).await.is_ready() {
                    break;
                }
            }
        }
        until_back(&pool).await;
        assert!(is_at_rest(&pool).await, "after {polls} polls");
    }
}
