//! What senders without rights on tables call.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::transitions::{Act, act};
use crate::contract::world::World;

/// The call that sends one command, into a batch or alone.
fn sending(batch: &str) -> String {
    let id = Uuid::now_v7();
    format!(
        "select commandbus.sender_send_commands('payments', array['{id}'::uuid], '{{Debit}}', array['{id}'::uuid],
                                                array['{{\"data\": {{}}}}'::jsonb], null, '{{payments__replies}}', '{{3}}', null,
                                                null{batch})"
    )
}

pub(super) async fn sending_without_rights(_: &World) -> Act {
    let sql = sending("");
    act!([sql], |store| async move { sqlx::query(AssertSqlSafe(sql)).execute(store.pool()).await })
}

pub(super) async fn creating_a_batch_without_rights(_: &World) -> Act {
    let batch = Uuid::now_v7();
    let steps = vec![
        format!("select commandbus.sender_open_batch('payments', '{batch}', 'Monthly', null, null)"),
        sending(&format!(", '{batch}'")),
        format!("select commandbus.sender_close_batch('payments', '{batch}', 1)"),
    ];
    act!([steps], |store| async move {
        let mut transaction = store.pool().begin().await?;
        for step in steps {
            sqlx::query(AssertSqlSafe(step)).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    })
}
