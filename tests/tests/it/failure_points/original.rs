//! The procedures of the original, called as workers in other languages do: in one transaction with what they do to the
//! message.

use commandbus::store::{NewCommand, postgres::PostgresStore};
use sqlx::AssertSqlSafe;

use super::{
    commands::batch_with_callback,
    transitions::{Act, act},
};
use crate::contract::{
    verdicts::park,
    world::{LEASE, World, debit},
};

async fn execute(store: &PostgresStore, sql: String) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(sql)).execute(store.pool()).await.map(drop)
}

fn calling(sql: impl Into<String>) -> Act {
    let sql = sql.into();
    act!([sql], |store| execute(&store, sql))
}

/// Calls a procedure for every command there is; one that does nothing does not hinder it.
fn calling_for_each(call: &str) -> Act {
    calling(format!("select {call} from commandbus.command c order by c.command_id"))
}

pub(super) async fn receiving_by_procedure(world: &World) -> Act {
    batch_with_callback(world, 1).await;
    calling_for_each("commandbus.sp_receive_command(c.domain, c.command_id, p_msg_id => c.msg_id)")
}

pub(super) async fn receiving_what_workers_died_on_by_procedure(world: &World) -> Act {
    let batch = world.new_batch();
    world.create(batch, &[NewCommand { max_attempts: 1, ..debit(1) }]).await.unwrap();
    world.receive().await;
    world.pass_time(LEASE * 2).await;
    calling_for_each("commandbus.sp_receive_command(c.domain, c.command_id, p_msg_id => c.msg_id)")
}

async fn finishing(world: &World, status: &str, event: &str) -> Act {
    batch_with_callback(world, 1).await;
    world.receive().await;
    calling_for_each(&format!(
        "pgmq.archive('payments__commands', c.msg_id),
         commandbus.sp_finish_command(c.domain, c.command_id, '{status}', '{event}', p_error_code => 'NO')"
    ))
}

pub(super) async fn completing_by_procedure(world: &World) -> Act {
    finishing(world, "COMPLETED", "COMPLETED").await
}

pub(super) async fn failing_by_procedure(world: &World) -> Act {
    finishing(world, "FAILED", "BUSINESS_RULE_FAILED").await
}

pub(super) async fn parking_by_procedure(world: &World) -> Act {
    finishing(world, "IN_TROUBLESHOOTING_QUEUE", "MOVED_TO_TSQ").await
}

pub(super) async fn completing_what_is_parked_by_procedure(world: &World) -> Act {
    batch_with_callback(world, 1).await;
    world.run(park()).await;
    calling_for_each("commandbus.sp_finish_command(c.domain, c.command_id, 'COMPLETED', 'OPERATOR_COMPLETE')")
}

pub(super) async fn failing_an_attempt_by_procedure(world: &World) -> Act {
    world.send(debit(1)).await;
    world.receive().await;
    calling_for_each(
        "commandbus.sp_fail_command(c.domain, c.command_id, 'TRANSIENT', 'BUSY', 'it is', c.attempts, c.max_attempts,
                                    c.msg_id)",
    )
}

pub(super) async fn starting_a_batch_by_procedure(world: &World) -> Act {
    let (batch, _) = world.batch_of(1).await;
    calling(format!("select commandbus.sp_start_batch('payments', '{batch}')"))
}

pub(super) async fn counting_by_procedure(world: &World) -> Act {
    let batch = batch_with_callback(world, 1).await;
    calling(format!("select commandbus.sp_update_batch_counters('payments', '{batch}', 'complete')"))
}

async fn counting(world: &World, procedure: &str) -> Act {
    let batch = batch_with_callback(world, 1).await;
    world.run(park()).await;
    calling(format!("select commandbus.{procedure}('payments', '{batch}')"))
}

pub(super) async fn counting_a_completion_by_an_operator(world: &World) -> Act {
    counting(world, "sp_tsq_complete").await
}

pub(super) async fn counting_a_cancel_by_an_operator(world: &World) -> Act {
    counting(world, "sp_tsq_cancel").await
}

pub(super) async fn counting_a_retry_by_an_operator(world: &World) -> Act {
    counting(world, "sp_tsq_retry").await
}

pub(super) async fn refreshing_a_batch_by_procedure(world: &World) -> Act {
    let batch = batch_with_callback(world, 1).await;
    let pool = world.store.as_postgres().unwrap().pool();
    crate::support::run(pool, "update commandbus.command set status = 'COMPLETED'").await;
    calling(format!("select commandbus.sp_refresh_batch_stats('payments', '{batch}')"))
}
