//! Batches of processes, which refresh by themselves until they have ended.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    batches::{PACE, about, head, name, place, table, which},
    elements::empty,
    layout::{Refresh, Sheet},
    processes, progress,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        batches::{self as api, BatchQuery},
        extract::{Asked, At},
        processes::{self as processes_api, ProcessQuery},
    },
    problem::Problem,
};

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let wanted = BatchQuery { batch_type: Some("PROCESS".to_owned()), ..visit.read()? };
    let page = api::list(state, visit.viewer(), Asked(wanted), Asked(visit.paging())).await?.0;
    let sheet = Sheet::new(&visit, "process-batches", "Process batches").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        (which(&visit))
        @if page.items.is_empty() && page.next_cursor.is_none() {
            (empty(
                "There is no such batch of processes. Start one over HTTP:",
                r#"curl -X POST …/api/processes/batch --json '{"domain": "reporting", "process_type": "Report", "processes": [{"page": 1}]}'"#,
            ))
        } @else { (table(&visit, &page, "process-batches")) }
    }))
}

pub(super) async fn show(state: State<Api>, visit: Visit, At(batch_id): At<Uuid>) -> Result<Response, Problem> {
    let batch = api::show(state.clone(), visit.viewer(), At(batch_id), Asked(place(&visit))).await?.0;
    if batch.batch_type != "PROCESS" {
        return Ok(Redirect::to(&visit.to(format_args!("batches/{batch_id}"))).into_response());
    }
    let members = ProcessQuery {
        domain: Some(batch.domain.clone()),
        process_type: None,
        status: visit.asked("status").map(str::to_owned),
        batch_id: Some(batch_id),
    };
    let members = processes_api::list(state, visit.viewer(), Asked(members), Asked(visit.paging())).await?.0;
    let sheet = Sheet::new(&visit, "process-batches", name(&batch));
    let sheet = if batch.completed_at.is_some() { sheet } else { sheet.fresh(Refresh::Every(PACE)) };
    Ok(sheet
        .show(html! {
            (head(&batch))
            (progress::of_batch_at_length(&batch))
            (about(&batch))
            section { h2 { "Processes" } (processes::table(&visit, &members)) }
        })
        .into_response())
}
