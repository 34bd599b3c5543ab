//! Replies that processes could not take in: to look at, and to send to the routers again.

use axum::{extract::State, response::Redirect};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    elements::{Confirmation, command_link, empty, indented, json, pager, process_link},
    forgery::{Filled, given},
    layout::{Refresh, Sheet},
    resolve::result,
    time,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        extract::{Asked, At, Given, Operating, Paging},
        processes::{self as api, RetryReply},
    },
    problem::Problem,
    view::ParkedReply,
};

pub(super) async fn list(state: State<Api>, visit: Visit, At(domain): At<String>) -> Result<Markup, Problem> {
    let page = api::parked_replies(state, visit.viewer(), At(domain.clone()), Asked(visit.paging())).await?.0;
    let title = format!("Parked replies of {domain}");
    let sheet = Sheet::new(&visit, "processes", &title).fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        @if page.items.is_empty() {
            (empty("No reply is parked: the processes of this domain took in every one that came.", ""))
        } @else {
            div.entries { @for reply in &page.items { (entry(&visit, reply)) } }
        }
        (pager(&visit, page.next_cursor.as_deref()))
    }))
}

fn entry(visit: &Visit, reply: &ParkedReply) -> Markup {
    html! {
        article.entry {
            h2 { code { (reply.error_code) } }
            p { (reply.error_message) }
            p.small {
                "parked " (time::ago(reply.parked_at))
                @if let Some(process) = reply.process_id { " · process " (process_link(visit, &reply.domain, process)) }
                @if let Some(command) = reply.command_id { " · answers " (command_link(visit, &reply.domain, command)) }
            }
            (json(&reply.reply))
            @if visit.may_operate() {
                a.button href=(visit.to(place(&reply.domain, Some(reply.parked_reply_id)))) { "Retry…" }
            }
        }
    }
}

fn place(domain: &str, reply: Option<i64>) -> String {
    match reply {
        Some(reply) => format!("processes/{domain}/parked-replies/{reply}/retry"),
        None => format!("processes/{domain}/parked-replies"),
    }
}

pub(super) async fn ask(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At((domain, id)): At<(String, i64)>,
) -> Result<Markup, Problem> {
    // The list goes by number: the one after the number before is this one, or it is parked no more.
    let just = Paging { limit: Some(1), cursor: Some(id.saturating_sub(1).to_string()) };
    let page = api::parked_replies(state, visit.viewer(), At(domain.clone()), Asked(just)).await?.0;
    let found = page.items.into_iter().find(|reply| reply.parked_reply_id == id);
    let reply = found.ok_or_else(|| {
        Problem::not_found(format!(
            "domain `{domain}` has no parked reply {id}: it was sent again already, or never parked"
        ))
    })?;
    let text = reply.reply.get("result").map(indented).unwrap_or_default();
    let form = Confirmation {
        visit: &visit,
        says: html! {
            p { code { (reply.error_code) } " " (reply.error_message) }
            p { "It is sent to the routers of " (domain) " again, as after a deployment that can take it in." }
        },
        action: String::new(),
        verb: "Retry the reply",
        cancels: false,
        needs_reason: false,
        back: visit.to(place(&domain, None)),
    };
    let fields = html! {
        div.field {
            label for="result" { "Another result, as JSON " span.muted { "(empty for the one that came)" } }
            textarea #result name="result" rows="6" spellcheck="false" placeholder=(text) {}
        }
    };
    Ok(Sheet::new(&visit, "processes", "Retry a parked reply").show(form.show(fields)))
}

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    result: String,
}

pub(super) async fn retry(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At((domain, id)): At<(String, i64)>,
    Filled(answer): Filled<Answer>,
) -> Result<Redirect, Problem> {
    let body = RetryReply { reason: given(&answer.reason), result: result(&answer.result)? };
    let back = visit.to(format_args!("{}?notice=reply-retried", place(&domain, None)));
    api::retry_reply(state, operating, At((domain, id)), Given(body)).await?;
    Ok(Redirect::to(&back))
}
