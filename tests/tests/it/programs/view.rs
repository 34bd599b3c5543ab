//! All that can be seen of a store, without what two stores need not have in common: numbers of messages and moments.

use std::{collections::BTreeMap, time::Duration};

use commandbus::{
    message::CommandId,
    store::{CommandFilter, Page, ParkedFilter, ProcessFilter},
};
use serde_json::{Value, json};

use super::twins::{MINUTE, PAYMENTS, Twins};
use crate::contract::{
    harness::{Harness, Queued},
    world::{process::TRANSFERS, read},
};

pub(super) type View = BTreeMap<String, Value>;

/// Whether this is something that has ended, and may not change any more.
pub(super) fn has_ended(value: &Value) -> bool {
    let status = value["status"].as_str().unwrap_or_default();
    ["COMPLETED", "FAILED", "CANCELED", "COMPLETED_WITH_FAILURES", "COMPENSATED"].contains(&status)
}

/// Takes moments and numbers out of a value; of some moments it matters whether they are there.
fn stripped(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        for name in [
            "created_at",
            "updated_at",
            "sent_at",
            "parked_at",
            "recorded_at",
            "msg_id",
            "new_msg_id",
            "audit_id",
            "parked_id",
            "parked_reply_id",
            "at",
            "paused_at",
        ] {
            fields.remove(name);
        }
        for name in ["started_at", "completed_at", "lease_expires_at", "received_at", "due_at", "deadline_at"] {
            if let Some(moment) = fields.get_mut(name) {
                *moment = json!(!moment.is_null());
            }
        }
        // What PostgreSQL says of what it does not take is its own.
        if fields.get("last_error_code").or(fields.get("error_code")) == Some(&json!("UNSETTLEABLE")) {
            for name in ["last_error_msg", "error_msg", "fingerprint"] {
                fields.remove(name);
            }
        }
    }
    value
}

fn list<T: serde::Serialize>(items: impl IntoIterator<Item = T>) -> Vec<Value> {
    items.into_iter().map(|item| stripped(serde_json::to_value(item).unwrap())).collect()
}

/// Of those that one transition made the order is nobody's business.
fn sorted(mut items: Vec<Value>) -> Value {
    items.sort_by_cached_key(Value::to_string);
    Value::Array(items)
}

/// A message by what it says and for how many minutes it is hidden. When members of a group get their turn is up to the
/// store, up to the next receive.
fn message(Queued { body, hidden_for, .. }: Queued, grouped: &[CommandId]) -> Value {
    let is_grouped = grouped.iter().any(|id| body["command_id"] == json!(id));
    let hidden = (!is_grouped && hidden_for > Duration::ZERO)
        .then(|| (hidden_for.min(Duration::from_secs(86_400)).as_secs_f64() / MINUTE.as_secs_f64()).round());
    json!({ "says": body, "hidden_for": hidden })
}

pub(super) async fn of(harness: &dyn Harness, twins: &Twins) -> View {
    let store = harness.store();
    let mut view = View::new();
    let commands = store.commands(&CommandFilter::default(), Page::first(10_000)).await.unwrap();
    let grouped: Vec<CommandId> =
        commands.iter().filter(|command| command.group.is_some()).map(|command| command.command_id).collect();
    for command in list(&commands) {
        view.insert(format!("command {}", command["command_id"]), command);
    }
    let replies = store.replies(&PAYMENTS, &[&*twins.commands, &twins.callbacks].concat()).await.unwrap();
    view.insert("replies".into(), sorted(list(replies)));
    let batches = store.batches(&PAYMENTS, &twins.batches).await.unwrap().into_iter();
    let process_batches = store.batches(&TRANSFERS, &twins.process_batches).await.unwrap();
    for batch in list(batches.chain(process_batches)) {
        view.insert(format!("batch {}", batch["batch_id"]), batch);
    }
    let parked = store.parked(&ParkedFilter::default(), Page::first(10_000)).await.unwrap();
    view.insert("parked".into(), sorted(list(parked)));
    for queue in [PAYMENTS.commands_queue(), PAYMENTS.replies_queue(), TRANSFERS.process_replies_queue()] {
        let messages = harness.messages(&queue).await.into_iter().map(|queued| message(queued, &grouped));
        let archived = harness.archived(&queue).await.len();
        view.insert(queue, json!({ "messages": sorted(messages.collect()), "archived": archived }));
    }
    let mut undelivered = harness.undelivered_replies().await;
    undelivered.sort();
    view.insert("undelivered".into(), json!(undelivered));

    let processes = store.processes();
    for process in list(processes.list(&ProcessFilter::default(), Page::first(10_000)).await.unwrap()) {
        view.insert(format!("process {}", process["process_id"]), process);
    }
    for record in processes.load(&TRANSFERS, &twins.processes).await.unwrap() {
        let steps: Vec<String> = record.steps.iter().map(|step| format!("{step:?}")).collect();
        let seen = json!({
            "revision": record.revision, "state": read(&record.state), "cause": record.cause,
            "ends_as": format!("{:?}", record.ends_as), "is_overdue": record.is_overdue, "steps": steps,
        });
        view.insert(format!("record {}", record.process_id), seen);
    }
    let parked = processes.parked_replies(&TRANSFERS, Page::first(10_000)).await.unwrap();
    view.insert("parked replies".into(), Value::Array(list(parked)));
    view
}

/// The audit trails of everything, and what else is looked up one by one.
pub(super) async fn trails(harness: &dyn Harness, twins: &Twins) -> View {
    let store = harness.store();
    let mut view = View::new();
    let commands = twins.commands.iter().chain(&twins.callbacks).map(|id| (&PAYMENTS, id.as_uuid()));
    let batches = twins.batches.iter().map(|id| (&PAYMENTS, id.as_uuid()));
    let process_batches = twins.process_batches.iter().map(|id| (&TRANSFERS, id.as_uuid()));
    for (domain, subject) in commands.chain(batches).chain(process_batches) {
        let events = store.audit(domain, subject).await.unwrap();
        let events: Vec<Value> = events
            .into_iter()
            .map(|event| json!({ "event": event.event, "details": stripped(event.details) }))
            .collect();
        view.insert(format!("trail of {subject}"), Value::Array(events));
    }
    for id in &twins.commands {
        let before = harness.payload_before_edit(&PAYMENTS, *id).await;
        view.insert(format!("payload of {id} before it was edited"), json!(before));
    }
    for id in &twins.processes {
        let steps = store.processes().steps(&TRANSFERS, *id).await.unwrap();
        let strays = store.processes().stray_replies(&TRANSFERS, *id).await.unwrap();
        view.insert(format!("steps of {id}"), Value::Array(list(steps)));
        view.insert(format!("stray replies to {id}"), sorted(list(strays)));
    }
    view
}
