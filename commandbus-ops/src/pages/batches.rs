//! Batches of commands: to look at, and to steer.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    commands,
    elements::{Confirmation, act, badge, choice, empty, facts, field, filter, folded, id, pager},
    forgery::{Filled, given},
    layout::{Refresh, Sheet},
    progress, time,
    visit::{Visit, query},
};
use crate::{
    api::{
        Api,
        batches::{self as api, BatchQuery, InDomain, SomeReason},
        commands::{self as commands_api, CommandQuery, Reason},
        extract::{Asked, At, Given, MayGive, Operating},
    },
    problem::Problem,
    view::{Batch, Page},
};

/// How often a batch that has not ended is looked at.
pub(super) const PACE: u32 = 2;

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let wanted = BatchQuery { batch_type: Some("COMMAND".to_owned()), ..visit.read()? };
    let page = api::list(state, visit.viewer(), Asked(wanted), Asked(visit.paging())).await?.0;
    let sheet = Sheet::new(&visit, "batches", "Batches").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        (which(&visit))
        @if page.items.is_empty() && page.next_cursor.is_none() {
            (empty("There is no such batch of commands. Look at all of them:", "commandbus batches list"))
        } @else { (table(&visit, &page, "batches")) }
    }))
}

/// The filter of batches.
pub(super) fn which(visit: &Visit) -> Markup {
    let ends = [("false", "not yet".to_owned()), ("true", "yes".to_owned())];
    filter(visit, html! { (field(visit, "domain", "Domain", "text")) (choice(visit, "has_ended", "Has ended", &ends)) })
}

/// Batches as rows. `place` is where one is shown at length.
pub(super) fn table(visit: &Visit, page: &Page<Batch>, place: &str) -> Markup {
    html! {
        div.scroll {
            table {
                caption { "Batches, newest first" }
                thead {
                    tr {
                        th scope="col" { "Name" } th scope="col" { "Status" } th scope="col" { "Progress" }
                        th scope="col" { "Parked" } th scope="col" { "Created" }
                    }
                }
                tbody {
                    @for batch in &page.items {
                        tr {
                            td {
                                a href=(visit.to(format_args!("{place}/{}{}", batch.batch_id, in_domain(batch)))) { (name(batch)) }
                                span.sub { (batch.domain) " " (id(batch.batch_id)) }
                            }
                            td { (badge(&batch.batch_status)) @if batch.paused_at.is_some() { " " (badge("PAUSED")) } }
                            td.wide { (progress::of_batch(batch)) }
                            td.num { (batch.in_troubleshooting_count) }
                            td { (time::ago(batch.created_at)) }
                        }
                    }
                }
            }
        }
        (pager(visit, page.next_cursor.as_deref()))
    }
}

fn in_domain(batch: &Batch) -> String {
    query(&[("domain", Some(&batch.domain))])
}

pub(super) fn name(batch: &Batch) -> &str {
    batch.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or("(without a name)")
}

pub(super) fn place(visit: &Visit) -> InDomain {
    InDomain { domain: visit.asked("domain").map(str::to_owned) }
}

pub(super) async fn show(state: State<Api>, visit: Visit, At(batch_id): At<Uuid>) -> Result<Response, Problem> {
    let batch = api::show(state.clone(), visit.viewer(), At(batch_id), Asked(place(&visit))).await?.0;
    if batch.batch_type == "PROCESS" {
        let to = visit.to(format_args!("process-batches/{batch_id}{}", in_domain(&batch)));
        return Ok(Redirect::to(&to).into_response());
    }
    let members = CommandQuery {
        domain: Some(batch.domain.clone()),
        batch_id: Some(batch_id),
        status: visit.asked("status").map(str::to_owned),
        ..CommandQuery::default()
    };
    let members = commands_api::list(state, visit.viewer(), Asked(members), Asked(visit.paging())).await?.0;
    let sheet = Sheet::new(&visit, "batches", name(&batch));
    let sheet = if batch.completed_at.is_some() { sheet } else { sheet.fresh(Refresh::Every(PACE)) };
    Ok(sheet
        .show(html! {
            (head(&batch))
            (verbs(&visit, &batch))
            (progress::of_batch_at_length(&batch))
            (about(&batch))
            section { h2 { "Commands" } (commands::table(&visit, &members)) }
        })
        .into_response())
}

pub(super) fn head(batch: &Batch) -> Markup {
    html! {
        p.lead {
            (badge(&batch.batch_status)) " "
            @if batch.paused_at.is_some() { (badge("PAUSED")) " " }
            code { (batch.batch_id) }
        }
    }
}

pub(super) fn about(batch: &Batch) -> Markup {
    facts(&[
        ("Domain", Some(html! { (batch.domain) })),
        ("Created", Some(time::moment(batch.created_at))),
        ("Started", batch.started_at.map(time::moment)),
        ("Ended", batch.completed_at.map(time::moment)),
        (
            "Took",
            batch.completed_at.map(|end| html! { (time::span(end - batch.started_at.unwrap_or(batch.created_at))) }),
        ),
        ("Paused", batch.paused_at.map(time::moment)),
        ("Kept with it", batch.custom_data.as_ref().map(|data| folded("data", data))),
    ])
}

fn verbs(visit: &Visit, batch: &Batch) -> Markup {
    let verb = |verb: &str| format!("batches/{}/{verb}{}", batch.batch_id, in_domain(batch));
    html! {
        @if visit.may_operate() && batch.completed_at.is_none() {
            div.verbs {
                @if batch.in_troubleshooting_count > 0 {
                    a.button.primary href=(visit.to(verb("retry-parked"))) { "Retry what is parked…" }
                }
                @if batch.paused_at.is_some() { (act(visit, &verb("resume"), "Resume")) }
                @else { (act(visit, &verb("pause"), "Pause")) }
                a.button.danger href=(visit.to(verb("cancel-rest"))) { "Cancel the rest…" }
            }
        }
        @if batch.in_troubleshooting_count > 0 {
            p { a href=(visit.to(format_args!("troubleshooting?batch_id={}", batch.batch_id))) { "Why these are parked" } }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

/// A form that takes no more than being sent.
#[derive(Deserialize)]
pub(super) struct Nothing {}

fn back(visit: &Visit, batch_id: Uuid, notice: Option<&str>) -> String {
    let which = query(&[("domain", visit.asked("domain")), ("notice", notice)]);
    visit.to(format_args!("batches/{batch_id}{which}"))
}

pub(super) async fn ask_cancel_rest(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At(batch_id): At<Uuid>,
) -> Result<Markup, Problem> {
    let batch = api::show(state, visit.viewer(), At(batch_id), Asked(place(&visit))).await?.0;
    let form = Confirmation {
        visit: &visit,
        says: html! {
            p { "Of " strong { (name(&batch)) } ", " (batch.open_count) " wait or run." }
            p { "What has not been received is canceled, and its senders are told why. What runs goes on, what is parked stays." }
        },
        action: String::new(),
        verb: "Cancel the rest",
        cancels: true,
        needs_reason: true,
        back: back(&visit, batch_id, None),
    };
    Ok(Sheet::new(&visit, "batches", "Cancel the rest of a batch").show(form.show(html! {})))
}

pub(super) async fn cancel_rest(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(batch_id): At<Uuid>,
    Filled(why): Filled<Why>,
) -> Result<Redirect, Problem> {
    let reason = Reason { reason: why.reason };
    let _canceled = api::cancel_rest(state, operating, At(batch_id), Asked(place(&visit)), Given(reason)).await?;
    Ok(Redirect::to(&back(&visit, batch_id, Some("rest-canceled"))))
}

pub(super) async fn ask_retry_parked(
    state: State<Api>,
    _: Operating,
    visit: Visit,
    At(batch_id): At<Uuid>,
) -> Result<Markup, Problem> {
    let batch = api::show(state, visit.viewer(), At(batch_id), Asked(place(&visit))).await?.0;
    let form = Confirmation {
        visit: &visit,
        says: html! {
            p { "Of " strong { (name(&batch)) } ", " (batch.in_troubleshooting_count) " are parked. Each is sent again as it is." }
        },
        action: String::new(),
        verb: "Retry what is parked",
        cancels: false,
        needs_reason: false,
        back: back(&visit, batch_id, None),
    };
    Ok(Sheet::new(&visit, "batches", "Retry what is parked of a batch").show(form.show(html! {})))
}

pub(super) async fn retry_parked(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(batch_id): At<Uuid>,
    Filled(why): Filled<Why>,
) -> Result<Redirect, Problem> {
    let reason = SomeReason { reason: given(&why.reason) };
    let operation = api::retry_parked_now(&state, operating, batch_id, &place(&visit), reason).await?;
    Ok(Redirect::to(&visit.to(format_args!("operations/{}?notice=begun", operation.operation_id))))
}

pub(super) async fn pause(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(batch_id): At<Uuid>,
    Filled(Nothing {}): Filled<Nothing>,
) -> Result<Redirect, Problem> {
    api::pause(state, operating, At(batch_id), Asked(place(&visit)), MayGive::default()).await?;
    Ok(Redirect::to(&back(&visit, batch_id, Some("paused"))))
}

pub(super) async fn resume(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(batch_id): At<Uuid>,
    Filled(Nothing {}): Filled<Nothing>,
) -> Result<Redirect, Problem> {
    api::resume(state, operating, At(batch_id), Asked(place(&visit)), MayGive::default()).await?;
    Ok(Redirect::to(&back(&visit, batch_id, Some("resumed"))))
}
