use std::time::Duration;

use commandbus::error::StoreError;
use commandbus::message::{BatchId, CommandId};
use commandbus::store::postgres::{MigrateError, PostgresStore, migrate};
use commandbus::store::{CommandFilter, Page, ParkedFilter, Store};
use commandbus_tests::TestDatabase;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::support::{LEASE, PAYMENTS, by_operator, debit, new_batch, run};

/// What a new store on `pool` says to each kind of call that may come first.
async fn refusals(pool: &PgPool) -> Vec<(&'static str, StoreError)> {
    let store = || PostgresStore::new(pool.clone());
    let commands = [debit(3)];
    let id = CommandId::new();
    let operator = by_operator(id, commandbus::store::OperatorVerb::Cancel);
    vec![
        ("ensure_queues", store().ensure_queues(&PAYMENTS, &[]).await.unwrap_err()),
        ("send", store().send(&PAYMENTS, &commands).await.unwrap_err()),
        ("send_all", store().send_all(&PAYMENTS, &commands).await.unwrap_err()),
        ("begin_batch", store().begin_batch(new_batch(None)).await.map(drop).unwrap_err()),
        ("receive", store().receive(&PAYMENTS, 1, LEASE).await.unwrap_err()),
        ("fold_batches", store().fold_batches(&PAYMENTS).await.unwrap_err()),
        ("cancel", store().cancel(&PAYMENTS, &[id], "ann", "why").await.unwrap_err()),
        ("cancel_rest", store().cancel_rest(&PAYMENTS, BatchId::new(), "ann", "why").await.unwrap_err()),
        ("resolve", store().resolve(&PAYMENTS, &[operator]).await.unwrap_err()),
        ("set_paused", store().set_paused(&PAYMENTS, None, true, "olivia", None).await.unwrap_err()),
        ("command", store().command(&PAYMENTS, id).await.unwrap_err()),
        ("commands", store().commands(&CommandFilter::default(), Page::first(1)).await.unwrap_err()),
        ("replies", store().replies(&PAYMENTS, &[id]).await.unwrap_err()),
        ("audit", store().audit(&PAYMENTS, id.as_uuid()).await.unwrap_err()),
        ("batches", store().batches(&PAYMENTS, &[BatchId::new()]).await.unwrap_err()),
        ("parked", store().parked(&ParkedFilter::default(), Page::first(1)).await.unwrap_err()),
        ("count_parked", store().count_parked(&ParkedFilter::default()).await.unwrap_err()),
        ("parked_groups", store().parked_groups(&ParkedFilter::default()).await.unwrap_err()),
    ]
}

#[tokio::test]
async fn a_database_without_the_schema_says_to_migrate() {
    let database = TestDatabase::empty().await;

    for (call, error) in refusals(&database.pool().await).await {
        assert!(matches!(error, StoreError::SchemaMissing), "{call}: {error}");
        assert!(error.to_string().contains("bus.migrate()"), "{error}");
    }
}

#[tokio::test]
async fn an_older_schema_says_to_migrate() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    run(
        &pool,
        "delete from commandbus.schema_migrations
                where version = (select max(version) from commandbus.schema_migrations)",
    )
    .await;

    for (call, error) in refusals(&pool).await {
        let StoreError::SchemaTooOld { found, needed } = error else { panic!("{call}: {error}") };
        assert_eq!(found + 1, needed, "{call}");
        assert!(error.to_string().contains("bus.migrate()"), "{error}");
    }

    migrate(&pool).await.unwrap();
    PostgresStore::new(pool).send(&PAYMENTS, &[debit(3)]).await.unwrap();
}

#[tokio::test]
async fn a_schema_newer_than_the_library_is_refused_by_every_call_and_left_alone() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    run(&pool, "insert into commandbus.schema_migrations (version, name) values (9999, 'from_the_future')").await;
    let before = super::description(&pool).await;

    for (call, error) in refusals(&pool).await {
        assert!(matches!(error, StoreError::SchemaTooNew { found: 9999, .. }), "{call}: {error}");
        assert!(error.to_string().contains("update the `commandbus` dependency"), "{error}");
    }
    let error = migrate(&pool).await.unwrap_err();
    assert!(matches!(error, MigrateError::Store(StoreError::SchemaTooNew { found: 9999, .. })), "{error}");
    assert_eq!(super::description(&pool).await, before);
}

#[tokio::test]
async fn a_newer_schema_that_says_so_is_worked_with_and_left_alone() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    // The newest of several says how far back all of them reach.
    run(
        &pool,
        "insert into commandbus.schema_migrations (version, name, compatible_with)
         select max(version) + 1, 'from_the_future', null from commandbus.schema_migrations;
         insert into commandbus.schema_migrations (version, name, compatible_with)
         select max(version) + 1, 'from_a_later_future', max(version) - 1 from commandbus.schema_migrations",
    )
    .await;
    let before = super::description(&pool).await;

    migrate(&pool).await.unwrap();
    assert_eq!(super::description(&pool).await, before);
    let store = PostgresStore::new(pool.clone());
    store.ensure_queues(&PAYMENTS, &[]).await.unwrap();
    store.send(&PAYMENTS, &[debit(3)]).await.unwrap();

    run(&pool, "update commandbus.schema_migrations set compatible_with = version where name = 'from_a_later_future'")
        .await;
    let error = PostgresStore::new(pool.clone()).send(&PAYMENTS, &[debit(3)]).await.unwrap_err();
    assert!(matches!(error, StoreError::SchemaTooNew { .. }), "{error}");
    let error = migrate(&pool).await.unwrap_err();
    assert!(matches!(error, MigrateError::Store(StoreError::SchemaTooNew { .. })), "{error}");
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_said_to_be_so() {
    let nobody = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(50))
        .connect_lazy("postgres://nobody@127.0.0.1:1/nothing")
        .unwrap();

    for (call, error) in refusals(&nobody).await {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{call}: {error}");
        assert!(error.is_transient(), "{call}");
    }
    let error = migrate(&nobody).await.unwrap_err();
    assert!(matches!(error, MigrateError::Store(StoreError::Unreachable { .. })), "{error}");
}
