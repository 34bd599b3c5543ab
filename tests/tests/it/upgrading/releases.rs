//! What each release left in its databases.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use commandbus::store::postgres::migration_sql;
use commandbus_tests::TestDatabase;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};

use super::{Old, going_on, living, newest};
use crate::support::{column, run};

/// The first line of a file; a line for each row follows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    schema_version: i32,
    /// The files of the schema, and their MD5.
    files: BTreeMap<String, String>,
    sequences: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    table: String,
    row: Value,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file_of(release: &str) -> PathBuf {
    root().join(format!("tests/fixtures/releases/{release}.jsonl"))
}

/// The versions that `CHANGELOG.md` lists.
fn released(changelog: &str) -> Vec<&str> {
    let heading = |line: &'_ str| -> Option<std::ops::Range<usize>> {
        let title = line.strip_prefix("## ")?.trim_start_matches('[');
        let start = line.len() - title.len();
        let length = title.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(title.len());
        (length > 0).then_some(start..start + length)
    };
    changelog.lines().filter_map(|line| heading(line).map(|found| &line[found])).collect()
}

async fn files_until(pool: &PgPool, version: i32) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (name, sql) in migration_sql().take(version.try_into().unwrap()) {
        let sum = sqlx::query_scalar("select md5($1)").bind(sql).fetch_one(pool).await.unwrap();
        files.insert(name.to_owned(), sum);
    }
    files
}

/// Everything that a database holds.
async fn taken(pool: &PgPool) -> (Head, Vec<Row>) {
    let tables: Vec<String> = column(
        pool,
        "select c.oid::regclass::text from pg_class c
         where c.relkind = 'r' and c.relname not in ('schema_migrations', '__pgmq_migrations')
           and c.relnamespace in ('commandbus'::regnamespace, 'pgmq'::regnamespace, 'public'::regnamespace)
         order by 1",
    )
    .await;
    let mut rows = Vec::new();
    for table in tables {
        let of_table: Vec<Value> = column(pool, &format!("select to_jsonb(t) from {table} as t")).await;
        rows.extend(of_table.into_iter().map(|row| Row { table: table.clone(), row }));
    }
    let sequences: Vec<(String, i64)> = sqlx::query_as(
        "select format('%I.%I', schemaname, sequencename), last_value from pg_sequences
         where schemaname in ('commandbus', 'pgmq') and last_value is not null",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let schema_version = newest();
    let files = files_until(pool, schema_version).await;
    (Head { schema_version, files, sequences: sequences.into_iter().collect() }, rows)
}

/// Puts it into a database whose schema is of the same version.
async fn put(pool: &PgPool, head: &Head, rows: Vec<Row>) {
    run(pool, "create table if not exists booked (command_id uuid not null)").await;
    let mut tables: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows {
        tables.entry(row.table).or_default().push(row.row);
    }
    for queue in tables.get("pgmq.meta").into_iter().flatten() {
        let name = queue["queue_name"].as_str().expect("a queue has a name");
        run(pool, &format!("select commandbus.ensure_queue('{name}')")).await;
    }
    for (table, rows) in tables {
        let insert = format!(
            "insert into {table} overriding system value
             select * from jsonb_populate_recordset(null::{table}, $1) on conflict do nothing"
        );
        sqlx::query(AssertSqlSafe(insert)).bind(Value::Array(rows)).execute(pool).await.unwrap();
    }
    for (sequence, last) in &head.sequences {
        run(pool, &format!("select setval('{sequence}', {last})")).await;
    }
}

fn write(release: &str, head: &Head, rows: &[Row]) {
    let mut text = serde_json::to_string(head).unwrap() + "\n";
    for row in rows {
        text += &(serde_json::to_string(row).unwrap() + "\n");
    }
    fs::create_dir_all(file_of(release).parent().unwrap()).unwrap();
    fs::write(file_of(release), text).unwrap();
}

fn read(file: &Path) -> (Head, Vec<Row>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut lines = text.lines();
    let head = serde_json::from_str(lines.next().expect("the head")).unwrap();
    (head, lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The files there are, by their release.
fn there() -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(root().join("tests/fixtures/releases")).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_release_leaves_can_be_taken_and_put_elsewhere() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    living::live(&pool, newest()).await;
    going_on::assert_in_every_state(&pool).await;

    let (head, rows) = taken(&pool).await;
    if std::env::var_os("RELEASE_DATA").is_some_and(|wish| wish == "overwrite") {
        write(env!("CARGO_PKG_VERSION"), &head, &rows);
    }

    let elsewhere = TestDatabase::new().await;
    let copy = elsewhere.pool().await;
    put(&copy, &head, rows).await;
    let sorted = |(head, rows): (Head, Vec<Row>)| {
        let mut rows: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
        rows.sort();
        (head, rows)
    };
    // Only when they were made is another time.
    let without_times = |(head, rows): (Head, Vec<String>)| {
        (head, rows.into_iter().filter(|row| !row.contains("\"pgmq.meta\"")).collect::<Vec<_>>())
    };
    assert_eq!(without_times(sorted(taken(&copy).await)), without_times(sorted(taken(&pool).await)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_of_today_go_on_with_what_each_release_left() {
    let files = there();
    assert!(!files.is_empty());
    for (release, file) in files {
        let (head, rows) = read(&file);
        let old = Old::of(head.schema_version).await;
        put(&old.pool, &head, rows).await;
        going_on::check(&format!("release {release}"), &old.pool).await;
    }
}

/// What is wrong with the releases that a changelog lists.
async fn faults(changelog: &str) -> Vec<String> {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let there = there();
    let mut faults = Vec::new();
    for release in released(changelog) {
        let Some(file) = there.get(release) else {
            faults.push(format!("{release} has left no data: take it with RELEASE_DATA=overwrite"));
            continue;
        };
        let (head, _) = read(file);
        if files_until(&pool, head.schema_version).await != head.files {
            faults.push(format!("{release}: a file of its schema was edited; add another one instead"));
        }
    }
    faults
}

#[tokio::test]
async fn every_release_has_left_its_data_and_its_files_are_as_they_were() {
    let changelog = fs::read_to_string(root().join("../CHANGELOG.md")).unwrap();
    assert_eq!(faults(&changelog).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_release_without_data_is_found() {
    let changelog = "# Changelog\n## Unreleased\n### Added\n## [99.2.0] - 2027-01-01\n- it\n## 99.1.0 (2026-12-01)\n";
    assert_eq!(released(changelog), ["99.2.0", "99.1.0"]);
    assert_eq!(faults(changelog).await.len(), 2);
}
