use commandbus::message::{CommandId, CommandStatus};
use commandbus::store::{Page, ParkedFilter, Settled, Store};
use sqlx::Row;
use uuid::Uuid;

use super::{Foreign, code_of, finish_command};
use crate::support::{Bench, complete, give_back, park};

async fn bench() -> (Bench, Foreign) {
    let bench = Bench::new().await;
    let foreign = Foreign { pool: bench.pool.clone() };
    (bench, foreign)
}

#[tokio::test]
async fn a_foreign_worker_completes_what_our_store_sent() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(3).await;

    let (msg_id, received, attempt) = foreign.receive().await;
    assert_eq!((received, attempt), (id, Some(1)));
    assert_eq!(bench.command(id).await.status, CommandStatus::InProgress);
    assert!(!foreign.finish(msg_id, id, "COMPLETED").await.unwrap());

    assert_eq!(bench.command(id).await.status, CommandStatus::Completed);
    assert_eq!(bench.trail(id.as_uuid()).await, ["SENT", "RECEIVED", "COMPLETED"]);
    assert_eq!(bench.queued().await, 0);
}

#[tokio::test]
async fn a_receive_answers_with_the_row_as_it_became() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(3).await;
    let expected = bench.command(id).await;

    let row = sqlx::query("select * from commandbus.sp_receive_command('payments', $1)")
        .bind(id.as_uuid())
        .fetch_one(&foreign.pool)
        .await
        .unwrap();

    assert_eq!(row.get::<String, _>("domain"), "payments");
    assert_eq!(row.get::<Uuid, _>("command_id"), id.as_uuid());
    assert_eq!(row.get::<String, _>("command_type"), "DebitAccount");
    assert_eq!(row.get::<String, _>("status"), "IN_PROGRESS");
    assert_eq!((row.get::<i32, _>("attempts"), row.get::<i32, _>("max_attempts")), (1, 3));
    assert_eq!(row.get::<Option<i64>, _>("msg_id"), expected.msg_id);
    assert_eq!(row.get::<Option<Uuid>, _>("correlation_id"), expected.correlation_id);
    assert_eq!(row.get::<String, _>("reply_queue"), "");
    assert_eq!(row.get::<Option<Uuid>, _>("batch_id"), None);
}

async fn receives(foreign: &Foreign, id: CommandId, msg_id: Option<i64>) -> bool {
    sqlx::query("select from commandbus.sp_receive_command('payments', $1, p_msg_id => $2)")
        .bind(id.as_uuid())
        .bind(msg_id)
        .fetch_optional(&foreign.pool)
        .await
        .unwrap()
        .is_some()
}

#[tokio::test]
async fn what_may_not_be_received_is_no_row_and_no_change() {
    let (bench, foreign) = bench().await;
    let parked = bench.parked().await;
    let completed = bench.sent(3).await;
    bench.settle(bench.received().await.token, complete()).await;
    let pending = bench.sent(3).await;
    let msg_id = bench.command(pending).await.msg_id.unwrap();

    assert!(!receives(&foreign, CommandId::new(), None).await, "unknown");
    for id in [parked, completed] {
        let before = bench.command(id).await;
        assert!(!receives(&foreign, id, None).await, "{:?}", before.status);
        assert_eq!(bench.command(id).await, before);
    }
    assert!(!receives(&foreign, pending, Some(msg_id + 1)).await, "another message");
    assert_eq!(bench.command(pending).await.attempts, 0);
    assert!(receives(&foreign, pending, Some(msg_id)).await);
}

#[tokio::test]
async fn a_receive_to_another_state_is_refused() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(3).await;

    let refused = sqlx::query("select from commandbus.sp_receive_command('payments', $1, 'COMPLETED')")
        .bind(id.as_uuid())
        .execute(&foreign.pool)
        .await
        .unwrap_err();

    assert_eq!(code_of(&refused), "22023");
    assert_eq!(bench.command(id).await.status, CommandStatus::Pending);
}

#[tokio::test]
async fn a_command_whose_attempts_are_used_up_is_parked_by_the_receive() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(1).await;
    foreign.received().await;
    bench.expire_leases().await;

    let (_, received, attempt) = foreign.receive().await;

    assert_eq!((received, attempt), (id, None));
    let command = bench.command(id).await;
    assert_eq!((command.status, command.attempts), (CommandStatus::InTroubleshooting, 1));
    assert_eq!((bench.queued().await, bench.archived().await), (0, 1));
    assert_eq!(bench.store.count_parked(&ParkedFilter::default()).await.unwrap(), 1);
}

#[tokio::test]
async fn every_illegal_transition_is_an_exception_and_changes_nothing() {
    let (bench, foreign) = bench().await;
    let parked = bench.parked().await;
    let mut ended = Vec::new();
    for status in ["COMPLETED", "FAILED"] {
        bench.sent(3).await;
        let (msg_id, id) = foreign.received().await;
        foreign.finish(msg_id, id, status).await.unwrap();
        ended.push(id);
    }
    let in_progress = bench.sent(3).await;
    foreign.received().await;
    let pending = bench.sent(3).await;

    const ALL: [&str; 6] = ["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED", "IN_TROUBLESHOOTING_QUEUE"];
    let mut illegal = vec![(in_progress, "PENDING"), (in_progress, "IN_PROGRESS"), (in_progress, "CANCELED")];
    illegal.extend(["PENDING", "IN_PROGRESS", "FAILED", "IN_TROUBLESHOOTING_QUEUE"].map(|to| (parked, to)));
    illegal.extend(ALL.map(|to| (pending, to)));
    illegal.extend(ended.iter().flat_map(|id| ALL.map(|to| (*id, to))));
    let mut connection = foreign.pool.acquire().await.unwrap();
    for (id, to) in illegal {
        let before = (bench.command(id).await, bench.trail(id.as_uuid()).await);
        let refused = finish_command(&mut connection, id, to).await.unwrap_err();
        assert_eq!(code_of(&refused), "CB001", "{} -> {to}: {refused}", before.0.status);
        assert_eq!((bench.command(id).await, bench.trail(id.as_uuid()).await), before, "-> {to}");
    }
    let unknown = finish_command(&mut connection, CommandId::new(), "COMPLETED").await.unwrap_err();
    assert_eq!(code_of(&unknown), "P0002");
}

#[tokio::test]
async fn a_worker_that_is_late_gets_its_deleted_message_back() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(3).await;
    let (msg_id, _) = foreign.received().await;
    bench.expire_leases().await;
    // Ours takes it over and gives it back: it is PENDING again.
    let taken = bench.received().await;
    assert_eq!(bench.settle(taken.token, give_back()).await, Settled::Recorded);

    let refused = foreign.finish(msg_id, id, "COMPLETED").await.unwrap_err();

    assert_eq!(code_of(&refused), "CB001");
    assert_eq!(bench.queued().await, 1, "the message is still there");
    assert_eq!(bench.received().await.token.command_id, id);
}

#[tokio::test]
async fn a_failed_attempt_is_recorded_once_and_only_for_its_message() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(3).await;
    let (msg_id, _) = foreign.received().await;
    let failed = async |msg_id: i64| -> bool {
        sqlx::query_scalar(
            "select commandbus.sp_fail_command('payments', $1, 'TRANSIENT', 'BUSY', 'the bank is busy', 1, 3, $2)",
        )
        .bind(id.as_uuid())
        .bind(msg_id)
        .fetch_one(&foreign.pool)
        .await
        .unwrap()
    };

    assert!(!failed(msg_id + 1).await);
    assert!(failed(msg_id).await);
    assert!(!failed(msg_id).await, "it is not in progress any more");

    let command = bench.command(id).await;
    assert_eq!((command.status, command.attempts), (CommandStatus::Pending, 1));
    assert_eq!(command.last_error_code.as_deref(), Some("BUSY"));
    assert_eq!(bench.trail(id.as_uuid()).await, ["SENT", "RECEIVED", "FAILED"]);
    bench.expire_leases().await;
    assert_eq!(bench.received().await.attempt, 2);
}

#[tokio::test]
async fn what_a_foreign_worker_parks_our_operators_find() {
    let (bench, foreign) = bench().await;
    let id = bench.sent(3).await;
    let (msg_id, _) = foreign.received().await;
    foreign.finish(msg_id, id, "IN_TROUBLESHOOTING_QUEUE").await.unwrap();

    let parked = bench.store.parked(&ParkedFilter::default(), Page::first(10)).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].command_id, parked[0].error_code.as_deref()), (id, Some("NO")));
    assert_eq!(parked[0].payload, Some(serde_json::json!({"account": 17, "cents": 950})));
}

/// Operators of the original update the command and leave our list as it is.
#[tokio::test]
async fn a_command_that_a_foreign_operator_retried_can_be_parked_again() {
    let (bench, foreign) = bench().await;
    for way in ["store", "procedure", "receive"] {
        let id = bench.parked().await;
        bench
            .run(&format!(
                "update commandbus.command set status = 'PENDING', attempts = 0,
                    msg_id = (select pgmq.send('payments__commands', jsonb_build_object('command_id', command_id)))
                 where command_id = '{id}'"
            ))
            .await;
        let mut filter = ParkedFilter::default();
        filter.command_id = Some(id);
        assert_eq!(bench.store.count_parked(&filter).await.unwrap(), 0, "{way}");

        match way {
            "store" => drop(bench.settle(bench.received().await.token, park("AGAIN")).await),
            "procedure" => {
                let (msg_id, id) = foreign.received().await;
                foreign.finish(msg_id, id, "IN_TROUBLESHOOTING_QUEUE").await.unwrap();
            }
            _ => {
                bench.run(&format!("update commandbus.command set attempts = 3 where command_id = '{id}'")).await;
                assert_eq!(bench.receive().await.parked, [id]);
            }
        }
        let parked = bench.store.parked(&filter, Page::first(10)).await.unwrap();
        assert_eq!(parked.len(), 1, "{way}");
        assert_ne!(parked[0].error_code.as_deref(), Some("NO_ACCOUNT"), "{way}");
    }
}
