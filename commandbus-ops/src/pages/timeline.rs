//! One process: its steps forward and back, what each sent and got, and what it waits for.

use std::collections::HashSet;

use axum::extract::State;
use commandbus::{
    message::CommandId,
    store::{Page, ParkedFilter},
};
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

/// How many parked commands of one process are looked for.
const MOST: u32 = 500;

pub(super) async fn show(state: State<Api>, visit: Visit, At(place): At<(String, Uuid)>) -> Result<Markup, Problem> {
    let detail = api::show(state.clone(), visit.viewer(), At(place)).await?.0;
    let parked = parked(&state, &detail).await?;
    let ProcessDetail { process, steps, stray_replies } = detail;
    let sheet = Sheet::new(&visit, "processes", &process.process_type);
    let sheet = if process.completed_at.is_some() { sheet } else { sheet.fresh(Refresh::Offered) };
    let (forward, back): (Vec<&ProcessStep>, Vec<&ProcessStep>) = steps.iter().partition(|step| step.kind == "STEP");
    Ok(sheet.show(html! {
        p.lead { (badge(&process.status)) " " code { (process.process_id) } }
        (blocked(&visit, &process, &steps, &parked))
        section.lanes aria-label="Steps" {
            (lane(&visit, &process, "Forward", &forward, &parked))
            @if !back.is_empty() { (lane(&visit, &process, "Taken back", &back, &parked)) }
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

/// Which of its commands are parked.
async fn parked(api: &Api, ProcessDetail { process, steps, .. }: &ProcessDetail) -> Result<HashSet<Uuid>, Problem> {
    if process.parked_count == 0 {
        return Ok(HashSet::new());
    }
    let open = steps.iter().filter(|step| step.outcome.is_none());
    let mut filter = ParkedFilter::default();
    filter.command_ids = Some(open.map(|step| CommandId::from_uuid(step.command_id)).collect());
    let found = api.bus.troubleshooting().list(&filter, Page::first(MOST)).await?;
    Ok(found.into_iter().map(|parked| parked.command_id.as_uuid()).collect())
}

/// What the process waits for an operator with: commands that are parked, and replies that it could not take in.
fn blocked(visit: &Visit, process: &Process, steps: &[ProcessStep], parked: &HashSet<Uuid>) -> Markup {
    let count = process.parked_count as usize;
    html! {
        @if count > 0 {
            section.error aria-label="Blocked" {
                p { strong { "It waits for an operator" } }
                ul {
                    @for step in steps.iter().filter(|step| parked.contains(&step.command_id)) {
                        @let domain = step.command_domain.as_ref().unwrap_or(&process.domain);
                        li {
                            a href=(visit.to(format_args!("troubleshooting/{domain}/{}", step.command_id))) {
                                "Blocked by " (step.command_type) " of step " (step.step_name)
                            }
                        }
                    }
                    @if count > parked.len() {
                        li {
                            a href=(visit.to(format_args!("processes/{}/parked-replies", process.domain))) {
                                "Blocked by " (count - parked.len()) " of the replies that could not be taken in"
                            }
                        }
                    }
                }
            }
        }
    }
}

fn lane(visit: &Visit, process: &Process, name: &str, steps: &[&ProcessStep], parked: &HashSet<Uuid>) -> Markup {
    html! {
        div.lane {
            h2 { (name) }
            @if steps.is_empty() { p.muted { "Nothing was sent yet." } }
            ol {
                @for step in steps { (station(visit, process, step, parked.contains(&step.command_id))) }
            }
        }
    }
}

fn station(visit: &Visit, process: &Process, step: &ProcessStep, is_parked: bool) -> Markup {
    let domain = step.command_domain.as_ref().unwrap_or(&process.domain);
    let outcome = step.outcome.as_ref().and_then(Value::as_str);
    let class = match outcome {
        Some("SUCCESS") => "good",
        Some(_) => "bad",
        None if is_parked => "warn",
        None => "now",
    };
    let state = outcome.unwrap_or(if is_parked { "IN_TROUBLESHOOTING_QUEUE" } else { "IN_PROGRESS" });
    html! {
        li class=(class) {
            div.what {
                strong { (step.step_name) }
                (badge(state))
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
