//! Processes: to look for.

use axum::extract::State;
use commandbus::message::ProcessStatus;
use maud::{Markup, html};

use super::{
    elements::{badge, choice, empty, field, filter, pager, process_link, words},
    layout::{Refresh, Sheet},
    time,
    visit::Visit,
};
use crate::{
    api::{Api, extract::Asked, processes as api},
    problem::Problem,
    view::{Page, Process},
};

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let page = api::list(state, visit.viewer(), Asked(visit.read()?), Asked(visit.paging())).await?.0;
    let states: Vec<(&str, String)> =
        ProcessStatus::ALL.iter().map(|one| (one.as_str(), words(one.as_str()))).collect();
    let sheet = Sheet::new(&visit, "processes", "Processes").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        (filter(&visit, html! {
            (field(&visit, "domain", "Domain", "text"))
            (field(&visit, "process_type", "Type", "text"))
            (choice(&visit, "status", "Status", &states))
            (field(&visit, "batch_id", "Batch id", "text"))
        }))
        (table(&visit, &page))
    }))
}

/// Processes as rows, with the way to the next ones.
pub(super) fn table(visit: &Visit, page: &Page<Process>) -> Markup {
    html! {
        @if page.items.is_empty() && page.next_cursor.is_none() {
            (empty("No process is like that. Look at all of them:", "commandbus processes list"))
        } @else {
            div.scroll {
                table {
                    caption { "Processes, newest first" }
                    thead {
                        tr {
                            th scope="col" { "Process" } th scope="col" { "Type" } th scope="col" { "Status" }
                            th scope="col" { "Step" } th scope="col" { "Parked" } th scope="col" { "Error" }
                            th scope="col" { "Started" }
                        }
                    }
                    tbody {
                        @for process in &page.items {
                            tr {
                                td { (process_link(visit, &process.domain, process.process_id)) }
                                td { (process.process_type) span.sub { (process.domain) } }
                                td { (badge(&process.status)) }
                                td { (process.current_step.as_deref().unwrap_or("–")) }
                                td.num { (process.parked_count) }
                                td {
                                    @if let Some(code) = &process.error_code { code { (code) } }
                                    @else { span.muted { "–" } }
                                }
                                td { (time::ago(process.created_at)) }
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
