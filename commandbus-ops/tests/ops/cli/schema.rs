use commandbus_tests::TestDatabase;
use serde_json::json;

use crate::{
    cli::run_on,
    house::{House, complete},
};

#[tokio::test]
async fn a_database_is_migrated_and_domains_get_their_queues() {
    let database = TestDatabase::empty().await;
    let url = Some(database.url());
    let early = run_on(url, &["queues"]).await;
    assert_eq!(early.code, 3);
    assert!(early.err.contains("run `bus.migrate().await?` (or `commandbus migrate`) first"), "{}", early.err);
    let doctor = run_on(url, &["doctor"]).await;
    assert_eq!(doctor.code, 4);
    assert!(doctor.out.contains("schema: not there: run `commandbus migrate`"), "{}", doctor.out);
    assert!(!doctor.out.contains("No faults"), "{}", doctor.out);

    let wrong = run_on(url, &["migrate", "--domain", "No Domain"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert_eq!(run_on(url, &["queues"]).await.code, 3, "nothing was changed");
    let first = run_on(url, &["migrate", "--domain", "payments"]).await.done();
    assert!(first.starts_with("The schema was made") && first.contains("Queues are there for payments."), "{first}");
    let again = run_on(url, &["migrate", "--json"]).await;
    assert_eq!(again.json()["before"], again.json()["after"]);
    let queues = run_on(url, &["queues", "--json"]).await.json();
    assert_eq!(queues[0]["domain"], "payments");
}

#[tokio::test]
async fn the_sql_can_be_had_without_a_database() {
    let sql = run_on(None, &["migrate", "--dump-sql"]).await.done();
    assert!(sql.starts_with("-- V001__commandbus_schema") && sql.contains("commandbus.prune_commands"));
}

#[tokio::test]
async fn each_failure_has_its_exit_code() {
    let missing = run_on(None, &["queues"]).await;
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("which database?"), "{}", missing.err);
    let gone = run_on(Some("postgres://nobody@127.0.0.1:1/none"), &["queues", "--json"]).await;
    assert_eq!(gone.code, 3);
    let told: serde_json::Value = serde_json::from_str(&gone.err).unwrap();
    assert_eq!(told["exit_code"], 3);
    assert!(told["error"].as_str().unwrap().contains("cannot be reached"));
    assert_eq!(run_on(None, &["no-such-task"]).await.code, 2);
    let help = run_on(None, &["--help"]).await.done();
    assert!(help.contains("Exit codes:") && help.contains("130  interrupted"), "{help}");
    let completions = run_on(None, &["completions", "bash"]).await.done();
    assert!(completions.contains("_commandbus()"));
}

#[tokio::test]
async fn doctor_finds_faults_and_repairs_counts() {
    let house = House::new().await;
    let well = house.cli(&["doctor"]).await.done();
    assert!(well.starts_with("No faults were found."), "{well}");
    house.batch_of(2).await;
    house.settle(complete).await;
    house.batch_of(2).await;
    house.run("update commandbus.batch set completed_count = 1 where status = 'PENDING'").await;

    let ill = house.cli(&["doctor"]).await;
    assert_eq!(ill.code, 4);
    assert!(ill.out.contains("BATCH_MISCOUNTED"), "{}", ill.out);
    let repaired = house.ask(&["doctor", "--repair"]).await;
    assert_eq!((repaired["repaired"].as_array().unwrap().len(), &repaired["faults"]), (1, &json!([])));
}

#[tokio::test]
async fn what_is_over_is_pruned_after_a_dry_run() {
    let house = House::new().await;
    house.batch_of(3).await;
    house.settle(complete).await;
    assert_eq!(house.ask(&["prune", "--older-than", "1d"]).await["pruned"]["commands"], 0);
    let counted = house.ask(&["prune", "--older-than", "0s", "--dry-run"]).await;
    assert_eq!((&counted["dry_run"], &counted["pruned"]["commands"]), (&json!(true), &json!(3)));
    let table = house.cli(&["prune", "--older-than", "0s"]).await.done();
    assert!(table.contains("gone") && table.contains("batches"), "{table}");
    assert_eq!(house.ask(&["commands", "list"]).await["items"], json!([]));
    assert_eq!(house.cli(&["prune", "--older-than", "soon"]).await.code, 2);
}
