use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use commandbus::embedded::{Durability, EmbeddedError, EmbeddedPostgres};
use sqlx::{Connection, PgConnection};

use super::OWNER;
use super::traces::Traces;

async fn show(url: &str, setting: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let value =
        sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    value
}

#[tokio::test]
async fn it_answers_and_stop_leaves_nothing() {
    let postgres = EmbeddedPostgres::start().await.unwrap();
    let traces = Traces::of(postgres.directory());

    assert_eq!(show(postgres.url(), "fsync").await, "on");
    assert_eq!(show(postgres.url(), "synchronous_commit").await, "on");
    assert_eq!(show(postgres.url(), "max_connections").await, "200");
    assert_eq!(show(postgres.url(), "server_encoding").await, "UTF8");
    assert_eq!(show(postgres.url(), "listen_addresses").await, "");

    postgres.stop().await.unwrap();
    assert!(traces.are_gone());
}

#[tokio::test]
async fn options_reach_the_server() {
    let postgres = EmbeddedPostgres::builder()
        .durability(Durability::Relaxed)
        .max_connections(17)
        .setting("work_mem", "5MB")
        .setting("cluster_name", "it's a 'name'")
        .start()
        .await
        .unwrap();
    let url = postgres.url_for("postgres");

    assert_eq!(show(&url, "fsync").await, "off");
    assert_eq!(show(&url, "max_connections").await, "17");
    assert_eq!(show(&url, "work_mem").await, "5MB");
    assert_eq!(show(&url, "cluster_name").await, "it's a 'name'");
}

#[tokio::test]
async fn a_failed_start_tells_why_and_leaves_nothing() {
    let error = EmbeddedPostgres::builder().setting("no_such_setting", "1").start().await.unwrap_err();

    let EmbeddedError::Start { log } = error else {
        panic!("unexpected: {error}");
    };
    assert!(log.contains("no_such_setting"), "{log}");
}

#[tokio::test]
async fn without_binaries_it_names_the_ways_out() {
    let error = EmbeddedPostgres::builder().search(["/nonexistent/bin"]).start().await.unwrap_err();

    assert!(matches!(error, EmbeddedError::NoBinaries { .. }));
    let text = error.to_string();
    for expected in ["/nonexistent/bin", "DATABASE_URL", "apt-get install postgresql"] {
        assert!(text.contains(expected), "{expected} is missing in: {text}");
    }
}

#[test]
fn database_url_wins() {
    // Port 1 answers nobody: an external server is taken as it is.
    let given = "postgres://someone@127.0.0.1:1/theirs";
    let mut owner = Command::new(OWNER)
        .env("DATABASE_URL", given)
        .env("PATH", "/nonexistent")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(owner.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();

    assert_eq!(url.trim_end(), given);
}
