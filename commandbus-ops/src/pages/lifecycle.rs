//! The life of a command: its states with their times, and its audit trail.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    elements::{folded, words},
    time,
};
use crate::view::{Command, Event};

/// One state of the diagram.
struct Station {
    name: &'static str,
    at: Option<DateTime<Utc>>,
    more: Option<String>,
}

/// When something of this kind happened last.
fn last(audit: &[Event], kinds: &[&str]) -> Option<DateTime<Utc>> {
    audit.iter().rev().find(|event| kinds.contains(&event.event.as_str())).map(|event| event.at)
}

fn stations(command: &Command, audit: &[Event]) -> Vec<Station> {
    let received = audit.iter().filter(|event| event.event == "RECEIVED").count();
    let attempts = (received > 0).then(|| format!("received {received} times").replace(" 1 times", " once"));
    let sent = Station { name: "PENDING", at: Some(command.created_at), more: retries(audit) };
    let running = Station { name: "IN_PROGRESS", at: last(audit, &["RECEIVED"]), more: attempts };
    let mut stations = vec![sent, running];
    let parked = last(audit, &["MOVED_TO_TSQ"]);
    if parked.is_some() || command.status == "IN_TROUBLESHOOTING_QUEUE" {
        stations.push(Station { name: "IN_TROUBLESHOOTING_QUEUE", at: parked, more: None });
    }
    let (name, kinds): (_, &[&str]) = match command.status.as_str() {
        "FAILED" => ("FAILED", &["BUSINESS_RULE_FAILED"]),
        "CANCELED" => ("CANCELED", &["CANCELED", "OPERATOR_CANCEL"]),
        _ => ("COMPLETED", &["COMPLETED", "OPERATOR_COMPLETE"]),
    };
    stations.push(Station { name, at: last(audit, kinds), more: None });
    stations
}

fn retries(audit: &[Event]) -> Option<String> {
    let retries = audit.iter().filter(|event| event.event == "OPERATOR_RETRY").count();
    match retries {
        0 => None,
        1 => Some("retried once by an operator".to_owned()),
        more => Some(format!("retried {more} times by operators")),
    }
}

/// The states in order, each with the time at which it was entered; the present one is marked.
pub(super) fn states(command: &Command, audit: &[Event]) -> Markup {
    html! {
        ol.states aria-label="States" {
            @for station in stations(command, audit) {
                @let is_now = station.name == command.status;
                @let class = if is_now { "now" } else if station.at.is_some() { "past" } else { "ahead" };
                li class=(class) aria-current=[is_now.then_some("step")] {
                    strong { (words(station.name)) }
                    span { @if let Some(at) = station.at { (time::ago(at)) } @else { "not yet" } }
                    @if let Some(more) = station.more { span { (more) } }
                }
            }
        }
    }
}

/// What happened, oldest first.
pub(super) fn trail(audit: &[Event]) -> Markup {
    html! {
        section {
            h2 { "Audit trail" }
            @if audit.is_empty() {
                p.muted { "Nothing was recorded." }
            } @else {
                div.scroll {
                    table.trail {
                        caption { "What happened, oldest first" }
                        thead { tr { th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Details" } } }
                        tbody {
                            @for event in audit {
                                tr {
                                    td { (time::ago(event.at)) }
                                    td { strong { (words(&event.event)) } }
                                    td { (details(&event.details)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The details of an event: short ones in a line, others to be unfolded.
fn details(details: &Value) -> Markup {
    let Some(fields) = details.as_object() else { return folded("details", details) };
    let told = fields.iter().filter(|(_, value)| !value.is_null());
    html! {
        ul.pairs {
            @for (name, value) in told {
                li {
                    @match value {
                        Value::String(text) => { span.muted { (name) ": " } (text) },
                        Value::Object(_) | Value::Array(_) => { (folded(name, value)) },
                        value => { span.muted { (name) ": " } (value) },
                    }
                }
            }
        }
    }
}
