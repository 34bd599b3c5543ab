use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::{join, join_all};
use serde_json::json;

use super::{Close, Receipt, debit, faulty::Faulty, work};
use crate::{
    bus::{Bus, CommandExt as _, ReplyError, UntypedCommand},
    message::FailureKind,
};

#[tokio::test]
async fn a_reply_is_of_the_declared_type() {
    let bus = Bus::in_memory();
    let sent = debit(5).send(&bus).await.unwrap();
    let (reply, _) = join(sent.reply(), work(&bus)).await;
    assert_eq!(reply.unwrap(), Receipt { cents: 5 });
    assert_eq!(sent.reply().await.unwrap(), Receipt { cents: 5 }, "it can be asked for again");
}

#[tokio::test(start_paused = true)]
async fn a_command_without_a_reply_answers_unit_when_it_has_ended() {
    let bus = Bus::in_memory();
    let sent = Close.send(&bus).await.unwrap();
    let (reply, _) = join(sent.reply(), work(&bus)).await;
    reply.unwrap();
}

#[tokio::test]
async fn failure_and_cancellation_are_typed() {
    let bus = Bus::in_memory();
    let refused = debit(0).send(&bus).await.unwrap();
    work(&bus).await;
    match refused.reply().await.unwrap_err() {
        ReplyError::Failed(failure) => {
            assert_eq!((failure.kind, &*failure.code), (FailureKind::BusinessRule, "NOTHING_DUE"));
            assert_eq!((&*failure.message, failure.details), ("nothing is due", Some(json!({ "cents": 0 }))));
        }
        other => panic!("{other}"),
    }
    let canceled = debit(1).send(&bus).await.unwrap();
    bus.commands().cancel(canceled.domain(), canceled.id(), "alice", "sent in error").await.unwrap();
    let error = canceled.reply().await.unwrap_err();
    assert!(matches!(&error, ReplyError::Canceled { reason, .. } if reason == "sent in error"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_does_not_come_in_time_or_does_not_decode() {
    let bus = Bus::in_memory();
    let sent = debit(-1).send(&bus).await.unwrap();
    work(&bus).await;
    let after = Duration::from_secs(2);
    let error = sent.reply().timeout(after).await.unwrap_err();
    assert!(matches!(error, ReplyError::Timeout { after: given, .. } if given == after), "{error}");

    bus.troubleshooting().by("alice").complete(sent.domain(), sent.id()).await.unwrap();
    assert!(matches!(sent.reply().await, Err(ReplyError::Undecodable { .. })));
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_ask_together_also_when_wake_ups_are_lost() {
    let (store, bus) = Faulty { deaf: true, ..Faulty::default() }.bus();
    let sent = bus.send_many((1..=200).map(debit)).await.unwrap();
    let waiting = tokio::spawn(join_all(sent.iter().map(|sent| sent.reply()).collect::<Vec<_>>()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(store.reply_queries.load(Ordering::Relaxed) < 30, "{:?}", store.reply_queries);
    work(&bus).await;
    assert!(waiting.await.unwrap().iter().all(Result::is_ok));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let queries = store.reply_queries.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(queries, store.reply_queries.load(Ordering::Relaxed), "nobody waits, nobody asks");
}

#[tokio::test]
async fn the_reply_to_an_untyped_command_is_json() {
    let bus = Bus::in_memory();
    let command = UntypedCommand::new(super::PAYMENTS, "Debit", json!({ "cents": 3 }));
    let sent = bus.send_untyped(command).await.unwrap();
    work(&bus).await;
    assert_eq!(sent.reply().await.unwrap(), json!({ "cents": 3 }));
}
