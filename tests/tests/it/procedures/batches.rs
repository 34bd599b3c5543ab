use commandbus::message::{BatchId, BatchStatus};
use commandbus::store::{Settlement, Store};
use sqlx::PgPool;

use super::{Foreign, code_of};
use crate::support::{Bench, LEASE, PAYMENTS, complete};

async fn call(pool: &PgPool, procedure: &str, batch: BatchId) -> Result<bool, sqlx::Error> {
    let sql = format!("select commandbus.{procedure}('payments', $1)");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(batch.as_uuid()).fetch_one(pool).await
}

async fn count(pool: &PgPool, batch: Option<BatchId>, update_type: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select commandbus.sp_update_batch_counters('payments', $1, $2)")
        .bind(batch.map(|id| id.as_uuid()))
        .bind(update_type)
        .fetch_one(pool)
        .await
}

type Stats = (i64, i64, i64, i64, bool);

async fn refreshed(pool: &PgPool, batch: BatchId) -> Option<Stats> {
    sqlx::query_as("select * from commandbus.sp_refresh_batch_stats('payments', $1)")
        .bind(batch.as_uuid())
        .fetch_optional(pool)
        .await
        .unwrap()
}

/// Completed, failed, canceled, in troubleshooting.
async fn counts(bench: &Bench, batch: BatchId) -> (u32, u32, u32, u32) {
    let batch = bench.batch(batch).await;
    (batch.completed_count, batch.failed_count, batch.canceled_count, batch.in_troubleshooting_count)
}

#[tokio::test]
async fn the_finish_that_ends_a_batch_says_so_exactly_once() {
    let bench = Bench::new().await;
    let foreign = Foreign { pool: bench.pool.clone() };
    let (batch, _) = bench.batch_of(3, None).await;
    assert_eq!(bench.batch(batch).await.status, BatchStatus::Pending);

    let mut ended = Vec::new();
    for status in ["COMPLETED", "FAILED", "COMPLETED"] {
        let (msg_id, id) = foreign.received().await;
        assert_eq!(bench.batch(batch).await.status, BatchStatus::InProgress);
        ended.push(foreign.finish(msg_id, id, status).await.unwrap());
        foreign.finish(msg_id, id, status).await.unwrap_err();
    }

    assert_eq!(ended, [false, false, true]);
    assert_eq!(counts(&bench, batch).await, (2, 1, 0, 0));
    assert_eq!(bench.batch(batch).await.status, BatchStatus::CompletedWithFailures);
    assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
}

#[tokio::test]
async fn a_parked_member_keeps_the_batch_open_until_it_is_resolved() {
    let bench = Bench::new().await;
    let foreign = Foreign { pool: bench.pool.clone() };
    let (batch, _) = bench.batch_of(2, None).await;
    let (first, parked) = foreign.received().await;
    assert!(!foreign.finish(first, parked, "IN_TROUBLESHOOTING_QUEUE").await.unwrap());
    let (second, other) = foreign.received().await;
    assert!(!foreign.finish(second, other, "COMPLETED").await.unwrap());
    assert_eq!(counts(&bench, batch).await, (1, 0, 0, 1));
    assert_eq!(bench.batch(batch).await.status, BatchStatus::InProgress);

    assert!(foreign.finish(first, parked, "CANCELED").await.unwrap());

    assert_eq!(counts(&bench, batch).await, (1, 0, 1, 0));
    assert_eq!(bench.batch(batch).await.status, BatchStatus::CompletedWithFailures);
    assert_eq!(bench.ask::<i64>("select count(*) from commandbus.troubleshooting").await, 0);
}

#[tokio::test]
async fn a_batch_is_started_once() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(1, None).await;

    assert!(call(&bench.pool, "sp_start_batch", batch).await.unwrap());
    assert!(!call(&bench.pool, "sp_start_batch", batch).await.unwrap());
    assert!(!call(&bench.pool, "sp_start_batch", BatchId::new()).await.unwrap());

    assert!(bench.batch(batch).await.started_at.is_some());
    assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_STARTED"]);
}

#[tokio::test]
async fn each_update_type_counts_what_it_says() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(5, None).await;
    for (update_type, expected) in [
        ("complete", (1, 0, 0, 0)),
        ("failed", (1, 1, 0, 0)),
        ("tsq_move", (1, 1, 0, 1)),
        ("tsq_retry", (1, 1, 0, 0)),
        ("tsq_move", (1, 1, 0, 1)),
        ("tsq_complete", (2, 1, 0, 0)),
        ("tsq_move", (2, 1, 0, 1)),
        ("tsq_cancel", (2, 1, 1, 0)),
    ] {
        assert!(!count(&bench.pool, Some(batch), update_type).await.unwrap(), "{update_type}");
        assert_eq!(counts(&bench, batch).await, expected, "{update_type}");
    }

    assert!(count(&bench.pool, Some(batch), "complete").await.unwrap(), "the fifth of five");
    assert!(!count(&bench.pool, Some(BatchId::new()), "complete").await.unwrap(), "an unknown batch");
    assert!(!count(&bench.pool, None, "complete").await.unwrap(), "no batch");
    let refused = count(&bench.pool, Some(batch), "done").await.unwrap_err();
    assert_eq!(code_of(&refused), "22023");
}

#[tokio::test]
async fn the_short_forms_for_operators_count_alike() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(2, None).await;
    count(&bench.pool, Some(batch), "tsq_move").await.unwrap();
    assert!(!call(&bench.pool, "sp_tsq_retry", batch).await.unwrap());
    count(&bench.pool, Some(batch), "tsq_move").await.unwrap();
    count(&bench.pool, Some(batch), "tsq_move").await.unwrap();
    assert!(!call(&bench.pool, "sp_tsq_complete", batch).await.unwrap());
    assert!(call(&bench.pool, "sp_tsq_cancel", batch).await.unwrap());
    assert_eq!(counts(&bench, batch).await, (1, 0, 1, 0));
}

#[tokio::test]
async fn what_no_member_is_left_for_is_not_counted() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(1, None).await;

    let below_zero = call(&bench.pool, "sp_tsq_retry", batch).await.unwrap_err();
    assert_eq!(code_of(&below_zero), "CB001");
    assert_eq!(counts(&bench, batch).await, (0, 0, 0, 0));

    assert!(count(&bench.pool, Some(batch), "complete").await.unwrap());
    let beyond_total = count(&bench.pool, Some(batch), "complete").await.unwrap_err();
    assert_eq!(code_of(&beyond_total), "CB001");
    assert_eq!(counts(&bench, batch).await, (1, 0, 0, 0));
}

#[tokio::test]
async fn a_recount_finds_what_is_stored_and_ends_what_is_done() {
    let bench = Bench::new().await;
    let (batch, ids) = bench.batch_of(3, None).await;
    bench
        .run(
            "update commandbus.command set status = 'COMPLETED';
              update commandbus.batch set completed_count = 1, canceled_count = 2, in_troubleshooting_count = 7",
        )
        .await;
    bench.run(&format!("update commandbus.command set status = 'IN_PROGRESS' where command_id = '{}'", ids[0])).await;

    assert_eq!(refreshed(&bench.pool, batch).await, Some((2, 0, 0, 0, false)));
    assert_eq!(counts(&bench, batch).await, (2, 0, 0, 0));

    bench.run("update commandbus.command set status = 'FAILED' where status = 'IN_PROGRESS'").await;
    assert_eq!(refreshed(&bench.pool, batch).await, Some((2, 1, 0, 0, true)));
    assert_eq!(refreshed(&bench.pool, batch).await, Some((2, 1, 0, 0, true)));
    assert_eq!(bench.batch(batch).await.status, BatchStatus::CompletedWithFailures);
    assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_COMPLETED"]);
    assert_eq!(refreshed(&bench.pool, BatchId::new()).await, None);
}

#[tokio::test]
async fn a_recount_takes_over_what_transactional_settlements_left_to_fold() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(2, None).await;
    for _ in 0..2 {
        let delivery = bench.store.receive(&PAYMENTS, 1, LEASE).await.unwrap().deliveries.remove(0);
        let settlement = Settlement { token: delivery.token, verdict: complete() };
        let mut transaction = bench.store.begin_handler(delivery.token, LEASE, None).await.unwrap();
        bench.store.settle_within(&mut transaction, &PAYMENTS, &settlement).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(counts(&bench, batch).await, (2, 0, 0, 0));

    assert_eq!(refreshed(&bench.pool, batch).await, Some((2, 0, 0, 0, true)));

    assert_eq!(bench.store.fold_batches(&PAYMENTS).await.unwrap(), 0);
    assert_eq!(counts(&bench, batch).await, (2, 0, 0, 0));
    assert_eq!(bench.trail(batch.as_uuid()).await, ["BATCH_STARTED", "BATCH_COMPLETED"]);
}
