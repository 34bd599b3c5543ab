use commandbus::{
    message::{AuditEvent, CommandId, Failure},
    store::{OperatorVerb, ParkReason, Verdict},
};
use serde_json::{Value, json};

use crate::contract::{
    verdicts::{BACKOFF, again, complete, complete_with, edited, fail, give_back, park, park_as, retry},
    world::{LEASE, World, debit, operator, raw},
};

/// The whole trail of a command: event and details.
async fn trail(world: &World, id: CommandId) -> Vec<(String, Value)> {
    let audit = world.audit(id).await;
    assert!(audit.is_sorted_by_key(|event| event.audit_id));
    assert!(audit.iter().all(|event: &AuditEvent| event.subject == id.as_uuid() && event.domain == world.domain));
    audit.into_iter().map(|event| (event.event, event.details)).collect()
}

fn event(name: &str, details: Value) -> (String, Value) {
    (name.to_owned(), details)
}

pub(crate) async fn a_life_with_every_turn(world: &World) {
    let command = debit(100);
    let id = world.send(command.clone()).await;
    let first = world.run(retry()).await.msg_id;
    world.pass_time(BACKOFF).await;
    world.run(park()).await;
    world.resolve(id, again()).await;
    let second = world.run(complete_with(json!(5))).await.msg_id;

    let mut trail = trail(world, id).await;
    // A number in JSON may be written 10 or 10.0.
    assert_eq!(trail[2].1["retry_in_s"].as_f64(), Some(10.0));
    trail[2].1["retry_in_s"] = json!(10);
    let expected = [
        event(
            "SENT",
            json!({
                "command_type": "DebitAccount",
                "correlation_id": command.correlation_id,
                "reply_to": null,
                "msg_id": first,
                "batch_id": null,
            }),
        ),
        event("RECEIVED", json!({ "msg_id": first, "attempt": 1, "max_attempts": 3 })),
        event(
            "FAILED",
            json!({
                "msg_id": first,
                "attempt": 1,
                "max_attempts": 3,
                "error_type": "TRANSIENT",
                "error_code": "BANK_DOWN",
                "error_msg": "the bank does not answer",
                "retry_in_s": 10,
            }),
        ),
        event("RECEIVED", json!({ "msg_id": first, "attempt": 2, "max_attempts": 3 })),
        event(
            "MOVED_TO_TSQ",
            json!({
                "msg_id": first,
                "attempt": 2,
                "max_attempts": 3,
                "reason": "PERMANENT",
                "error_type": "PERMANENT",
                "error_code": "ACCOUNT_GONE",
                "error_msg": "account 4711 is gone",
                "error_details": null,
            }),
        ),
        event(
            "OPERATOR_RETRY",
            json!({ "operator": "ada", "reason": "looked into it", "new_msg_id": second, "edited": false }),
        ),
        event("RECEIVED", json!({ "msg_id": second, "attempt": 1, "max_attempts": 3 })),
        event("COMPLETED", json!({ "msg_id": second, "reply_to": null, "has_result": true })),
    ];
    assert_eq!(trail, expected);
}

pub(crate) async fn a_batch_and_a_reply_queue_are_named_when_sent(world: &World) {
    let (batch, mut command) = (world.new_batch(), debit(100));
    let batch_id = batch.batch_id;
    command.reply_to = Some(world.domain.replies_queue());
    world.create(batch, std::slice::from_ref(&command)).await.unwrap();
    world.run(complete()).await;
    let trail = trail(world, command.command_id).await;
    assert_eq!(trail[0].1["batch_id"], json!(batch_id));
    assert_eq!(trail[0].1["reply_to"], "payments__replies");
    assert_eq!(trail[2].1["reply_to"], "payments__replies");
    assert_eq!(trail[2].1["has_result"], false);
}

pub(crate) async fn a_refusal_tells_its_details(world: &World) {
    let id = world.sent_and_run(fail()).await;
    let msg_id = world.command(id).await.msg_id;
    let details = json!({
        "msg_id": msg_id,
        "attempt": 1,
        "max_attempts": 3,
        "reason": "BUSINESS_RULE",
        "error_type": "BUSINESS_RULE",
        "error_code": "NO_COVER",
        "error_msg": "not enough cover",
        "error_details": { "missing": 5 },
    });
    assert_eq!(trail(world, id).await[2], event("BUSINESS_RULE_FAILED", details));
}

pub(crate) async fn exhaustion_tells_the_last_error(world: &World) {
    let failure = Failure::transient("BANK_DOWN", "no answer").with_details(json!({ "port": 443 }));
    let id = world.sent_and_run(park_as(ParkReason::Exhausted, failure)).await;
    let details = &trail(world, id).await[2].1;
    assert_eq!((&details["reason"], &details["error_type"]), (&json!("EXHAUSTED"), &json!("TRANSIENT")));
    assert_eq!((&details["error_code"], &details["error_details"]), (&json!("BANK_DOWN"), &json!({ "port": 443 })));
}

pub(crate) async fn dead_workers_leave_their_receives_and_the_end(world: &World) {
    let mut command = debit(100);
    command.max_attempts = 1;
    let id = world.send(command).await;
    world.delivery().await;
    world.pass_time(LEASE).await;
    world.receive().await;
    let trail = trail(world, id).await;
    let events: Vec<_> = trail.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["SENT", "RECEIVED", "MOVED_TO_TSQ"]);
    let details = &trail[2].1;
    assert_eq!((&details["reason"], &details["error_code"]), (&json!("UNSETTLED"), &json!("UNSETTLED")));
    assert_eq!((&details["attempt"], &details["max_attempts"]), (&json!(1), &json!(1)));
}

pub(crate) async fn giving_back_leaves_no_trace_but_the_receives(world: &World) {
    let id = world.sent_and_run(give_back()).await;
    world.run(complete()).await;
    let trail = trail(world, id).await;
    let events: Vec<_> = trail.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["SENT", "RECEIVED", "RECEIVED", "COMPLETED"]);
    assert_eq!((&trail[1].1["attempt"], &trail[2].1["attempt"]), (&json!(1), &json!(1)));
}

pub(crate) async fn an_operators_cancel_tells_who_and_why(world: &World) {
    let mut command = debit(100);
    command.reply_to = Some(world.domain.replies_queue());
    let id = world.send(command).await;
    world.run(park()).await;
    world.resolve(id, OperatorVerb::Cancel).await;
    let details = json!({ "operator": "ada", "reason": "looked into it", "reply_to": "payments__replies" });
    assert_eq!(trail(world, id).await[3], event("OPERATOR_CANCEL", details));
}

pub(crate) async fn an_operators_completion_tells_whether_there_is_a_result(world: &World) {
    for result in [None, Some(raw(json!(5)))] {
        let id = world.sent_and_run(park()).await;
        let has_result_data = result.is_some();
        let mut action = operator(id, OperatorVerb::Complete { result });
        action.reason = None;
        world.store.resolve(&world.domain, &[action]).await.unwrap();
        let details =
            json!({ "operator": "ada", "reason": null, "has_result_data": has_result_data, "reply_to": null });
        assert_eq!(trail(world, id).await[3], event("OPERATOR_COMPLETE", details));
    }
}

pub(crate) async fn an_operators_edit_is_told(world: &World) {
    let id = world.sent_and_run(park()).await;
    world.resolve(id, edited(json!({ "cents": 90 }))).await;
    assert_eq!(trail(world, id).await[3].1["edited"], true);
}

pub(crate) async fn a_retry_tells_its_pause_in_seconds(world: &World) {
    let failure = Failure::transient("BUSY", "busy");
    let after = std::time::Duration::from_millis(9_250);
    let id = world.sent_and_run(Verdict::Retry { failure, after }).await;
    assert_eq!(trail(world, id).await[2].1["retry_in_s"].as_f64(), Some(9.25));
}
