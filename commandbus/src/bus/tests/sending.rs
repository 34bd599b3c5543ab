use std::time::Duration;

use futures_util::future::try_join_all;
use serde_json::json;
use uuid::Uuid;

use super::{Close, Debit, PAYMENTS, debit};
use crate::{
    bus::{Bus, CommandExt as _, SendError, Sending, UntypedCommand},
    message::{CommandId, CommandStatus},
    store::{CommandFilter, Page},
};

#[tokio::test]
async fn what_was_sent_is_stored_with_its_options() {
    let bus = Bus::in_memory();
    let (id, correlation) = (CommandId::new(), Uuid::now_v7());
    let sent =
        debit(5).send(&bus).id(id).correlation(correlation).max_attempts(7).reply_to("audit_replies").await.unwrap();
    assert_eq!(sent.id(), id);
    let stored = bus.store().command(&PAYMENTS, id).await.unwrap().unwrap();
    assert_eq!(stored.status, CommandStatus::Pending);
    assert_eq!((stored.max_attempts, stored.correlation_id), (7, Some(correlation)));
    assert_eq!(stored.reply_to.as_deref(), Some("audit_replies"));
}

#[tokio::test]
async fn a_delayed_command_is_not_received_yet() {
    let bus = Bus::in_memory();
    debit(5).send(&bus).delay(Duration::from_secs(60)).await.unwrap();
    debit(6).send(&bus).at(chrono::Utc::now() + chrono::TimeDelta::hours(1)).await.unwrap();
    assert_eq!(super::work(&bus).await, 0);
}

#[tokio::test]
async fn a_duplicate_is_named() {
    let bus = Bus::in_memory();
    let id = CommandId::new();
    debit(5).send(&bus).id(id).await.unwrap();
    let error = debit(5).send(&bus).id(id).await.unwrap_err();
    assert!(matches!(&error, SendError::DuplicateCommand { ids, .. } if *ids == [id]), "{error}");
    assert!(error.to_string().contains(&id.to_string()));
}

#[tokio::test]
async fn options_that_cannot_be_are_refused_before_anything_is_sent() {
    let bus = Bus::in_memory();
    assert!(matches!(debit(5).send(&bus).max_attempts(0).await, Err(SendError::NoAttempts)));
    for queue in ["", "a-b", "ä", &"q".repeat(48)] {
        let error = debit(5).send(&bus).reply_to(queue).max_attempts(2).await.unwrap_err();
        assert!(matches!(error, SendError::InvalidReplyTo { .. }), "{queue}: {error}");
    }
    let untyped = |name: &str, data| bus.send_untyped(UntypedCommand::new(PAYMENTS, name, data));
    assert!(matches!(untyped("", json!({})).await, Err(SendError::InvalidCommandType { .. })));
    assert!(matches!(untyped("T", json!("a\0b")).await, Err(SendError::Payload(_))));
    assert!(bus.commands().list(&CommandFilter::default(), Page::first(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn within_needs_a_bus_on_postgresql() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let error = SendError::from(Bus::in_memory().postgres().unwrap_err());
    assert_eq!(error.to_string(), "`.within` needs a bus on PostgreSQL; this one is in memory");
    let bus = Bus::in_memory();
    let sending: Sending<Debit> = is_send(debit(1).send(&bus));
    drop(sending);
}

#[tokio::test]
async fn many_are_sent_in_chunks_and_a_chunk_is_all_or_nothing() {
    let bus = Bus::in_memory();
    let sent = bus.send_many((1..=2_500).map(debit)).await.unwrap();
    assert_eq!(sent.len(), 2_500);
    assert!(sent.is_sorted_by_key(|sent| sent.id()));

    let taken = sent[0].id();
    let commands = (0..1_500).map(|n| debit(n).with_id(if n == 1_200 { taken } else { CommandId::new() }));
    let error = bus.send_many(commands).await.unwrap_err();
    assert_eq!(error.sent.len(), 1_000);
    assert!(matches!(&error.source, SendError::DuplicateCommand { ids, .. } if *ids == [taken]));
    assert!(error.to_string().contains("1000 commands"));
    assert!(bus.send_many(Vec::<Close>::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_sending_is_a_future_that_joins() {
    let bus = Bus::in_memory();
    let sent = try_join_all((0..20).map(|n| debit(n).send(&bus))).await.unwrap();
    assert_eq!(sent.len(), 20);
    let task = tokio::spawn(debit(1).send(&bus));
    task.await.unwrap().unwrap();
}
