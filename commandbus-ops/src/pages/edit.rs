//! Edit and retry: the payload to write, then what changed, then once more.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use commandbus::ops::MASK;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use uuid::Uuid;

use super::{
    elements::{Confirmation, indented, token},
    forgery::{Filled, given},
    layout::Sheet,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        extract::{At, Given, Operating},
        troubleshooting::{self as api, Retry},
    },
    problem::Problem,
    view::Parked,
};

type Place = At<(String, Uuid)>;

#[derive(Deserialize)]
pub(super) struct Edited {
    payload: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn ask(state: State<Api>, _: Operating, visit: Visit, At(place): Place) -> Result<Markup, Problem> {
    let parked = api::show(state, visit.viewer(), At(place)).await?.0.parked;
    let text = parked.payload.as_ref().map(indented).unwrap_or_default();
    Ok(form(&visit, &parked, &text, None))
}

/// The form; with what is wrong when it was filled in already.
fn form(visit: &Visit, parked: &Parked, text: &str, wrong: Option<&str>) -> Markup {
    let has_mask = parked.payload.as_ref().is_some_and(|payload| payload.to_string().contains(MASK));
    let place = format!("troubleshooting/{}/{}", parked.domain, parked.command_id);
    Sheet::new(visit, "troubleshooting", "Edit and retry").show(html! {
        form.confirm method="post" {
            div.says { p { strong { (parked.command_type) } " " code { (parked.command_id) } ", version " (parked.version) "." } }
            (token(visit))
            div.field {
                label for="payload" { "Payload, as JSON" }
                @if has_mask {
                    p.hint #masks { "A field that says " code { (MASK) } " is not shown; left as it is, it keeps its value." }
                }
                textarea #payload name="payload" rows="16" spellcheck="false" required
                    aria-invalid=[wrong.map(|_| "true")]
                    aria-describedby=[wrong.map(|_| "wrong").or(has_mask.then_some("masks"))] { (text) }
                @if let Some(wrong) = wrong { p.wrong #wrong role="alert" { (wrong) } }
            }
            div.go {
                button.primary type="submit" { "Show what changes" }
                a.button href=(visit.to(place)) { "Back" }
            }
        }
    })
}

/// What would change. Nothing has yet.
pub(super) async fn preview(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At(place): Place,
    Filled(edited): Filled<Edited>,
) -> Result<Response, Problem> {
    let parked = api::show(state, visit.viewer(), At(place)).await?.0.parked;
    let payload: Value = match serde_json::from_str(&edited.payload) {
        Ok(payload) => payload,
        Err(error) => {
            let wrong = format!("This is no JSON: {error}.");
            let page = form(&visit, &parked, &edited.payload, Some(&wrong));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (before, after) = (parked.payload.as_ref().map(indented).unwrap_or_default(), indented(&payload));
    let place = format!("troubleshooting/{}/{}", parked.domain, parked.command_id);
    let form = Confirmation {
        visit: &visit,
        says: html! {
            p { strong { (parked.command_type) } " " code { (parked.command_id) } " is sent again with this payload. The old one is archived." }
            (difference(&before, &after))
        },
        action: visit.to(format_args!("{place}/edited")),
        verb: "Retry with this payload",
        cancels: false,
        needs_reason: false,
        back: visit.to(format_args!("{place}/edit")),
    };
    let fields = html! { input type="hidden" name="payload" value=(payload.to_string()); };
    Ok(Sheet::new(&visit, "troubleshooting", "Edit and retry").show(form.show(fields)).into_response())
}

/// Line by line, with signs for those who do not see colours.
fn difference(before: &str, after: &str) -> Markup {
    if before == after {
        return html! { p.hint { "Nothing is changed: this is the payload as it was." } };
    }
    let difference = TextDiff::from_lines(before, after);
    html! {
        pre.diff tabindex="0" aria-label="What changes" {
            @for change in difference.iter_all_changes() {
                @let line = change.value().trim_end_matches('\n');
                @match change.tag() {
                    ChangeTag::Delete => del { "- " (line) },
                    ChangeTag::Insert => ins { "+ " (line) },
                    ChangeTag::Equal => span { "  " (line) },
                }
                "\n"
            }
        }
    }
}

pub(super) async fn retry(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At((domain, command_id)): Place,
    Filled(edited): Filled<Edited>,
) -> Result<Response, Problem> {
    let payload = serde_json::from_str(&edited.payload)
        .map_err(|error| Problem::unprocessable(format!("the payload is no JSON: {error}")))?;
    let body = Retry { reason: given(&edited.reason), payload: Some(payload) };
    let done = visit.to(format_args!("commands/{domain}/{command_id}?notice=retried"));
    api::retry(state, operating, At((domain, command_id)), Given(body)).await?;
    Ok(Redirect::to(&done).into_response())
}
