//! Operations: who did what to how many, why, and how far it has come.

use axum::{extract::State, response::Redirect};
use chrono::{TimeDelta, Utc};
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    batches::Nothing,
    elements::{act, badge, empty, facts, id, number, pager, words},
    forgery::Filled,
    layout::{Refresh, Sheet},
    progress, time,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        extract::{Asked, At, Operating},
        operations as api,
    },
    problem::Problem,
    view::Operation,
};

/// After how long without a step nobody is taken to go on with it.
const STALLED: TimeDelta = TimeDelta::seconds(30);

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let page = api::list(state, visit.viewer(), Asked(visit.paging())).await?.0;
    let sheet = Sheet::new(&visit, "operations", "Operations").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        @if page.items.is_empty() {
            (empty(
                "No verb was used on many commands yet. From the command line it looks so:",
                "commandbus tsq retry --filter code=BANK_DOWN --reason \"the bank is back\"",
            ))
        } @else {
            div.scroll {
                table {
                    caption { "Operations, newest first" }
                    thead {
                        tr {
                            th scope="col" { "Verb" } th scope="col" { "Who" } th scope="col" { "Why" }
                            th scope="col" { "Status" } th scope="col" { "Progress" } th scope="col" { "Begun" }
                        }
                    }
                    tbody {
                        @for operation in &page.items {
                            tr {
                                td {
                                    a href=(visit.to(format_args!("operations/{}", operation.operation_id))) { (words(&operation.verb)) }
                                    span.sub { (id(operation.operation_id)) }
                                }
                                td { (operation.operator) }
                                td { (operation.reason.as_deref().unwrap_or("–")) }
                                td { (badge(&operation.status)) }
                                td.wide { (progress::of_operation(operation)) }
                                td { (time::ago(operation.created_at)) }
                            }
                        }
                    }
                }
            }
            (pager(&visit, page.next_cursor.as_deref()))
        }
    }))
}

pub(super) async fn show(state: State<Api>, visit: Visit, At(operation_id): At<Uuid>) -> Result<Markup, Problem> {
    let operation = api::show(state, visit.viewer(), At(operation_id)).await?.0;
    let is_running = operation.status == "RUNNING";
    let title = format!("{} {}", capital(&words(&operation.verb)), number(operation.total_count.into()));
    let sheet = Sheet::new(&visit, "operations", &title);
    let sheet = if is_running { sheet.fresh(Refresh::Every(2)) } else { sheet };
    Ok(sheet.show(html! {
        p.lead { (badge(&operation.status)) " " code { (operation_id) } }
        (progress::of_operation(&operation))
        @if is_running && visit.may_operate() {
            div.verbs {
                @if is_stalled(&operation) {
                    (act(&visit, &format!("operations/{operation_id}/resume"), "Go on with it"))
                }
                (act(&visit, &format!("operations/{operation_id}/cancel"), "End it here"))
            }
        }
        (about(&operation))
    }))
}

/// Whether nobody goes on with it, as after the program that did was stopped.
pub(super) fn is_stalled(operation: &Operation) -> bool {
    operation.status == "RUNNING" && Utc::now() - operation.updated_at > STALLED
}

fn about(operation: &Operation) -> Markup {
    let filter = serde_json::to_value(&operation.filter).unwrap_or_default();
    facts(&[
        ("Who", Some(html! { (operation.operator) })),
        ("Why", operation.reason.as_ref().map(|reason| html! { (reason) })),
        ("Found", Some(html! { (number(operation.total_count.into())) })),
        ("Done", Some(html! { (number(operation.done_count.into())) })),
        (
            "Skipped",
            Some(
                html! { (number(operation.skipped_count.into())) " " span.muted { "(resolved by others meanwhile, or without a message)" } },
            ),
        ),
        (
            "Which",
            Some(html! {
                ul.pairs {
                    @for (name, value) in filter.as_object().into_iter().flatten() {
                        li {
                            span.muted { (name) ": " }
                            @match value.as_array() {
                                Some(many) => { (many.len()) " chosen" },
                                None => (value.as_str().unwrap_or_default()),
                            }
                        }
                    }
                    @if filter.as_object().is_none_or(serde_json::Map::is_empty) { li { "everything that was parked" } }
                }
            }),
        ),
        ("Begun", Some(time::moment(operation.created_at))),
        ("Last step", Some(time::moment(operation.updated_at))),
        ("Ended", operation.completed_at.map(time::moment)),
    ])
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

pub(super) async fn cancel(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(id): At<Uuid>,
    Filled(Nothing {}): Filled<Nothing>,
) -> Result<Redirect, Problem> {
    let _now = api::cancel(state, operating, At(id)).await?;
    Ok(Redirect::to(&visit.to(format_args!("operations/{id}?notice=ended"))))
}

pub(super) async fn resume(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(id): At<Uuid>,
    Filled(Nothing {}): Filled<Nothing>,
) -> Result<Redirect, Problem> {
    api::resume_now(&state, operating, id).await?;
    Ok(Redirect::to(&visit.to(format_args!("operations/{id}?notice=resumed"))))
}
