use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use commandbus::store::postgres::{MigrateError, migrate};
use commandbus_tests::TestDatabase;
use sqlx::PgPool;

use super::{description, exists};
use crate::support::{ask, run};

/// The folder as Flyway or psql would be handed it: the SQL of its files in order.
fn folder() -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    assert!(files.len() > 1, "{files:?}");
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

async fn template() -> Vec<String> {
    description(&TestDatabase::new().await.pool().await).await
}

#[tokio::test]
async fn s046_an_empty_database_gets_the_schema_and_pgmq() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;

    migrate(&pool).await.unwrap();

    assert!(exists(&pool, "commandbus.command").await);
    assert!(exists(&pool, "pgmq.meta").await);
    run(&pool, "select pgmq.create('q'); select pgmq.send('q', '{}')").await;
}

#[tokio::test]
async fn s046_a_second_migration_finds_nothing_to_do() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    migrate(&pool).await.unwrap();
    let once = description(&pool).await;
    let applied: String = ask(&pool, "select string_agg(m::text, ';') from commandbus.schema_migrations m").await;

    migrate(&pool).await.unwrap();

    assert_eq!(description(&pool).await, once);
    let again: String = ask(&pool, "select string_agg(m::text, ';') from commandbus.schema_migrations m").await;
    assert_eq!(again, applied, "versions were recorded again");
}

#[tokio::test]
async fn a_pool_of_one_connection_is_enough_to_migrate() {
    let database = TestDatabase::empty().await;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(database.url()).await.unwrap();
    let held = pool.acquire().await.unwrap();

    migrate(&pool).await.unwrap();

    drop(held);
    assert!(exists(&pool, "commandbus.command").await);
}

#[tokio::test]
async fn ten_processes_may_migrate_at_once() {
    let database = TestDatabase::empty().await;
    let mut processes: Vec<Child> = (0..10)
        .map(|_| {
            Command::new(env!("CARGO_BIN_EXE_migrator"))
                .env("DATABASE_URL", database.url())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for process in &mut processes {
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
    }
    for process in &mut processes {
        process.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(description(&database.pool().await).await, template().await);
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    run(&pool, "create schema commandbus; create table commandbus.result (not_ours int)").await;

    let error = migrate(&pool).await.unwrap_err();

    assert!(matches!(error, MigrateError::Failed { name: "V004__deliveries_and_side_tables", .. }), "{error}");
    assert!(error.to_string().contains("nothing was changed"), "{error}");
    let relations: i64 =
        ask(&pool, "select count(*) from pg_class where relnamespace = 'commandbus'::regnamespace").await;
    assert_eq!(relations, 1, "something was kept");

    run(&pool, "drop table commandbus.result").await;
    migrate(&pool).await.unwrap();
    assert_eq!(description(&pool).await, template().await);
}

#[tokio::test]
async fn nothing_lands_in_the_migrations_table_of_the_application() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;
    migrate(&pool).await.unwrap();

    let tables: i64 = ask(&pool, "select count(*) from pg_class where relname = '_sqlx_migrations'").await;
    assert_eq!(tables, 0);
}

async fn run_folder(pool: &PgPool) {
    for sql in folder() {
        run(pool, &sql).await;
    }
}

#[tokio::test]
async fn the_folder_run_by_another_tool_makes_the_same_schema_also_twice() {
    let database = TestDatabase::empty().await;
    let pool = database.pool().await;

    run_folder(&pool).await;
    assert_eq!(description(&pool).await, template().await);
    run_folder(&pool).await;
    assert_eq!(description(&pool).await, template().await);

    migrate(&pool).await.unwrap();
    assert_eq!(description(&pool).await, template().await);
    assert!(exists(&pool, "pgmq.meta").await);
}
