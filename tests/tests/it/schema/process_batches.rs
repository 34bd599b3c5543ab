use commandbus_tests::TestDatabase;
use sqlx::PgPool;
use uuid::Uuid;

use super::{assert_columns, columns, constraints, indexes};
use crate::support::{ask, column};

#[tokio::test]
async fn s089_ac1_the_fifth_migration_adds_the_type_of_a_batch() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    assert!(columns(&pool, "batch").await.contains(&"batch_type text not null default 'COMMAND'::text".to_owned()));
    let name: String = ask(&pool, "select name from commandbus.schema_migrations where version = 5").await;
    assert_eq!(name, "batch_type_and_process_batch_id");
}

#[tokio::test]
async fn s089_ac2_a_batch_groups_commands_unless_told_otherwise() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;

    // As one does that knows nothing of types.
    let default: String = ask(
        &pool,
        "insert into commandbus.batch (domain, batch_id) values ('d', gen_random_uuid()) returning batch_type",
    )
    .await;
    assert_eq!(default, "COMMAND");
}

#[tokio::test]
async fn s089_ac3_a_process_may_belong_to_a_batch() {
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

async fn assert_indexed(definition: &str) {
    let database = TestDatabase::new().await;
    let found = indexes(&database.pool().await, "process").await;
    assert!(found.iter().any(|found| found == definition), "{definition} is missing: {found:#?}");
}

#[tokio::test]
async fn s089_ac4_the_processes_of_a_batch_are_indexed() {
    let index =
        "CREATE INDEX ix_process_batch_id ON commandbus.process USING btree (batch_id) WHERE (batch_id IS NOT NULL)";
    assert_indexed(index).await;
}

#[tokio::test]
async fn s089_ac5_the_processes_of_a_batch_are_indexed_with_their_status() {
    let index = "CREATE INDEX ix_process_batch_status ON commandbus.process USING btree (batch_id, status) \
                 WHERE (batch_id IS NOT NULL)";
    assert_indexed(index).await;
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

/// A command of a batch in each of these states.
async fn commands_of(pool: &PgPool, batch: Uuid, statuses: &[&str]) {
    sqlx::query(
        "insert into commandbus.command (domain, queue_name, command_id, command_type, status, max_attempts, batch_id)
         select 'd', 'd__commands', gen_random_uuid(), 'T', status, 3, $1 from unnest($2::text[]) as status",
    )
    .bind(batch)
    .bind(statuses)
    .execute(pool)
    .await
    .unwrap();
}

async fn set_type(pool: &PgPool, batch: Uuid, batch_type: &str) {
    sqlx::query("update commandbus.batch set batch_type = $2 where batch_id = $1")
        .bind(batch)
        .bind(batch_type)
        .execute(pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn s090_ac1_what_is_counted_goes_by_the_type_of_the_batch() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let batch = process_batch(&pool, 4, &["COMPLETED", "COMPLETED"]).await;
    commands_of(&pool, batch, &["FAILED"]).await;

    assert_eq!(refreshed(&pool, batch).await, (2, 0, 0, 0, false));
    set_type(&pool, batch, "COMMAND").await;
    assert_eq!(refreshed(&pool, batch).await, (0, 1, 0, 0, false));
}

#[tokio::test]
async fn s090_ac2_a_batch_of_commands_is_counted_from_commands() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let batch = process_batch(&pool, 6, &["COMPLETED", "FAILED"]).await;
    set_type(&pool, batch, "COMMAND").await;
    commands_of(&pool, batch, &["FAILED", "IN_TROUBLESHOOTING_QUEUE", "CANCELED", "PENDING"]).await;

    assert_eq!(refreshed(&pool, batch).await, (0, 1, 1, 1, false));
    commands_of(&pool, batch, &["COMPLETED"; 4]).await;
    let counts = refreshed(&pool, batch).await;
    assert_eq!((counts.0, counts.1, counts.2, counts.3), (4, 1, 1, 1));
}

#[tokio::test]
async fn s090_ac3_a_batch_of_processes_is_counted_from_processes() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let good = process_batch(&pool, 2, &["COMPLETED", "COMPENSATED"]).await;
    let mixed = process_batch(&pool, 2, &["COMPLETED", "CANCELED"]).await;
    let short = process_batch(&pool, 3, &["COMPLETED", "COMPLETED"]).await;
    commands_of(&pool, short, &["COMPLETED"; 3]).await;

    assert_eq!(refreshed(&pool, good).await, (2, 0, 0, 0, true));
    assert_eq!(refreshed(&pool, mixed).await, (1, 0, 1, 0, true));
    assert_eq!(refreshed(&pool, short).await, (2, 0, 0, 0, false), "its commands do not matter");

    let statuses: Vec<String> = column(&pool, "select status from commandbus.batch order by batch_id").await;
    assert_eq!(statuses, ["COMPLETED", "COMPLETED_WITH_FAILURES", "PENDING"]);
}

#[tokio::test]
async fn s090_ac4_completed_and_compensated_processes_count_as_completed() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let batch = process_batch(&pool, 4, &["COMPLETED", "COMPLETED", "COMPENSATED"]).await;
    assert_eq!(refreshed(&pool, batch).await, (3, 0, 0, 0, false));
}

#[tokio::test]
async fn s090_ac5_failed_and_canceled_processes_count_as_canceled() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    let batch = process_batch(&pool, 4, &["FAILED", "CANCELED", "CANCELED"]).await;
    assert_eq!(refreshed(&pool, batch).await, (0, 0, 3, 0, false), "none as failed");
}

#[tokio::test]
async fn s090_ac6_a_process_in_any_other_state_is_in_progress() {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    for status in ["PENDING", "IN_PROGRESS", "WAITING_FOR_REPLY", "WAITING_FOR_TSQ", "COMPENSATING"] {
        let batch = process_batch(&pool, 1, &[status]).await;
        // One that waits for an operator is shown as such, and has not ended either.
        let parked = i64::from(status == "WAITING_FOR_TSQ");
        assert_eq!(refreshed(&pool, batch).await, (0, 0, 0, parked, false), "{status}");
    }
    let batch = process_batch(&pool, 2, &["COMPLETED", "COMPENSATING"]).await;
    assert_eq!(refreshed(&pool, batch).await, (1, 0, 0, 0, false));
    let stored: (i32, i32, i32, i32, String) = sqlx::query_as(
        "select completed_count, failed_count, canceled_count, in_troubleshooting_count, status
         from commandbus.batch where batch_id = $1",
    )
    .bind(batch)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(stored, (1, 0, 0, 0, "PENDING".to_owned()));
}
