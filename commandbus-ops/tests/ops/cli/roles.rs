//! The roles of the database, and the program with little rights.

use uuid::Uuid;

use super::run_on;
use crate::house::{House, park};

/// The URL of the database for somebody who has just been made a member of a role, and their name.
async fn login(house: &House, group: &str) -> (String, String) {
    let name = format!("commandbus_test_{}", Uuid::now_v7().simple());
    let made = format!("create role {name} login password 'secret'; grant {group} to {name}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(made)).execute(&house.pool).await.unwrap();
    let mut url = url::Url::parse(house.database.url()).unwrap();
    url.set_username(&name).unwrap();
    url.set_password(Some("secret")).unwrap();
    (url.into(), name)
}

#[tokio::test]
async fn roles_are_made_and_each_does_what_it_may() {
    let house = House::new().await;
    let parked_id = house.parked(1, "BANK_DOWN").await[0];
    let parked = parked_id.to_string();
    house.bus.system().ensure_queues(&commandbus::message::Domain::from_static("billing")).await.unwrap();
    let made = house.cli(&["roles", "--domain", "payments"]).await.done();
    assert!(made.contains("roles were made") && made.contains("commandbus_send_payments"), "{made}");
    let again = house.cli(&["roles", "--domain", "payments"]).await.done();
    assert!(again.starts_with("0 roles were made"), "{again}");
    let printed = house.cli(&["roles", "--domain", "payments", "--dump-sql"]).await.done();
    assert!(printed.lines().all(|line| line.starts_with("grant ") && line.ends_with(';')), "{printed}");
    assert_eq!(house.cli(&["roles", "--domain", "No Domain"]).await.code, 2);

    let (sender, first) = login(&house, "commandbus_send_payments").await;
    let (operator, second) = login(&house, "commandbus_operator").await;
    let (reader, third) = login(&house, "commandbus_reader").await;
    let send = |domain| ["send", "--domain", domain, "--type", "Debit", "--data", "{}"];
    assert_eq!(run_on(Some(&sender), &send("payments")).await.code, 0);
    let elsewhere = run_on(Some(&sender), &send("billing")).await;
    assert_eq!(elsewhere.code, 1);
    assert!(elsewhere.err.contains("grant commandbus_send_billing to"), "{}", elsewhere.err);

    let listed = run_on(Some(&reader), &["commands", "list"]).await.done();
    assert!(listed.contains(&parked), "{listed}");
    let retried = run_on(Some(&reader), &["tsq", "retry", &parked]).await;
    assert_eq!((retried.code, house.status(parked_id).await.as_str()), (1, "IN_TROUBLESHOOTING_QUEUE"), "{retried:?}");
    for arguments in [&["domains", "pause", "payments"][..], &["roles"]] {
        let refused = run_on(Some(&reader), arguments).await;
        assert_eq!(refused.code, 1, "{arguments:?}: {refused:?}");
        assert!(refused.err.contains("may not do that"), "{arguments:?}: {}", refused.err);
    }
    run_on(Some(&operator), &["tsq", "retry", &parked]).await.done();
    run_on(Some(&operator), &["domains", "pause", "payments"]).await.done();
    run_on(Some(&operator), &["domains", "resume", "payments"]).await.done();
    house.settle(|| park("BANK_DOWN")).await;
    let canceled = run_on(Some(&operator), &["tsq", "cancel", &parked, "--reason", "not needed"]).await;
    assert_eq!(canceled.code, 0, "{canceled:?}");
    for arguments in [&["prune", "--older-than", "30d"][..], &["migrate", "--domain", "new_domain"]] {
        assert_ne!(run_on(Some(&operator), arguments).await.code, 0, "{arguments:?}");
    }
    for name in [first, second, third] {
        let drop = format!("drop owned by {name}; drop role {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&house.pool).await.unwrap();
    }
}
