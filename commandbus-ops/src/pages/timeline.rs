//! One process: its steps forward and back, what each sent and got, and what it waits for.

use axum::extract::State;
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::{
    elements::{badge, command_link, facts, folded, id, json},
    layout::{Refresh, Sheet},
    time,
    visit::Visit,
};
use crate::{
    api::{Api, extract::At, processes as api},
    problem::Problem,
    view::{Process, ProcessDetail, ProcessStep},
};

pub(super) async fn show(state: State<Api>, visit: Visit, At(place): At<(String, Uuid)>) -> Result<Markup, Problem> {
    let ProcessDetail { process, steps, stray_replies } = api::show(state, visit.viewer(), At(place)).await?.0;
    let sheet = Sheet::new(&visit, "processes", &process.process_type);
    let sheet = if process.completed_at.is_some() { sheet } else { sheet.fresh(Refresh::Offered) };
    let (forward, back): (Vec<&ProcessStep>, Vec<&ProcessStep>) = steps.iter().partition(|step| step.kind == "STEP");
    Ok(sheet.show(html! {
        p.lead { (badge(&process.status)) " " code { (process.process_id) } }
        (blocked(&visit, &process, &steps))
        section.lanes aria-label="Steps" {
            (lane(&visit, &process, "Forward", &forward))
            @if !back.is_empty() { (lane(&visit, &process, "Taken back", &back)) }
        }
        (about(&visit, &process))
        section { h2 { "State" } (json(&process.state)) }
        @if !stray_replies.is_empty() {
            section {
                h2 { "Replies that changed nothing" }
                @for reply in &stray_replies { (json(reply)) }
            }
        }
    }))
}

/// What the process waits for an operator with: its steps without an outcome that are parked.
fn blocked(visit: &Visit, process: &Process, steps: &[ProcessStep]) -> Markup {
    let open = steps.iter().filter(|step| step.outcome.is_none());
    html! {
        @if process.parked_count > 0 {
            section.error aria-label="Blocked" {
                p { strong { "It waits for an operator" } ": " (process.parked_count) " of its commands or replies are parked." }
                ul {
                    @for step in open {
                        @let domain = step.command_domain.as_ref().unwrap_or(&process.domain);
                        li {
                            a href=(visit.to(format_args!("troubleshooting/{domain}/{}", step.command_id))) {
                                "Blocked by " (step.command_type) " of step " (step.step_name)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn lane(visit: &Visit, process: &Process, name: &str, steps: &[&ProcessStep]) -> Markup {
    html! {
        div.lane {
            h2 { (name) }
            @if steps.is_empty() { p.muted { "Nothing was sent yet." } }
            ol {
                @for step in steps { (station(visit, process, step)) }
            }
        }
    }
}

fn station(visit: &Visit, process: &Process, step: &ProcessStep) -> Markup {
    let domain = step.command_domain.as_ref().unwrap_or(&process.domain);
    let outcome = step.outcome.as_ref().and_then(Value::as_str);
    let class = match outcome {
        Some("SUCCESS") => "good",
        Some(_) => "bad",
        None => "now",
    };
    html! {
        li class=(class) {
            div.what {
                strong { (step.step_name) }
                (badge(outcome.unwrap_or("IN_PROGRESS")))
            }
            p { (step.command_type) " " (command_link(visit, domain, step.command_id)) }
            p.small {
                "sent " (time::ago(step.sent_at))
                @if let Some(at) = step.received_at { ", answered after " (time::span(at - step.sent_at)) }
                @else if let Some(at) = step.due_at { ", due " (time::ago(at)) }
            }
            @if let Some(undoes) = step.undoes { p.small { "takes back " (command_link(visit, domain, undoes)) } }
            @if let Some(data) = &step.command_data { (folded("Sent", data)) }
            @if let Some(data) = &step.reply_data { (folded("Reply", data)) }
        }
    }
}

fn about(visit: &Visit, process: &Process) -> Markup {
    let error = process.error_code.as_ref().map(|code| {
        html! {
            code { (code) }
            @if let Some(message) = &process.error_message { " " (message) }
        }
    });
    let commands = visit.to(format_args!("commands?correlation_id={}", process.process_id));
    facts(&[
        ("Domain", Some(html! { (process.domain) })),
        ("Step", process.current_step.as_ref().map(|step| html! { (step) })),
        ("Error", error),
        ("Started", Some(time::moment(process.created_at))),
        ("Last change", Some(time::moment(process.updated_at))),
        ("Ended", process.completed_at.map(time::moment)),
        ("Deadline", process.deadline_at.map(time::moment)),
        (
            "Batch",
            process.batch_id.map(|batch| {
                html! {
                    a href=(visit.to(format_args!("process-batches/{batch}"))) { (id(batch)) }
                }
            }),
        ),
        ("Its commands", Some(html! { a href=(commands) { "list" } })),
    ])
}
