use commandbus::store::postgres::{MigrateError, migrate};
use commandbus_tests::TestDatabase;

use super::exists;
use crate::support::{ask, run};

#[tokio::test]
async fn a_pgmq_that_is_there_is_kept_with_its_queues() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    pgmq::install::install_sql_from_embedded(&pool).await.unwrap();
    run(&pool, "select pgmq.create('theirs'); select pgmq.send('theirs', '{\"n\": 1}')").await;
    let made: String = ask(&pool, "select max(xmin::text) from pg_class where oid = 'pgmq.meta'::regclass").await;

    migrate(&pool).await.unwrap();

    let read: i32 = ask(&pool, "select (message->>'n')::int from pgmq.read('theirs', 1, 1)").await;
    assert_eq!(read, 1);
    let now: String = ask(&pool, "select max(xmin::text) from pg_class where oid = 'pgmq.meta'::regclass").await;
    assert_eq!(now, made, "it was installed again");
}

#[tokio::test]
async fn a_pgmq_before_headers_is_refused_with_the_remedy() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    run(
        &pool,
        "create schema pgmq;
         create table pgmq.meta (queue_name text primary key);
         create function pgmq.send(queue_name text, msg jsonb, delay integer default 0) returns setof bigint
             language sql as 'select 1::bigint'",
    )
    .await;

    let error = migrate(&pool).await.unwrap_err();

    assert!(matches!(error, MigrateError::PgmqTooOld { .. }), "{error}");
    for expected in ["1.5", "alter extension pgmq update"] {
        assert!(error.to_string().contains(expected), "{expected} is missing in: {error}");
    }
    assert!(!exists(&pool, "commandbus.command").await);
}

#[tokio::test]
async fn a_role_that_may_not_install_pgmq_is_told_which_role_may() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    let role: String = ask(&pool, "select 'guest_of_' || current_database()").await;
    run(&pool, &format!("create role {role}")).await;
    let options = pool.connect_options().as_ref().clone().options([("role", role.as_str())]);
    let guest = sqlx::postgres::PgPoolOptions::new().connect_with(options).await.unwrap();

    let error = migrate(&guest).await.unwrap_err();
    guest.close().await;
    run(&pool, &format!("drop role {role}")).await;

    assert!(matches!(error, MigrateError::Pgmq { .. }), "{error}");
    assert!(error.to_string().contains("A role that may create schemas can"), "{error}");
    assert!(!exists(&pool, "pgmq.meta").await);
}
