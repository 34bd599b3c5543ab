use commandbus_tests::TestDatabase;
use sqlx::PgPool;
use uuid::Uuid;

use super::{assert_columns, columns, constraints, indexes};
use crate::support::{ask, column};

#[tokio::test]
async fn s089_a_batch_says_what_it_groups_and_groups_commands_unless_told() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    assert!(columns(&pool, "batch").await.contains(&"batch_type text not null default 'COMMAND'::text".to_owned()));
    let default: String = ask(
        &pool,
        "insert into commandbus.batch (domain, batch_id) values ('d', gen_random_uuid()) returning batch_type",
    )
    .await;
    assert_eq!(default, "COMMAND");
}

#[tokio::test]
async fn s089_a_process_may_belong_to_a_batch() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    assert_columns(
        &pool,
        "process",
        &[
            "domain character varying(255) not null",
            "process_id uuid not null",
            "process_type character varying(255) not null",
            "status character varying(50) not null default 'PENDING'::character varying",
            "current_step character varying(255)",
            "state jsonb not null default '{}'::jsonb",
            "error_code character varying(255)",
            "error_message text",
            "created_at timestamp with time zone not null default now()",
            "updated_at timestamp with time zone not null default now()",
            "completed_at timestamp with time zone",
            "batch_id uuid",
        ],
    )
    .await;
    assert!(constraints(&pool, "process").await.contains(&"PRIMARY KEY (domain, process_id)".to_owned()));
    assert_columns(
        &pool,
        "process_audit",
        &[
            "id bigint not null default nextval('commandbus.process_audit_id_seq'::regclass)",
            "domain character varying(255) not null",
            "process_id uuid not null",
            "step_name character varying(255) not null",
            "command_id uuid not null",
            "command_type character varying(255) not null",
            "command_data jsonb",
            "sent_at timestamp with time zone not null",
            "reply_outcome character varying(50)",
            "reply_data jsonb",
            "received_at timestamp with time zone",
        ],
    )
    .await;
}

#[tokio::test]
async fn s089_the_processes_of_a_batch_are_indexed_alone_and_with_their_status() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    let found = indexes(&pool, "process").await;
    for index in [
        "CREATE INDEX ix_process_batch_id ON commandbus.process USING btree (batch_id) WHERE (batch_id IS NOT NULL)",
        "CREATE INDEX ix_process_batch_status ON commandbus.process USING btree (batch_id, status) \
         WHERE (batch_id IS NOT NULL)",
    ] {
        assert!(found.iter().any(|found| found == index), "{index} is missing: {found:#?}");
    }
}

#[tokio::test]
async fn s089_the_migration_is_the_fifth_file() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    let name: String = ask(&pool, "select name from commandbus.schema_migrations where version = 5").await;
    assert_eq!(name, "batch_type_and_process_batch_id");
}

async fn process_batch(pool: &PgPool, total: i32, statuses: &[&str]) -> Uuid {
    let batch = Uuid::now_v7();
    sqlx::query(
        "insert into commandbus.batch (domain, batch_id, batch_type, total_count) values ('d', $1, 'PROCESS', $2)",
    )
    .bind(batch)
    .bind(total)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into commandbus.process (domain, process_id, process_type, status, batch_id)
         select 'd', gen_random_uuid(), 'T', status, $1 from unnest($2::text[]) as status",
    )
    .bind(batch)
    .bind(statuses)
    .execute(pool)
    .await
    .unwrap();
    batch
}

/// What the recount answers: completed, failed, canceled, in troubleshooting, complete.
async fn refreshed(pool: &PgPool, batch: Uuid) -> (i64, i64, i64, i64, bool) {
    sqlx::query_as("select * from commandbus.sp_refresh_batch_stats('d', $1)")
        .bind(batch)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn s090_completed_and_compensated_processes_are_completed_and_ended_ones_canceled() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let open = ["PENDING", "IN_PROGRESS", "WAITING_FOR_REPLY", "COMPENSATING"];
    let mut statuses = vec!["COMPLETED", "COMPLETED", "COMPENSATED", "FAILED", "CANCELED", "WAITING_FOR_TSQ"];
    statuses.extend(open);
    let batch = process_batch(&pool, 10, &statuses).await;

    assert_eq!(refreshed(&pool, batch).await, (3, 0, 2, 1, false));
    let stored: (i32, i32, i32, i32, String) = sqlx::query_as(
        "select completed_count, failed_count, canceled_count, in_troubleshooting_count, status
         from commandbus.batch where batch_id = $1",
    )
    .bind(batch)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(stored, (3, 0, 2, 1, "PENDING".to_owned()));
}

#[tokio::test]
async fn s090_a_batch_whose_processes_ended_is_complete() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let good = process_batch(&pool, 2, &["COMPLETED", "COMPENSATED"]).await;
    let mixed = process_batch(&pool, 2, &["COMPLETED", "CANCELED"]).await;
    let short = process_batch(&pool, 3, &["COMPLETED", "COMPLETED"]).await;

    assert_eq!(refreshed(&pool, good).await, (2, 0, 0, 0, true));
    assert_eq!(refreshed(&pool, mixed).await, (1, 0, 1, 0, true));
    assert_eq!(refreshed(&pool, short).await, (2, 0, 0, 0, false));

    let statuses: Vec<String> = column(&pool, "select status from commandbus.batch order by batch_id").await;
    assert_eq!(statuses, ["COMPLETED", "COMPLETED_WITH_FAILURES", "PENDING"]);
}

#[tokio::test]
async fn s090_a_batch_of_commands_is_counted_from_commands() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let batch = process_batch(&pool, 2, &["COMPLETED", "FAILED"]).await;
    sqlx::query("update commandbus.batch set batch_type = 'COMMAND' where batch_id = $1")
        .bind(batch)
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into commandbus.command (domain, queue_name, command_id, command_type, status, max_attempts, batch_id)
         select 'd', 'd__commands', gen_random_uuid(), 'T', status, 3, $1 from unnest($2::text[]) as status",
    )
    .bind(batch)
    .bind(["FAILED", "IN_TROUBLESHOOTING_QUEUE"].as_slice())
    .execute(&pool)
    .await
    .unwrap();

    assert_eq!(refreshed(&pool, batch).await, (0, 1, 0, 1, false));
}
