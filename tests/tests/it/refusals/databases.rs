//! Databases that cannot be worked with: out of reach, without the schema, with a newer or an older one.

use std::{error::Error, time::Duration};

use commandbus::{
    bus::{BatchError, SendError},
    error::StoreError,
    message::{BatchId, CommandId},
    prelude::*,
    store::{Page, ParkedFilter},
};
use commandbus_tests::TestDatabase;
use sqlx::postgres::PgPoolOptions;

use crate::{
    house::{self, DebitAccount, Does::Succeed, House, Stage, debit},
    support::{PAYMENTS, ask, run},
    time::soon,
};

/// A socket that nobody listens on.
const NOWHERE: &str = "postgres://nobody@localhost/nothing?host=/nowhere";

fn is_told_of_reach(refused: &dyn Error) {
    let text = refused.to_string();
    assert!(text.starts_with("the database cannot be reached: "), "{text}");
    assert!(text.ends_with("Is it running, and is the URL right?"), "{text}");
}

#[tokio::test]
async fn a_database_out_of_reach_is_told_at_once_when_connecting() {
    for url in [NOWHERE, "postgres://localhost:1/nothing", "mysql://localhost/nothing", "not a url"] {
        let refused = soon(Bus::connect(url)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unreachable { .. }), "{url}: {refused}");
        is_told_of_reach(&refused);
    }
}

#[tokio::test]
async fn a_database_out_of_reach_is_told_by_everything_that_needs_it() {
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(200)).connect_lazy(NOWHERE).unwrap();
    let bus = Bus::new(pool);

    let send = debit(Succeed).send(&bus).await.unwrap_err();
    assert!(matches!(send, SendError::Store(StoreError::Unreachable { .. })), "{send:?}");
    is_told_of_reach(&send);
    is_told_of_reach(&bus.send_many([debit(Succeed)]).await.unwrap_err().source);
    is_told_of_reach(&DebitAccount::batch("Monthly").push(debit(Succeed)).send(&bus).await.unwrap_err());
    is_told_of_reach(&bus.batch(&PAYMENTS, BatchId::new()).await.unwrap_err());
    is_told_of_reach(&bus.troubleshooting().count(&ParkedFilter::default()).await.unwrap_err());
    let migrate = bus.migrate().await.unwrap_err().to_string();
    assert!(migrate.starts_with("migrating: the database cannot be reached: "), "{migrate}");
}

const SCHEMA_MISSING: &str =
    "the database has no commandbus schema: run `bus.migrate().await?` (or `commandbus migrate`) first";

#[tokio::test]
async fn a_database_without_the_schema_is_told_by_everything_that_needs_it() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    let bus = Bus::new(pool.clone());
    let command = CommandId::new();
    let batch = DebitAccount::batch("Monthly").push(debit(Succeed));
    let chosen = DebitAccount::batch("Monthly").push(debit(Succeed)).id(BatchId::new());
    let operator = bus.troubleshooting().by("alice");
    let mut transaction = pool.begin().await.unwrap();

    let refusals: Vec<Box<dyn Error>> = vec![
        Box::new(debit(Succeed).send(&bus).await.unwrap_err()),
        Box::new(debit(Succeed).send(&bus).within(&mut transaction).await.unwrap_err()),
        Box::new(bus.send_many([debit(Succeed)]).await.unwrap_err().source),
        Box::new(batch.send(&bus).await.unwrap_err()),
        Box::new(chosen.send(&bus).await.unwrap_err()),
        Box::new(bus.batch(&PAYMENTS, BatchId::new()).await.unwrap_err()),
        Box::new(bus.commands().get(&PAYMENTS, command).await.unwrap_err()),
        Box::new(bus.commands().cancel(&PAYMENTS, command, "alice", "no need").await.unwrap_err()),
        Box::new(bus.troubleshooting().list(&ParkedFilter::default(), Page::first(1)).await.unwrap_err()),
        Box::new(bus.troubleshooting().count(&ParkedFilter::default()).await.unwrap_err()),
        Box::new(operator.retry(&PAYMENTS, command).await.unwrap_err()),
        Box::new(bus.audit().of_command(&PAYMENTS, command).await.unwrap_err()),
    ];
    for (number, refused) in refusals.iter().enumerate() {
        assert_eq!(refused.to_string(), SCHEMA_MISSING, "number {number}");
    }
    let ended = soon(house::worker(&bus, &Stage::new()).build().unwrap().run()).await.unwrap_err();
    assert_eq!(ended.to_string(), format!("the worker cannot start: {SCHEMA_MISSING}"));
    transaction.rollback().await.unwrap();
    let nothing: bool =
        ask(&pool, "select to_regnamespace('commandbus') is null and to_regnamespace('pgmq') is null").await;
    assert!(nothing, "nobody but the migration makes schemas");

    // And what is told helps.
    bus.migrate().await.unwrap();
    debit(Succeed).send(&bus).await.unwrap();
}

/// Asserts that a schema of a version is refused with this text, by a bus that meets it for the first time.
async fn is_refused(house: &House, expected: &str) {
    let bus = house.another_bus().await;
    let send = debit(Succeed).send(&bus).await.unwrap_err();
    assert_eq!(send.to_string(), expected);
    let many = bus.send_many([debit(Succeed)]).await.unwrap_err();
    assert_eq!(many.source.to_string(), expected);
    let batch = DebitAccount::batch("Monthly").push(debit(Succeed)).send(&bus).await.unwrap_err();
    assert!(matches!(batch, BatchError::Store(_)));
    assert_eq!(batch.to_string(), expected);
    let worker = house.worker_on(&bus).build().unwrap();
    let ended = soon(worker.run()).await.unwrap_err();
    assert_eq!(ended.to_string(), format!("the worker cannot start: {expected}"));
    assert_eq!(house.tables().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_schema_newer_than_the_library_is_refused() {
    let house = House::new().await;
    let known: i32 = house.ask("select max(version) from commandbus.schema_migrations").await;
    run(&house.pool, "insert into commandbus.schema_migrations values (999, 'from_the_future')").await;
    let expected = format!(
        "the commandbus schema is at version 999, but this library knows only {known}: update the `commandbus` dependency \
         of this program"
    );
    is_refused(&house, &expected).await;
    let migrate = house.bus.migrate().await.unwrap_err();
    assert_eq!(migrate.to_string(), format!("migrating: {expected}"));
}

#[tokio::test]
async fn a_schema_older_than_the_library_is_refused_until_it_is_migrated() {
    let house = House::new().await;
    let needed: i32 = house.ask("select max(version) from commandbus.schema_migrations").await;
    run(&house.pool, &format!("delete from commandbus.schema_migrations where version = {needed}")).await;
    let found = needed - 1;
    let expected = format!(
        "the commandbus schema is at version {found}, but this library needs {needed}: run `bus.migrate().await?` (or \
         `commandbus migrate`) first"
    );
    is_refused(&house, &expected).await;

    house.bus.migrate().await.unwrap();
    debit(Succeed).send(&house.another_bus().await).await.unwrap();
}
