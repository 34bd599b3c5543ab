//! What operators do to a batch of commands.

use axum::{extract::State, response::Redirect};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    batches::{name, place},
    elements::Confirmation,
    forgery::{Filled, Nothing, given},
    layout::Sheet,
    visit::{Visit, query},
};
use crate::{
    api::{
        Api,
        batches::{self as api, SomeReason},
        commands::Reason,
        extract::{Asked, At, Given, MayGive, Operating},
    },
    problem::Problem,
};

#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    reason: String,
}

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
