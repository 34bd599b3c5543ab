use commandbus::{
    message::{CommandId, Outcome, Reply},
    store::{OperatorVerb, Verdict},
};
use serde_json::{Value, json};

use crate::contract::{
    verdicts::{complete, complete_with, completed, fail, park, refusal, retry},
    world::{World, debit, raw, read},
};

fn result(reply: &Reply) -> Option<Value> {
    reply.result.as_deref().map(read)
}

/// Sends a command that wants its reply in the domain's queue.
async fn asked(world: &World) -> (CommandId, uuid::Uuid) {
    let mut command = debit(100);
    command.reply_to = Some(world.domain.replies_queue());
    (world.send(command.clone()).await, command.correlation_id)
}

/// The replies in the domain's queue.
async fn sent(world: &World) -> Vec<Value> {
    let messages = world.harness.messages(&world.domain.replies_queue()).await;
    messages.into_iter().map(|message| message.body).collect()
}

pub(crate) async fn a_kept_result_is_found_again(world: &World) {
    let id = world.sent_and_run(complete_with(json!({ "balance": 5 }))).await;
    let reply = world.reply(id).await.unwrap();
    assert_eq!((reply.command_id, reply.outcome), (id, Outcome::Success));
    assert_eq!(reply.correlation_id, world.command(id).await.correlation_id);
    assert_eq!(result(&reply), Some(json!({ "balance": 5 })));
}

pub(crate) async fn a_result_that_is_not_kept_is_only_a_success(world: &World) {
    let id = world.sent_and_run(Verdict::Complete { result: Some(raw(json!(5))), keep: false }).await;
    let reply = world.reply(id).await.unwrap();
    assert_eq!((reply.outcome, result(&reply)), (Outcome::Success, None));
}

pub(crate) async fn a_kept_refusal_tells_everything(world: &World) {
    let id = world.sent_and_run(Verdict::Fail { failure: refusal(), keep: true }).await;
    let reply = world.reply(id).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Failed);
    assert_eq!(reply.error_type.as_deref(), Some("BUSINESS_RULE"));
    assert_eq!(reply.error_code.as_deref(), Some("NO_COVER"));
    assert_eq!(reply.error_message.as_deref(), Some("not enough cover"));
    assert_eq!(reply.error_details, Some(json!({ "missing": 5 })));
}

pub(crate) async fn a_refusal_that_is_not_kept_tells_what_the_row_tells(world: &World) {
    let id = world.sent_and_run(fail()).await;
    let reply = world.reply(id).await.unwrap();
    assert_eq!(reply.outcome, Outcome::Failed);
    assert_eq!(reply.error_type.as_deref(), Some("BUSINESS_RULE"));
    assert_eq!(reply.error_code.as_deref(), Some("NO_COVER"));
    assert_eq!(reply.error_message.as_deref(), Some("not enough cover"));
    assert_eq!(reply.error_details, None);
}

pub(crate) async fn what_has_not_ended_has_no_reply(world: &World) {
    let parked = world.sent_and_run(park()).await;
    let retried = world.sent_and_run(retry()).await;
    let running = world.send(debit(1)).await;
    world.delivery().await;
    let waiting = world.send(debit(2)).await;
    let ids = [parked, retried, running, waiting, CommandId::new()];
    assert!(world.store.replies(&world.domain, &ids).await.unwrap().is_empty());
}

pub(crate) async fn replies_of_several_are_found_together(world: &World) {
    let first = world.sent_and_run(complete_with(json!(1))).await;
    let open = world.sent_and_run(park()).await;
    let last = world.sent_and_run(complete()).await;
    let found = world.store.replies(&world.domain, &[first, open, last]).await.unwrap();
    let mut ids: Vec<_> = found.iter().map(|reply| reply.command_id).collect();
    ids.sort();
    assert_eq!(ids, [first, last]);
}

pub(crate) async fn nobody_asked_so_nothing_is_sent(world: &World) {
    world.sent_and_run(complete_with(json!(1))).await;
    assert!(sent(world).await.is_empty());
    assert!(world.harness.undelivered_replies().await.is_empty());
}

pub(crate) async fn a_success_is_sent_to_who_asked(world: &World) {
    let (id, correlation_id) = asked(world).await;
    world.run(complete_with(json!({ "balance": 5 }))).await;
    let expected = json!({
        "command_id": id,
        "correlation_id": correlation_id,
        "outcome": "SUCCESS",
        "result": { "balance": 5 },
    });
    assert_eq!(sent(world).await, [expected]);
}

pub(crate) async fn a_success_without_result_is_sent_without_one(world: &World) {
    let (id, correlation_id) = asked(world).await;
    world.run(complete()).await;
    let expected = json!({ "command_id": id, "correlation_id": correlation_id, "outcome": "SUCCESS" });
    assert_eq!(sent(world).await, [expected]);
}

pub(crate) async fn a_refusal_is_sent_to_who_asked(world: &World) {
    let (id, correlation_id) = asked(world).await;
    world.run(fail()).await;
    let expected = json!({
        "command_id": id,
        "correlation_id": correlation_id,
        "outcome": "FAILED",
        "error_type": "BUSINESS_RULE",
        "error_code": "NO_COVER",
        "error_message": "not enough cover",
        "error_details": { "missing": 5 },
    });
    assert_eq!(sent(world).await, [expected]);
}

pub(crate) async fn a_cancel_is_told_to_who_asked(world: &World) {
    let (id, correlation_id) = asked(world).await;
    world.store.cancel(&world.domain, &[id], "ada", "sent twice").await.unwrap();
    let expected = json!({
        "command_id": id,
        "correlation_id": correlation_id,
        "outcome": "CANCELED",
        "reason": "sent twice",
    });
    assert_eq!(sent(world).await, [expected]);
}

pub(crate) async fn parking_sends_no_reply_and_its_operator_does(world: &World) {
    let (canceled, _) = asked(world).await;
    world.run(park()).await;
    let (done, _) = asked(world).await;
    world.run(park()).await;
    assert!(sent(world).await.is_empty());

    world.resolve(canceled, OperatorVerb::Cancel).await;
    world.resolve(done, OperatorVerb::Complete { result: Some(raw(json!({ "balance": 0 }))) }).await;
    let replies = sent(world).await;
    assert_eq!(replies.len(), 2);
    assert_eq!((&replies[0]["command_id"], &replies[0]["outcome"]), (&json!(canceled), &json!("CANCELED")));
    assert_eq!(replies[0]["reason"], "looked into it");
    assert_eq!((&replies[1]["command_id"], &replies[1]["outcome"]), (&json!(done), &json!("SUCCESS")));
    assert_eq!(replies[1]["result"], json!({ "balance": 0 }));
}

pub(crate) async fn what_operators_end_is_always_kept(world: &World) {
    let canceled = world.sent_and_run(park()).await;
    world.resolve(canceled, OperatorVerb::Cancel).await;
    let reply = world.reply(canceled).await.unwrap();
    assert_eq!((reply.outcome, reply.reason.as_deref()), (Outcome::Canceled, Some("looked into it")));

    let done = world.sent_and_run(park()).await;
    world.resolve(done, OperatorVerb::Complete { result: Some(raw(json!({ "balance": 0 }))) }).await;
    let reply = world.reply(done).await.unwrap();
    assert_eq!((reply.outcome, result(&reply)), (Outcome::Success, Some(json!({ "balance": 0 }))));

    let without = world.sent_and_run(park()).await;
    world.resolve(without, completed()).await;
    let reply = world.reply(without).await.unwrap();
    assert_eq!((reply.outcome, result(&reply)), (Outcome::Success, None));
}

pub(crate) async fn a_reply_that_cannot_be_delivered_undoes_nothing(world: &World) {
    let mut command = debit(100);
    command.reply_to = Some("nowhere__replies".into());
    let id = world.send(command).await;
    world.run(complete_with(json!(1))).await;
    assert_eq!(world.harness.undelivered_replies().await, [("nowhere__replies".to_owned(), id)]);
    assert_eq!(world.reply(id).await.unwrap().outcome, Outcome::Success);
    assert_eq!(world.events(id).await, ["SENT", "RECEIVED", "COMPLETED"]);
}
