//! What is parked, by cause.

use axum::extract::State;
use maud::{Markup, html};

use super::{
    elements::{empty, field, filter, number},
    layout::{Refresh, Sheet},
    time,
    visit::{Visit, query},
};
use crate::{
    api::{Api, extract::Asked, troubleshooting as api},
    problem::Problem,
    view::ParkedGroup,
};

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let groups = api::groups(state, visit.viewer(), Asked(visit.read()?)).await?.0;
    let sheet = Sheet::new(&visit, "troubleshooting", "Troubleshooting").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        (tabs(&visit, true))
        (filter(&visit, html! {
            (field(&visit, "domain", "Domain", "text"))
            (field(&visit, "command_type", "Type", "text"))
            (field(&visit, "error_code", "Error code", "text"))
            (field(&visit, "batch_id", "Batch id", "text"))
        }))
        @if groups.is_empty() {
            (empty("Nothing is parked. Commands come here when their errors are permanent, or their attempts are used up.", ""))
        } @else {
            div.scroll {
                table {
                    caption { "Causes, the most frequent first" }
                    thead {
                        tr {
                            th scope="col" { "Error" } th scope="col" { "Type" } th scope="col" { "Parked" }
                            th scope="col" { "Oldest" } th scope="col" { span.unseen { "Actions" } }
                        }
                    }
                    tbody { @for group in &groups { (row(&visit, group)) } }
                }
            }
        }
    }))
}

fn row(visit: &Visit, group: &ParkedGroup) -> Markup {
    let which = query(&[
        ("domain", Some(&group.domain)),
        ("command_type", Some(&group.command_type)),
        ("fingerprint", Some(&group.fingerprint)),
        ("batch_id", visit.asked("batch_id")),
    ]);
    let resolve = |verb: &str| visit.to(format_args!("troubleshooting/resolve{which}&verb={verb}&all=true"));
    html! {
        tr {
            td.wide {
                a href=(visit.to(format_args!("troubleshooting/items{which}"))) {
                    strong { (group.error_code.as_deref().unwrap_or("no code")) }
                }
                @if let Some(example) = &group.example { span.sub.clip title=(example) { (example) } }
            }
            td { (group.command_type) span.sub { (group.domain) } }
            td.num { strong { (number(group.count)) } }
            td { (time::ago(group.oldest)) }
            td.actions {
                @if visit.may_operate() {
                    a.button href=(resolve("RETRY")) { "Retry all…" } " "
                    a.button href=(resolve("CANCEL")) { "Cancel all…" }
                }
            }
        }
    }
}

/// By cause, or one by one.
pub(super) fn tabs(visit: &Visit, is_groups: bool) -> Markup {
    let keep = [
        ("domain", visit.asked("domain")),
        ("command_type", visit.asked("command_type")),
        ("error_code", visit.asked("error_code")),
        ("batch_id", visit.asked("batch_id")),
    ];
    let which = query(&keep);
    html! {
        nav.tabs aria-label="Views" {
            a href=(visit.to(format_args!("troubleshooting{which}"))) aria-current=[is_groups.then_some("page")] { "By cause" }
            a href=(visit.to(format_args!("troubleshooting/items{which}"))) aria-current=[(!is_groups).then_some("page")] { "One by one" }
        }
    }
}
