//! The suite on PostgreSQL.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use commandbus::{
    message::{CommandId, Domain},
    store::{Store, postgres::PostgresStore},
};
use commandbus_tests::TestDatabase;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{Harness, Queued};
use crate::support::{PAYMENTS, assert_groups_are_sound};

struct OnPostgres {
    store: Arc<PostgresStore>,
    pool: PgPool,
    _database: TestDatabase,
}

pub(crate) async fn start() -> Box<dyn Harness> {
    let database = TestDatabase::new().await;
    let pool = database.pool().await;
    Box::new(OnPostgres { store: Arc::new(PostgresStore::new(pool.clone())), pool, _database: database })
}

#[async_trait]
impl Harness for OnPostgres {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Moves what waits for the clock, since the clock itself cannot be moved.
    async fn pass_time(&self, duration: Duration) {
        let queues: Vec<String> =
            sqlx::query_scalar("select queue_name::text from pgmq.meta").fetch_all(&self.pool).await.unwrap();
        for queue in queues {
            let sql =
                format!("update pgmq.\"q_{queue}\" set vt = vt - $1 * interval '1 second' where vt < '9000-01-01'");
            sqlx::query(AssertSqlSafe(sql)).bind(duration.as_secs_f64()).execute(&self.pool).await.unwrap();
        }
        // At once, so that a router does not find a process due whose steps are not yet.
        let mut transaction = self.pool.begin().await.unwrap();
        for sql in [
            "select from commandbus.process order by domain, process_id for update",
            "update commandbus.process
             set due_at = due_at - $1 * interval '1 second', deadline_at = deadline_at - $1 * interval '1 second'",
            "update commandbus.process_audit set due_at = due_at - $1 * interval '1 second'",
            "update commandbus.grouped_command set not_before = not_before - $1 * interval '1 second'",
        ] {
            let statement = sqlx::query(sql);
            let statement = if sql.contains("$1") { statement.bind(duration.as_secs_f64()) } else { statement };
            statement.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    async fn put(&self, queue: &str, body: Value) -> i64 {
        sqlx::query_scalar("select pgmq.send($1, $2)").bind(queue).bind(body).fetch_one(&self.pool).await.unwrap()
    }

    async fn messages(&self, queue: &str) -> Vec<Queued> {
        let sql = format!(
            "select msg_id, message, read_ct,
                    extract(epoch from greatest(least(vt, now() + interval '1 year') - now(), '0'))::float8
             from pgmq.\"q_{queue}\" order by msg_id"
        );
        let rows: Vec<(i64, Value, i32, f64)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&self.pool).await.unwrap();
        let queued = |(msg_id, body, reads, hidden): (i64, Value, i32, f64)| Queued {
            msg_id,
            body,
            reads: reads.unsigned_abs(),
            hidden_for: Duration::from_secs_f64(hidden),
        };
        rows.into_iter().map(queued).collect()
    }

    async fn archived(&self, queue: &str) -> Vec<i64> {
        let sql = format!("select msg_id from pgmq.\"a_{queue}\" order by msg_id");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&self.pool).await.unwrap()
    }

    async fn undelivered_replies(&self) -> Vec<(String, CommandId)> {
        let rows: Vec<(String, Uuid)> =
            sqlx::query_as("select reply_queue, command_id from commandbus.undelivered_reply order by id")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        rows.into_iter().map(|(queue, id)| (queue, CommandId::from_uuid(id))).collect()
    }

    async fn payload_before_edit(&self, domain: &Domain, id: CommandId) -> Option<Value> {
        sqlx::query_scalar("select payload_json from commandbus.payload_archive where domain = $1 and command_id = $2")
            .bind(domain.as_str())
            .bind(id.as_uuid())
            .fetch_optional(&self.pool)
            .await
            .unwrap()
    }

    async fn check_groups(&self) {
        assert_groups_are_sound(&self.pool, &PAYMENTS).await;
    }
}
