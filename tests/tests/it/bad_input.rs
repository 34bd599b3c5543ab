//! What the database refuses: a typed error, and nothing half-written, as the tables show.

use commandbus::error::StoreError;
use commandbus::message::{CommandId, CommandStatus, Domain};
use commandbus::store::postgres::PostgresStore;
use commandbus::store::{Acceptance, EditedPayload, NewCommand, OperatorVerb, Resolution, Settled, Store};
use serde_json::value::RawValue;

use crate::support::{Bench, LEASE, PAYMENTS, by_operator, column, complete, debit, json, new_batch};

/// The largest string in a jsonb has one byte less.
const TOO_LONG: usize = 1 << 28;

fn carrying(json: String) -> NewCommand {
    NewCommand { data: RawValue::from_string(json).unwrap(), ..debit(3) }
}

fn bad_commands() -> Vec<(&'static str, NewCommand)> {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    vec![
        ("a NUL in the payload", carrying(r#"{"name": "a\u0000b"}"#.to_owned())),
        ("a NUL in the type", NewCommand { command_type: "Debit\0".into(), ..debit(3) }),
        ("a payload too deep", carrying(deep)),
        ("a number beyond numeric", carrying("1e200000".to_owned())),
    ]
}

/// The rows of every table and queue that a send writes.
async fn rows(bench: &Bench) -> Vec<i64> {
    column(
        &bench.pool,
        "select count(*) from commandbus.command union all select count(*) from commandbus.batch
         union all select count(*) from commandbus.audit union all select count(*) from pgmq.q_payments__commands",
    )
    .await
}

fn assert_data(what: &str, error: &StoreError) {
    assert!(matches!(error, StoreError::Data { .. }), "{what}: {error}");
    assert!(!error.is_transient(), "{what}");
}

#[tokio::test]
async fn a_bad_member_refuses_its_group_and_nothing_is_written() {
    let bench = Bench::new().await;
    for (what, bad) in bad_commands() {
        let group = [debit(3), bad, debit(3)];

        assert_data(what, &bench.store.send(&PAYMENTS, &group).await.unwrap_err());
        assert_data(what, &bench.store.send_all(&PAYMENTS, &group).await.unwrap_err());
        let mut writer = bench.store.begin_batch(new_batch(None)).await.unwrap();
        writer.add(&[debit(3)]).await.unwrap();
        assert_data(what, &writer.add(&group).await.unwrap_err());
        drop(writer);

        assert_eq!(rows(&bench).await, [0, 0, 0, 0], "{what}");
        // Alone, its neighbours go.
        bench.send(&group[..1]).await;
        let delivery = bench.received().await;
        assert_eq!(bench.settle(delivery.token, complete()).await, Settled::Recorded);
        bench.run("truncate commandbus.command, commandbus.audit").await;
    }
}

#[tokio::test]
async fn a_payload_beyond_the_limit_of_jsonb_is_refused_and_nothing_is_written() {
    let bench = Bench::new().await;
    let oversized = carrying(format!("\"{}\"", "x".repeat(TOO_LONG)));

    let error = bench.store.send(&PAYMENTS, &[oversized]).await.unwrap_err();

    assert_data("oversized", &error);
    assert_eq!(rows(&bench).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_writer_that_goes_on_after_a_refusal_cannot_commit_half_a_batch() {
    let bench = Bench::new().await;
    let mut writer = bench.store.begin_batch(new_batch(None)).await.unwrap();
    writer.add(&[debit(3)]).await.unwrap();
    writer.add(&[carrying(r#""\u0000""#.to_owned())]).await.unwrap_err();

    writer.finish().await.unwrap_err();

    assert_eq!(rows(&bench).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn an_empty_batch_is_refused_and_leaves_nothing() {
    let bench = Bench::new().await;
    let writer = bench.store.begin_batch(new_batch(None)).await.unwrap();

    let error = writer.finish().await.unwrap_err();

    assert_eq!(error.to_string(), "Batch must contain at least one command");
    assert_eq!(rows(&bench).await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_batch_with_an_id_that_exists_names_it_and_leaves_nothing() {
    let bench = Bench::new().await;
    let known = debit(3);
    bench.send(std::slice::from_ref(&known)).await;
    let before = rows(&bench).await;
    let twice = debit(3);
    let mut writer = bench.store.begin_batch(new_batch(None)).await.unwrap();
    writer.add(&[debit(3), twice.clone()]).await.unwrap();
    writer.add(&[known.clone(), twice.clone()]).await.unwrap();

    let duplicates = writer.finish().await.unwrap().unwrap_err().commands;

    assert_eq!(duplicates, [known.command_id, twice.command_id]);
    assert_eq!(rows(&bench).await, before);
}

#[tokio::test]
async fn of_two_who_send_one_id_at_once_exactly_one_does() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    for _ in 0..30 {
        let commands: Vec<NewCommand> = (0..5).map(|_| debit(3)).collect();
        let backward: Vec<NewCommand> = commands.iter().rev().cloned().collect();

        let (mine, theirs) = tokio::join!(bench.store.send(&PAYMENTS, &commands), other.send(&PAYMENTS, &backward));

        for (mine, theirs) in mine.unwrap().into_iter().zip(theirs.unwrap().into_iter().rev()) {
            assert_ne!(mine, theirs);
        }
    }
    assert_eq!(rows(&bench).await, [150, 0, 150, 150]);
}

#[tokio::test]
async fn of_two_batches_with_one_id_at_once_exactly_one_is_created() {
    let bench = Bench::new().await;
    let other = bench.another_store().await;
    let create = async |store: &PostgresStore, shared: &NewCommand| {
        let mut writer = store.begin_batch(new_batch(None)).await.unwrap();
        writer.add(&[debit(3), shared.clone()]).await.unwrap();
        writer.finish().await.unwrap().map_err(|duplicates| duplicates.commands)
    };
    for _ in 0..10 {
        let shared = debit(3);

        let answers = tokio::join!(create(&bench.store, &shared), create(&other, &shared));

        let refused = Err(vec![shared.command_id]);
        assert!(answers == (Ok(2), refused.clone()) || answers == (refused, Ok(2)), "{answers:?}");
    }
    assert_eq!(rows(&bench).await, [20, 10, 20, 20]);
}

#[tokio::test]
async fn a_group_with_one_id_twice_sends_it_once_as_it_came_first() {
    let bench = Bench::new().await;
    let first = debit(3);
    let second = NewCommand { data: json(&serde_json::json!({"second": true})), ..first.clone() };

    let answers = bench.store.send(&PAYMENTS, &[first.clone(), second, debit(3)]).await.unwrap();

    assert_eq!(answers, [Acceptance::Sent, Acceptance::Duplicate, Acceptance::Sent]);
    let received = bench.receive().await;
    assert_eq!(received.deliveries.len(), 2);
    assert_eq!(received.deliveries[0].token.command_id, first.command_id);
    assert_eq!(received.deliveries[0].data.get(), r#"{"cents": 950, "account": 17}"#);
}

#[tokio::test]
async fn a_queue_that_was_dropped_behind_our_back_is_made_again() {
    let bench = Bench::new().await;
    let drop_queue = "select pgmq.drop_queue('payments__commands')";
    bench.sent(3).await;
    bench.receive().await;

    bench.run(drop_queue).await;
    bench.store.send(&PAYMENTS, &[debit(3)]).await.unwrap_err();
    bench.sent(3).await;

    bench.run(drop_queue).await;
    bench.store.receive(&PAYMENTS, 1, LEASE).await.unwrap_err();
    assert!(bench.receive().await.deliveries.is_empty());

    bench.run(drop_queue).await;
    bench.store.send_all(&PAYMENTS, &[debit(3)]).await.unwrap_err();
    assert_eq!(bench.store.send_all(&PAYMENTS, &[debit(3)]).await.unwrap(), Ok(()));
    bench.received().await;
}

#[tokio::test]
async fn a_missing_queue_of_a_domain_called_commandbus_is_not_a_missing_schema() {
    let bench = Bench::new().await;
    let domain = Domain::from_static("commandbus");
    bench.store.send(&domain, &[debit(3)]).await.unwrap();
    bench.run("select pgmq.drop_queue('commandbus__commands')").await;

    let error = bench.store.send(&domain, &[debit(3)]).await.unwrap_err();

    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    bench.store.send(&domain, &[debit(3)]).await.unwrap();
}

#[tokio::test]
async fn messages_that_no_command_waits_for_are_archived() {
    let bench = Bench::new().await;
    let completed = bench.sent(3).await;
    bench.settle(bench.received().await.token, complete()).await;
    let waiting = bench.sent(3).await;
    for message in [
        "\"text\"".to_owned(),
        "{}".to_owned(),
        "{\"command_id\": \"seven\"}".to_owned(),
        format!("{{\"command_id\": \"{}\"}}", CommandId::new()),
        format!("{{\"command_id\": \"{completed}\"}}"),
        format!("{{\"command_id\": \"{waiting}\"}}"),
    ] {
        bench.run(&format!("select pgmq.send('payments__commands', '{message}')")).await;
    }

    let received = bench.receive().await;

    assert_eq!(received.deliveries.len(), 1);
    assert_eq!(received.deliveries[0].token.command_id, waiting);
    let reasons: Vec<&str> = received.strays.iter().map(|stray| stray.reason.as_str()).collect();
    assert_eq!(reasons, ["MALFORMED", "MALFORMED", "MALFORMED", "ABSENT", "NOT_AWAITED", "SUPERSEDED"]);
    assert_eq!((bench.queued().await, bench.archived().await), (1, 6));
    assert_eq!(bench.command(completed).await.status, CommandStatus::Completed);
}

#[tokio::test]
async fn an_edit_that_cannot_be_stored_leaves_the_command_parked() {
    let bench = Bench::new().await;
    let id = bench.parked().await;
    let before = rows(&bench).await;
    let data = RawValue::from_string(r#""\u0000""#.to_owned()).unwrap();
    let payload = Some(EditedPayload { data, version: None });

    let refused = bench.store.resolve(&PAYMENTS, &[by_operator(id, OperatorVerb::Retry { payload })]).await;

    assert_data("an edited payload", &refused.unwrap_err());
    assert_eq!(rows(&bench).await, before);
    let retry = by_operator(id, OperatorVerb::Retry { payload: None });
    assert_eq!(bench.store.resolve(&PAYMENTS, &[retry]).await.unwrap(), [Resolution::Done]);
}
