//! Commands: to look for, to look at, to cancel before they run.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, NaiveDateTime, Utc};
use commandbus::message::CommandStatus;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    elements::{
        Confirmation, badge, choice, command_link, empty, facts, field, filter, id, json, pager, process_link, words,
    },
    forgery::Filled,
    layout::{Refresh, Sheet},
    lifecycle, time,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        commands::{self as api, CommandQuery, Reason},
        extract::{Asked, At, Given, Operating},
    },
    problem::Problem,
    view::{Command, CommandDetail, Page},
};

/// What the filter of the page asks for; times as a browser writes them.
#[derive(Deserialize)]
struct Wanted {
    domain: Option<String>,
    command_id: Option<Uuid>,
    command_type: Option<String>,
    status: Option<String>,
    batch_id: Option<Uuid>,
    correlation_id: Option<Uuid>,
    sent_from: Option<String>,
    sent_before: Option<String>,
}

impl Wanted {
    fn query(self) -> Result<CommandQuery, Problem> {
        Ok(CommandQuery {
            sent_from: moment(self.sent_from.as_deref())?,
            sent_before: moment(self.sent_before.as_deref())?,
            domain: self.domain,
            command_id: self.command_id,
            command_type: self.command_type,
            status: self.status,
            batch_id: self.batch_id,
            correlation_id: self.correlation_id,
        })
    }
}

/// `2026-11-20T12:30` of a browser's field is in UTC, as all times of the pages; with an offset, as it says.
fn moment(text: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let read = |text: &str| {
        let local =
            ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"].iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok());
        local
            .map(|local| local.and_utc())
            .or_else(|| text.parse().ok())
            .ok_or_else(|| Problem::bad_request(format!("`{text}` is no time: write it as 2026-11-20T12:30, in UTC")))
    };
    text.map(read).transpose()
}

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let query = visit.read::<Wanted>()?.query()?;
    let page = api::list(state, visit.viewer(), Asked(query), Asked(visit.paging())).await?.0;
    let sheet = Sheet::new(&visit, "commands", "Commands").fresh(Refresh::Offered);
    let states: Vec<(&str, String)> =
        CommandStatus::ALL.iter().map(|one| (one.as_str(), words(one.as_str()))).collect();
    Ok(sheet.show(html! {
        (filter(&visit, html! {
            (field(&visit, "domain", "Domain", "text"))
            (field(&visit, "command_type", "Type", "text"))
            (choice(&visit, "status", "Status", &states))
            (field(&visit, "command_id", "Command id", "text"))
            (field(&visit, "batch_id", "Batch id", "text"))
            (field(&visit, "correlation_id", "Process or correlation id", "text"))
            (field(&visit, "sent_from", "Sent from (UTC)", "datetime-local"))
            (field(&visit, "sent_before", "Sent before (UTC)", "datetime-local"))
        }))
        (table(&visit, &page))
    }))
}

/// Commands as rows, with the way to the next ones.
pub(super) fn table(visit: &Visit, page: &Page<Command>) -> Markup {
    html! {
        @if page.items.is_empty() && page.next_cursor.is_none() {
            (empty("No command is like that. Send one:", "commandbus send payments DebitAccount --data '{\"cents\": 100}'"))
        } @else {
            div.scroll {
                table {
                    caption { "Commands, newest first" }
                    thead {
                        tr {
                            th scope="col" { "Command" } th scope="col" { "Type" } th scope="col" { "Status" }
                            th scope="col" { "Attempts" } th scope="col" { "Last error" } th scope="col" { "Sent" }
                        }
                    }
                    tbody {
                        @for command in &page.items {
                            tr {
                                td { (command_link(visit, &command.domain, command.command_id)) }
                                td { (command.command_type) span.sub { (command.domain) } }
                                td { (badge(&command.status)) }
                                td.num { (command.attempts) " of " (command.max_attempts) }
                                td {
                                    @if let Some(code) = &command.last_error_code { code { (code) } }
                                    @else { span.muted { "–" } }
                                }
                                td { (time::ago(command.created_at)) }
                            }
                        }
                    }
                }
            }
            @if page.items.is_empty() {
                p.muted { "Nothing among those looked at; there are more on the next page." }
            }
            (pager(visit, page.next_cursor.as_deref()))
        }
    }
}

pub(super) async fn show(
    state: State<Api>,
    visit: Visit,
    At((domain, command_id)): At<(String, Uuid)>,
) -> Result<Markup, Problem> {
    let CommandDetail { command, payload, audit } =
        api::show(state, visit.viewer(), At((domain.clone(), command_id))).await?.0;
    let is_over = matches!(command.status.as_str(), "COMPLETED" | "FAILED" | "CANCELED");
    let sheet = Sheet::new(&visit, "commands", &command.command_type);
    let sheet = if is_over { sheet } else { sheet.fresh(Refresh::Offered) };
    Ok(sheet.show(html! {
        p.lead { (badge(&command.status)) " " code { (command.command_id) } }
        @if visit.may_operate() {
            div.verbs {
                @if command.status == "PENDING" {
                    a.button href=(visit.to(format_args!("commands/{domain}/{command_id}/cancel"))) { "Cancel…" }
                }
                @if command.status == "IN_TROUBLESHOOTING_QUEUE" {
                    a.button.primary href=(visit.to(format_args!("troubleshooting/{domain}/{command_id}"))) { "Resolve…" }
                }
            }
        }
        (lifecycle::states(&command, &audit))
        (about(&visit, &command))
        section {
            h2 { "Payload" }
            @match &payload {
                Some(payload) => (json(payload)),
                None => p.muted { "Not kept: that of a completed command is deleted with its message." },
            }
        }
        (lifecycle::trail(&audit))
    }))
}

fn about(visit: &Visit, command: &Command) -> Markup {
    let error = command.last_error_msg.as_ref().map(|message| {
        html! {
            @if let Some(code) = &command.last_error_code { code { (code) } " " }
            (message)
        }
    });
    facts(&[
        ("Domain", Some(html! { (command.domain) })),
        ("Attempts", Some(html! { (command.attempts) " of " (command.max_attempts) })),
        ("Sent", Some(time::moment(command.created_at))),
        ("Last change", Some(time::moment(command.updated_at))),
        ("Last error", error),
        (
            "Batch",
            command.batch_id.map(|batch| html! { a href=(visit.to(format_args!("batches/{batch}"))) { (id(batch)) } }),
        ),
        (
            "Process or correlation",
            command.correlation_id.map(|correlation| {
                html! {
                    a href=(visit.to(format_args!("commands?correlation_id={correlation}"))) { (id(correlation)) }
                    @if command.reply_to.as_deref().is_some_and(|queue| queue.ends_with("__process_replies")) {
                        " · " (process_of(visit, command, correlation))
                    }
                }
            }),
        ),
        ("Reply goes to", command.reply_to.as_ref().map(|queue| html! { code { (queue) } })),
        ("Group", command.group.as_ref().map(|group| html! { (group) })),
        ("Held behind", command.held_behind.map(|other| command_link(visit, &command.domain, other))),
        ("Leased until", command.lease_expires_at.map(time::moment)),
    ])
}

/// The process that sent a command is of the domain whose queue gets the reply.
fn process_of(visit: &Visit, command: &Command, process: Uuid) -> Markup {
    let domain = command.reply_to.as_deref().and_then(|queue| queue.strip_suffix("__process_replies"));
    html! { "process " (process_link(visit, domain.unwrap_or(&command.domain), process)) }
}

pub(super) async fn ask_cancel(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At((domain, command_id)): At<(String, Uuid)>,
) -> Result<Markup, Problem> {
    let command = api::show(state, visit.viewer(), At((domain.clone(), command_id))).await?.0.command;
    let form = Confirmation {
        visit: &visit,
        says: html! {
            p { strong { (command.command_type) } " " code { (command_id) } " is " (badge(&command.status)) "." }
            p { "It will not run. Its sender is told that it was canceled, and why." }
        },
        action: String::new(),
        verb: "Cancel the command",
        cancels: true,
        needs_reason: true,
        back: visit.to(format_args!("commands/{domain}/{command_id}")),
    };
    Ok(Sheet::new(&visit, "commands", "Cancel a command").show(form.show(html! {})))
}

#[derive(Deserialize)]
pub(super) struct Canceling {
    reason: String,
}

pub(super) async fn cancel(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At((domain, command_id)): At<(String, Uuid)>,
    Filled(form): Filled<Canceling>,
) -> Result<Response, Problem> {
    let back = visit.to(format_args!("commands/{domain}/{command_id}?notice=canceled"));
    api::cancel(state, operating, At((domain, command_id)), Given(Reason { reason: form.reason })).await?;
    Ok(Redirect::to(&back).into_response())
}
