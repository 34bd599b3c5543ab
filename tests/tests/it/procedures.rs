//! The procedures of the original, called as workers and operators in other languages do, beside our store.

mod batches;
mod commands;

use commandbus::message::CommandId;
use sqlx::{PgConnection, PgPool};

/// A worker that knows PGMQ and the procedures, and nothing of the store.
struct Foreign {
    pool: PgPool,
}

impl Foreign {
    /// Reads one message and receives its command; `None` when it may not be received.
    async fn receive(&self) -> (i64, CommandId, Option<i32>) {
        let (msg_id, command_id): (i64, String) =
            sqlx::query_as("select msg_id, message->>'command_id' from pgmq.read('payments__commands', 30, 1)")
                .fetch_one(&self.pool)
                .await
                .unwrap();
        let command_id: CommandId = command_id.parse().unwrap();
        let attempt =
            sqlx::query_scalar("select attempts from commandbus.sp_receive_command('payments', $1, p_msg_id => $2)")
                .bind(command_id.as_uuid())
                .bind(msg_id)
                .fetch_optional(&self.pool)
                .await
                .unwrap();
        (msg_id, command_id, attempt)
    }

    /// Receives what must be there.
    async fn received(&self) -> (i64, CommandId) {
        let (msg_id, command_id, attempt) = self.receive().await;
        assert!(attempt.is_some());
        (msg_id, command_id)
    }

    /// Deletes the message and finishes the command in one transaction; whether that ended the batch.
    async fn finish(&self, msg_id: i64, command_id: CommandId, status: &str) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let removal = if status == "COMPLETED" { "delete" } else { "archive" };
        sqlx::query(sqlx::AssertSqlSafe(format!("select pgmq.{removal}('payments__commands', $1::bigint)")))
            .bind(msg_id)
            .execute(&mut *transaction)
            .await?;
        let ended = finish_command(&mut transaction, command_id, status).await;
        // Awaited, because until then the message may still be locked.
        match ended {
            Ok(_) => transaction.commit().await?,
            Err(_) => transaction.rollback().await?,
        }
        ended
    }
}

async fn finish_command(connection: &mut PgConnection, id: CommandId, status: &str) -> Result<bool, sqlx::Error> {
    let event = match status {
        "FAILED" => "BUSINESS_RULE_FAILED",
        "IN_TROUBLESHOOTING_QUEUE" => "MOVED_TO_TSQ",
        other => other,
    };
    sqlx::query_scalar(
        "select commandbus.sp_finish_command('payments', $1, $2, $3, p_error_type => 'PERMANENT', p_error_code => 'NO',
                                             p_error_msg => 'no', p_details => '{\"by\": \"another\"}')",
    )
    .bind(id.as_uuid())
    .bind(status)
    .bind(event)
    .fetch_one(connection)
    .await
}

fn code_of(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned()
}
