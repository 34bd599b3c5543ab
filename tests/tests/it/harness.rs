//! The harness itself: databases are copies of the template and apart from each other.

use commandbus_tests::TestDatabase;

#[tokio::test]
async fn a_database_is_a_copy_of_the_template() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    let prepared: bool =
        sqlx::query_scalar("select to_regclass('commandbus.command') is not null").fetch_one(&pool).await.unwrap();
    assert!(prepared);
}

#[tokio::test]
async fn databases_are_apart() {
    let (one, other) = tokio::join!(TestDatabase::new(), TestDatabase::new());
    assert_ne!(one.url(), other.url());

    sqlx::query("create table mine (id int)").execute(&one.pool().await).await.unwrap();
    let seen: bool =
        sqlx::query_scalar("select to_regclass('mine') is not null").fetch_one(&other.pool().await).await.unwrap();
    assert!(!seen);
}

#[tokio::test]
async fn a_database_goes_with_its_value_also_under_open_connections() {
    let kept = TestDatabase::new().await;
    let dropped = TestDatabase::new().await;
    let pool = dropped.pool().await;
    let name: String = sqlx::query_scalar("select current_database()::text").fetch_one(&pool).await.unwrap();

    drop(dropped);

    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&kept.pool().await)
        .await
        .unwrap();
    assert!(!exists);
}
