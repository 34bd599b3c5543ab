//! Replies that no process waits for.

use commandbus::{
    message::{CommandId, ProcessId, ProcessStatus},
    store::StrayReplyReason,
};
use serde_json::{Value, json};

use super::{
    hall::{Hall, ORDERS},
    order::{Does, Order},
};
use crate::time::until;

/// An order that waits for the reply of `close`.
async fn waiting(hall: &Hall) -> ProcessId {
    hall.open();
    let id = hall.start(Order::default().doing("close", Does::wait())).await;
    hall.until_only(id, "close").await;
    id
}

fn success(process: ProcessId, command: CommandId) -> Value {
    json!({ "command_id": command, "correlation_id": process, "outcome": "SUCCESS", "result": { "what": "more" } })
}

/// Puts a reply into the queue and waits until it is archived.
async fn archived(hall: &Hall, reply: Value) {
    let queue = ORDERS.process_replies_queue();
    let msg_id = hall.harness.put(&queue, reply).await;
    until(async || hall.harness.archived(&queue).await.contains(&msg_id)).await;
    assert!(hall.harness.messages(&queue).await.iter().all(|message| message.msg_id != msg_id));
}

/// Puts a reply into the queue that changes nothing of an order, and is recorded for what it is.
async fn changes_nothing(hall: &Hall, id: ProcessId, of: ProcessId, reply: Value, reason: StrayReplyReason) {
    let revision = async || hall.bus.store().processes().load(&ORDERS, &[id]).await.unwrap()[0].revision;
    let before = (hall.order(id).await, hall.steps(id).await, revision().await);
    let known = hall.bus.processes().stray_replies(&ORDERS, of).await.unwrap().len();
    archived(hall, reply.clone()).await;
    assert_eq!((hall.order(id).await, hall.steps(id).await, revision().await), before, "{reason:?}");
    let strays = hall.bus.processes().stray_replies(&ORDERS, of).await.unwrap();
    assert_eq!(strays.len(), known + 1, "{reason:?}");
    let stray = strays.last().unwrap();
    assert_eq!((stray.reason, &stray.reply, stray.process_id), (reason, &reply, Some(of)));
    assert_eq!(json!(stray.command_id), reply["command_id"]);
}

/// It goes on as if nothing had been.
async fn goes_on(hall: &Hall, id: ProcessId) {
    hall.stage.open("close", 1);
    assert_eq!(hall.end(id).await.status, ProcessStatus::Completed);
    assert_eq!(hall.sent(id).await, "reserve debit credit notify close");
    assert_eq!(hall.heard(id).await.len(), 5);
}

async fn a_duplicate_changes_nothing(hall: &Hall) {
    let id = waiting(hall).await;
    for step in ["reserve", "debit", "credit", "notify"] {
        let command = hall.command(id, step).await;
        changes_nothing(hall, id, id, success(id, command), StrayReplyReason::Duplicate).await;
        let other = json!({ "command_id": command, "correlation_id": id, "outcome": "FAILED", "error_code": "NO" });
        changes_nothing(hall, id, id, other, StrayReplyReason::Duplicate).await;
    }
    goes_on(hall, id).await;
}

async fn a_reply_to_a_command_that_it_did_not_send_changes_nothing(hall: &Hall) {
    let id = waiting(hall).await;
    changes_nothing(hall, id, id, success(id, CommandId::new()), StrayReplyReason::Foreign).await;
    let other = hall.start(Order::default().doing("reserve", Does::wait())).await;
    let of_other = hall.until_only(other, "reserve").await;
    changes_nothing(hall, id, id, success(id, of_other), StrayReplyReason::Foreign).await;
    assert_eq!(hall.sent(other).await, "reserve");
    goes_on(hall, id).await;
}

async fn a_reply_to_a_process_that_is_not_there_changes_nothing(hall: &Hall) {
    let id = waiting(hall).await;
    let command = hall.command(id, "close").await;
    let unknown = ProcessId::new();
    changes_nothing(hall, id, unknown, success(unknown, command), StrayReplyReason::Foreign).await;
    goes_on(hall, id).await;
}

async fn a_late_reply_changes_nothing(hall: &Hall) {
    let id = waiting(hall).await;
    goes_on(hall, id).await;
    let close = hall.command(id, "close").await;
    changes_nothing(hall, id, id, success(id, close), StrayReplyReason::Late).await;
    changes_nothing(hall, id, id, success(id, CommandId::new()), StrayReplyReason::Late).await;
}

async fn what_is_no_reply_changes_nothing(hall: &Hall) {
    let id = waiting(hall).await;
    let before = (hall.order(id).await, hall.steps(id).await);
    let close = hall.command(id, "close").await;
    for malformed in [
        json!("hello"),
        json!({}),
        json!({ "correlation_id": id, "outcome": "SUCCESS" }),
        json!({ "command_id": close, "correlation_id": id, "outcome": "PERHAPS" }),
        json!({ "command_id": close, "correlation_id": "me", "outcome": "SUCCESS" }),
        // To no process.
        json!({ "command_id": close, "outcome": "SUCCESS" }),
    ] {
        archived(hall, malformed).await;
    }
    assert_eq!((hall.order(id).await, hall.steps(id).await), before);
    goes_on(hall, id).await;
}

async fn a_reply_that_comes_twice_at_once_is_taken_once(hall: &Hall) {
    let id = hall.start(Order::default()).await;
    let reserve = hall.command(id, "reserve").await;
    let queue = ORDERS.process_replies_queue();
    for _ in 0..3 {
        hall.harness.put(&queue, success(id, reserve)).await;
    }
    hall.route();
    until(async || hall.harness.archived(&queue).await.len() == 2).await;
    assert_eq!(hall.sent(id).await, "reserve debit");
    assert_eq!(hall.heard(id).await, ["more"]);
    let strays = hall.bus.processes().stray_replies(&ORDERS, id).await.unwrap();
    assert!(strays.iter().all(|stray| stray.reason == StrayReplyReason::Duplicate));
    assert!(hall.harness.messages(&queue).await.is_empty());
}

super::on_both! {
    a_duplicate_changes_nothing,
    a_reply_to_a_command_that_it_did_not_send_changes_nothing,
    a_reply_to_a_process_that_is_not_there_changes_nothing,
    a_late_reply_changes_nothing,
    what_is_no_reply_changes_nothing,
    a_reply_that_comes_twice_at_once_is_taken_once,
}
