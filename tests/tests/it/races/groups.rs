//! A group is not a fate: one bad member does not take its neighbours with it.

use commandbus::message::{CommandId, CommandStatus, Failure};
use commandbus::store::{Page, ParkReason, ParkedFilter, Settled, Settlement, Store, Token, Verdict};
use serde_json::value::RawValue;

use crate::support::{Bench, PAYMENTS, complete, fail};

fn raw(json: String) -> Verdict {
    Verdict::Complete { result: Some(RawValue::from_string(json).unwrap()), keep: true }
}

/// Deeper than PostgreSQL can read.
fn too_deep() -> String {
    format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))
}

async fn tokens(bench: &Bench, count: usize) -> Vec<Token> {
    let commands: Vec<_> = (0..count).map(|_| crate::support::debit(3)).collect();
    bench.send(&commands).await;
    bench.receive().await.deliveries.iter().map(|delivery| delivery.token).collect()
}

async fn status(bench: &Bench, id: CommandId) -> CommandStatus {
    bench.command(id).await.status
}

#[tokio::test]
async fn a_settlement_that_cannot_be_written_is_parked_and_its_neighbours_are_recorded() {
    let bench = Bench::new().await;
    let nul = || Failure::permanent("BAD", "a NUL: \0");
    let bad: Vec<(&str, Verdict)> = vec![
        ("a result with NUL", raw(r#""\u0000""#.to_owned())),
        ("a result too deep", raw(too_deep())),
        ("a message with NUL, parked", Verdict::Park { reason: ParkReason::Permanent, failure: nul() }),
        ("a message with NUL, failed", Verdict::Fail { failure: nul(), keep: false }),
        ("a message with NUL, retried", Verdict::Retry { failure: nul(), after: std::time::Duration::ZERO }),
        (
            "details with NUL",
            Verdict::Fail { failure: Failure::business_rule("NO", "no").with_details("\0"), keep: false },
        ),
        ("a number beyond numeric", raw("1e200000".to_owned())),
    ];
    for (what, verdict) in bad {
        let tokens = tokens(&bench, 3).await;
        let group = [
            Settlement { token: tokens[0], verdict: complete() },
            Settlement { token: tokens[1], verdict },
            Settlement { token: tokens[2], verdict: fail() },
        ];

        let settled = bench.store.settle(&PAYMENTS, &group).await.unwrap().answers;

        assert_eq!(settled, [Settled::Recorded, Settled::Unsettleable, Settled::Recorded], "{what}");
        assert_eq!(status(&bench, tokens[0].command_id).await, CommandStatus::Completed, "{what}");
        assert_eq!(status(&bench, tokens[1].command_id).await, CommandStatus::InTroubleshooting, "{what}");
        assert_eq!(status(&bench, tokens[2].command_id).await, CommandStatus::Failed, "{what}");
        let mut filter = ParkedFilter::default();
        filter.command_id = Some(tokens[1].command_id);
        let parked = bench.store.parked(&filter, Page::first(1)).await.unwrap();
        assert_eq!(
            (parked[0].reason.as_str(), parked[0].error_code.as_deref()),
            ("UNSETTLEABLE", Some("UNSETTLEABLE"))
        );
        let trail = bench.trail(tokens[1].command_id.as_uuid()).await;
        assert_eq!(trail, ["SENT", "RECEIVED", "MOVED_TO_TSQ"], "{what}");
    }
    assert_eq!(bench.queued().await, 0);
}

#[tokio::test]
async fn a_bad_member_of_a_batch_is_counted_as_parked() {
    let bench = Bench::new().await;
    let (batch, _) = bench.batch_of(2, None).await;
    let received = bench.receive().await;
    let group = [
        Settlement { token: received.deliveries[0].token, verdict: raw(r#""\u0000""#.to_owned()) },
        Settlement { token: received.deliveries[1].token, verdict: complete() },
    ];

    let settled = bench.store.settle(&PAYMENTS, &group).await.unwrap().answers;

    assert_eq!(settled, [Settled::Unsettleable, Settled::Recorded]);
    let counted = bench.batch(batch).await;
    assert_eq!((counted.completed_count, counted.in_troubleshooting_count), (1, 1));
    assert!(!counted.status.is_terminal());
}

#[tokio::test]
async fn a_bad_member_whose_delivery_is_no_longer_current_is_stale() {
    let bench = Bench::new().await;
    let late = tokens(&bench, 1).await[0];
    bench.expire_leases().await;
    bench.received().await;

    assert_eq!(bench.settle(late, raw(r#""\u0000""#.to_owned())).await, Settled::Stale);
    assert_eq!(status(&bench, late.command_id).await, CommandStatus::InProgress);
}

#[tokio::test]
async fn a_reply_that_finds_no_queue_is_set_aside_and_the_settlement_stands() {
    let bench = Bench::new().await;
    let mut lost = crate::support::debit(3);
    lost.reply_to = Some("nobody__replies".to_owned());
    let mut told = crate::support::debit(3);
    told.reply_to = Some(PAYMENTS.replies_queue());
    bench.send(&[lost.clone(), told.clone()]).await;
    let group: Vec<Settlement> = bench
        .receive()
        .await
        .deliveries
        .iter()
        .map(|delivery| Settlement { token: delivery.token, verdict: raw("{\"n\": 1}".to_owned()) })
        .collect();

    let settled = bench.store.settle(&PAYMENTS, &group).await.unwrap().answers;

    assert_eq!(settled, [Settled::Recorded, Settled::Recorded]);
    let undelivered: (uuid::Uuid, String, serde_json::Value) =
        sqlx::query_as("select command_id, reply_queue, reply from commandbus.undelivered_reply")
            .fetch_one(&bench.pool)
            .await
            .unwrap();
    assert_eq!((undelivered.0, undelivered.1.as_str()), (lost.command_id.as_uuid(), "nobody__replies"));
    assert_eq!(undelivered.2["result"], serde_json::json!({"n": 1}));
    let reply: serde_json::Value = bench.ask("select message from pgmq.q_payments__replies").await;
    assert_eq!(
        reply,
        serde_json::json!({
            "command_id": told.command_id, "correlation_id": told.correlation_id, "outcome": "SUCCESS",
            "result": {"n": 1},
        })
    );
}
