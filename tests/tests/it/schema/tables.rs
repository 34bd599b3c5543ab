use commandbus_tests::TestDatabase;
use sqlx::PgPool;

use super::{assert_columns, constraints, indexes};
use crate::support::{ask, column};

async fn migrated() -> (TestDatabase, PgPool) {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    (database, pool)
}

#[tokio::test]
async fn s046_the_schema_holds_every_table() {
    let (_database, pool) = migrated().await;

    let tables: Vec<String> =
        column(&pool, "select tablename::text from pg_tables where schemaname = 'commandbus'").await;
    for table in ["command", "batch", "audit", "payload_archive"] {
        assert!(tables.iter().any(|found| found == table), "{table} is missing: {tables:?}");
    }
}

#[tokio::test]
async fn s046_the_command_table_has_every_column() {
    let (_database, pool) = migrated().await;

    assert_columns(
        &pool,
        "command",
        &[
            "domain text not null",
            "queue_name text not null",
            "msg_id bigint",
            "command_id uuid not null",
            "command_type text not null",
            "status text not null",
            "attempts integer not null default 0",
            "max_attempts integer not null",
            "lease_expires_at timestamp with time zone",
            "last_error_type text",
            "last_error_code text",
            "last_error_msg text",
            "created_at timestamp with time zone not null default now()",
            "updated_at timestamp with time zone not null default now()",
            "reply_queue text not null default ''::text",
            "correlation_id uuid",
            "batch_id uuid",
        ],
    )
    .await;
}

#[tokio::test]
async fn s046_the_batch_table_has_every_column_and_its_primary_key() {
    let (_database, pool) = migrated().await;

    assert_columns(
        &pool,
        "batch",
        &[
            "domain text not null",
            "batch_id uuid not null",
            "name text",
            "custom_data jsonb",
            "status text not null default 'PENDING'::text",
            "total_count integer not null default 0",
            "completed_count integer not null default 0",
            "canceled_count integer not null default 0",
            "in_troubleshooting_count integer not null default 0",
            "created_at timestamp with time zone not null default now()",
            "started_at timestamp with time zone",
            "completed_at timestamp with time zone",
            "failed_count integer not null default 0",
        ],
    )
    .await;
    assert!(constraints(&pool, "batch").await.contains(&"PRIMARY KEY (domain, batch_id)".to_owned()));
}

#[tokio::test]
async fn s046_the_audit_and_archive_tables_have_every_column() {
    let (_database, pool) = migrated().await;

    assert_columns(
        &pool,
        "audit",
        &[
            "audit_id bigint not null default nextval('commandbus.audit_audit_id_seq'::regclass)",
            "domain text not null",
            "command_id uuid not null",
            "event_type text not null",
            "ts timestamp with time zone not null default now()",
            "details_json jsonb",
        ],
    )
    .await;
    assert_columns(
        &pool,
        "payload_archive",
        &[
            "domain text not null",
            "command_id uuid not null",
            "payload_json jsonb not null",
            "archived_at timestamp with time zone not null default now()",
        ],
    )
    .await;
    assert!(constraints(&pool, "payload_archive").await.contains(&"PRIMARY KEY (domain, command_id)".to_owned()));
}

#[tokio::test]
async fn s046_a_command_refers_to_its_batch() {
    let (_database, pool) = migrated().await;

    let reference = "FOREIGN KEY (domain, batch_id) REFERENCES commandbus.batch(domain, batch_id)".to_owned();
    assert!(constraints(&pool, "command").await.contains(&reference));
}

#[tokio::test]
async fn s046_the_required_indexes_exist() {
    let (_database, pool) = migrated().await;

    let found = indexes(&pool, "command").await;
    for index in [
        "CREATE UNIQUE INDEX uq_command_domain_cmdid ON commandbus.command USING btree (domain, command_id)",
        "CREATE INDEX ix_command_batch ON commandbus.command USING btree (domain, batch_id) WHERE (batch_id IS NOT NULL)",
    ] {
        assert!(found.iter().any(|found| found == index), "{index} is missing: {found:#?}");
    }
    let of_audit = "CREATE INDEX ix_audit_cmdid_ts ON commandbus.audit USING btree (command_id, ts)".to_owned();
    assert!(indexes(&pool, "audit").await.contains(&of_audit));
    let of_batch = "CREATE INDEX ix_batch_created ON commandbus.batch USING btree (domain, created_at DESC)".to_owned();
    assert!(indexes(&pool, "batch").await.contains(&of_batch));
}

/// An index that names one of these makes every update of it write every index anew.
#[tokio::test]
async fn s046_no_index_of_commands_names_what_a_receive_or_settle_changes() {
    let (_database, pool) = migrated().await;

    let found = indexes(&pool, "command").await;
    assert!(!found.is_empty());
    for changing in ["status", "updated_at", "attempts", "delivery", "lease_expires_at", "msg_id", "last_error"] {
        assert!(!found.iter().any(|index| index.contains(changing)), "{changing}: {found:#?}");
    }
    let fillfactor: i32 = ask(
        &pool,
        "select split_part(option, '=', 2)::int from pg_class, unnest(reloptions) as option
         where oid = 'commandbus.command'::regclass and option like 'fillfactor=%'",
    )
    .await;
    assert!(fillfactor <= 70, "{fillfactor}");
}

#[tokio::test]
async fn s046_a_status_that_nobody_knows_is_refused() {
    let (_database, pool) = migrated().await;

    for insert in [
        "insert into commandbus.command (domain, queue_name, command_id, command_type, status, max_attempts)
         values ('d', 'd__commands', gen_random_uuid(), 'T', 'DONE', 3)",
        "insert into commandbus.command (domain, queue_name, command_id, command_type, status, max_attempts)
         values ('d', 'd__commands', gen_random_uuid(), 'T', 'PENDING', 0)",
        "insert into commandbus.batch (domain, batch_id, status) values ('d', gen_random_uuid(), 'CANCELED')",
        "insert into commandbus.batch (domain, batch_id, batch_type) values ('d', gen_random_uuid(), 'BOTH')",
        "insert into commandbus.process (domain, process_id, process_type, status)
         values ('d', gen_random_uuid(), 'T', 'STARTED')",
    ] {
        let refused = sqlx::query(insert).execute(&pool).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("23514"), "{insert}: {refused}");
    }
    for status in ["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED", "IN_TROUBLESHOOTING_QUEUE"] {
        sqlx::query(
            "insert into commandbus.command (domain, queue_name, command_id, command_type, status, max_attempts)
             values ('d', 'd__commands', gen_random_uuid(), 'T', $1, 3)",
        )
        .bind(status)
        .execute(&pool)
        .await
        .unwrap();
    }
}
