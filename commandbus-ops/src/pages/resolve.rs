//! The verbs on one parked command. Each asks once more before it does anything.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    elements::Confirmation,
    forgery::{Filled, given},
    layout::Sheet,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        commands::Reason,
        extract::{At, Given, Operating},
        troubleshooting::{self as api, Complete, Retry},
    },
    problem::Problem,
    view::Parked,
};

type Place = At<(String, Uuid)>;

/// What the forms carry.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    result: String,
}

async fn parked(state: State<Api>, visit: &Visit, place: &(String, Uuid)) -> Result<Parked, Problem> {
    Ok(api::show(state, visit.viewer(), At(place.clone())).await?.0.parked)
}

/// Where the command stands after it was resolved.
fn resolved(visit: &Visit, (domain, id): &(String, Uuid), notice: &str) -> Response {
    Redirect::to(&visit.to(format_args!("commands/{domain}/{id}?notice={notice}"))).into_response()
}

fn what(parked: &Parked) -> Markup {
    html! {
        p {
            strong { (parked.command_type) } " " code { (parked.command_id) } " of " (parked.domain)
            @if let Some(code) = &parked.error_code { ", parked with " code { (code) } }
            "."
        }
    }
}

fn ask<'a>(visit: &'a Visit, (domain, id): &(String, Uuid), verb: &'a str, says: Markup) -> Confirmation<'a> {
    let back = visit.to(format_args!("troubleshooting/{domain}/{id}"));
    Confirmation { visit, says, action: String::new(), verb, cancels: false, needs_reason: false, back }
}

pub(super) async fn ask_retry(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At(place): Place,
) -> Result<Markup, Problem> {
    let says = html! {
        (what(&parked(state, &visit, &place).await?))
        p { "It is sent again as it is, with a new budget of attempts." }
    };
    let form = ask(&visit, &place, "Retry the command", says);
    Ok(Sheet::new(&visit, "troubleshooting", "Retry a command").show(form.show(html! {})))
}

pub(super) async fn retry(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(place): Place,
    Filled(answer): Filled<Answer>,
) -> Result<Response, Problem> {
    let body = Retry { reason: given(&answer.reason), payload: None };
    api::retry(state, operating, At(place.clone()), Given(body)).await?;
    Ok(resolved(&visit, &place, "retried"))
}

pub(super) async fn ask_cancel(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At(place): Place,
) -> Result<Markup, Problem> {
    let says = html! {
        (what(&parked(state, &visit, &place).await?))
        p { "It ends as canceled. Its sender is told so, and why; a process that waits for it is taken back." }
    };
    let form = Confirmation { cancels: true, needs_reason: true, ..ask(&visit, &place, "Cancel the command", says) };
    Ok(Sheet::new(&visit, "troubleshooting", "Cancel a command").show(form.show(html! {})))
}

pub(super) async fn cancel(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(place): Place,
    Filled(answer): Filled<Answer>,
) -> Result<Response, Problem> {
    api::cancel(state, operating, At(place.clone()), Given(Reason { reason: answer.reason })).await?;
    Ok(resolved(&visit, &place, "canceled"))
}

pub(super) async fn ask_complete(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At(place): Place,
) -> Result<Markup, Problem> {
    let says = html! {
        (what(&parked(state, &visit, &place).await?))
        p { "It ends as completed without running, as after you did by hand what it was for." }
    };
    let form = ask(&visit, &place, "Complete the command", says);
    Ok(Sheet::new(&visit, "troubleshooting", "Complete a command").show(form.show(result_field())))
}

/// Where the result is written that the handler would have returned.
pub(super) fn result_field() -> Markup {
    html! {
        div.field {
            label for="result" { "Result, as JSON " span.muted { "(what its handler would have returned; may be empty)" } }
            textarea #result name="result" rows="6" spellcheck="false" {}
        }
    }
}

/// A result that may have been left empty.
pub(super) fn result(text: &str) -> Result<Option<Value>, Problem> {
    let read = |text: String| {
        serde_json::from_str(&text).map_err(|error| Problem::unprocessable(format!("the result is no JSON: {error}")))
    };
    given(text).map(read).transpose()
}

pub(super) async fn complete(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(place): Place,
    Filled(answer): Filled<Answer>,
) -> Result<Response, Problem> {
    let body = Complete { reason: given(&answer.reason), result: result(&answer.result)? };
    api::complete(state, operating, At(place.clone()), Given(body)).await?;
    Ok(resolved(&visit, &place, "completed"))
}
