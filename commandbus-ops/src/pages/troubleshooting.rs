//! What is parked: one by one, and one at length.

use axum::extract::State;
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    elements::{badge, command_link, empty, facts, field, filter, folded, id, json, number, pager, words},
    groups::tabs,
    layout::{Refresh, Sheet},
    lifecycle, time,
    visit::{Visit, query},
};
use crate::{
    api::{
        Api,
        extract::{Asked, At},
        troubleshooting as api,
    },
    problem::Problem,
    view::{Page, Parked, ParkedCase},
};

pub(super) async fn list(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let page = api::list(state.clone(), visit.viewer(), Asked(visit.read()?), Asked(visit.paging())).await?.0;
    let count = api::count(state, visit.viewer(), Asked(visit.read()?)).await?.0.count;
    let sheet = Sheet::new(&visit, "troubleshooting", "Troubleshooting").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        (tabs(&visit, false))
        (filter(&visit, html! {
            (field(&visit, "domain", "Domain", "text"))
            (field(&visit, "command_type", "Type", "text"))
            (field(&visit, "error_code", "Error code", "text"))
            (field(&visit, "fingerprint", "Fingerprint", "text"))
            (field(&visit, "batch_id", "Batch id", "text"))
        }))
        @if page.items.is_empty() {
            (empty("Nothing that is parked is like that.", ""))
        } @else if visit.may_operate() {
            (choosing(&visit, &page, count))
        } @else {
            (table(&visit, &page, false))
        }
        (pager(&visit, page.next_cursor.as_deref()))
    }))
}

/// The table as a form: chosen ones, or everything that the filter finds, and what to do with them.
fn choosing(visit: &Visit, page: &Page<Parked>, count: u64) -> Markup {
    html! {
        form.choosing method="get" action=(visit.to("troubleshooting/resolve")) {
            @for (name, value) in visit.query().iter().filter(|(name, _)| !["cursor", "limit", "notice", "refresh"].contains(&name.as_str())) {
                input type="hidden" name=(name) value=(value);
            }
            fieldset.which {
                legend { "Take" }
                label { input type="radio" name="all" value="false" checked; " the chosen ones" }
                label { input type="radio" name="all" value="page"; " this page (" (page.items.len()) ")" }
                label { input type="radio" name="all" value="true"; " everything that the filter finds (" (number(count)) ")" }
            }
            div.go {
                button type="submit" name="verb" value="RETRY" { "Retry…" }
                button type="submit" name="verb" value="COMPLETE" { "Complete…" }
                button.danger type="submit" name="verb" value="CANCEL" { "Cancel…" }
            }
            @for parked in &page.items { input type="hidden" name="on_page" value=(parked.command_id); }
            (table(visit, page, true))
        }
    }
}

fn table(visit: &Visit, page: &Page<Parked>, is_choice: bool) -> Markup {
    html! {
        div.scroll {
            table {
                caption { "Parked commands, the oldest first" }
                thead {
                    tr {
                        @if is_choice { th scope="col" { span.unseen { "Chosen" } } }
                        th scope="col" { "Command" } th scope="col" { "Error" } th scope="col" { "Why" }
                        th scope="col" { "Attempts" } th scope="col" { "Parked" }
                    }
                }
                tbody {
                    @for parked in &page.items {
                        tr {
                            @if is_choice {
                                td {
                                    input type="checkbox" name="id" value=(parked.command_id)
                                        aria-label={ "Choose " (parked.command_type) " " (parked.command_id) };
                                }
                            }
                            td {
                                a href=(visit.to(format_args!("troubleshooting/{}/{}", parked.domain, parked.command_id))) {
                                    (parked.command_type)
                                }
                                span.sub { (parked.domain) " " (id(parked.command_id)) }
                            }
                            td.wide {
                                @if let Some(code) = &parked.error_code { code { (code) } }
                                @if let Some(message) = &parked.error_msg { span.sub.clip title=(message) { (message) } }
                            }
                            td { (words(&parked.reason)) @if parked.holds > 0 { span.sub { "holds " (parked.holds) " of its group" } } }
                            td.num { (parked.attempts) " of " (parked.max_attempts) }
                            td { (time::ago(parked.parked_at)) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) async fn show(
    state: State<Api>,
    visit: Visit,
    At((domain, command_id)): At<(String, Uuid)>,
) -> Result<Markup, Problem> {
    let ParkedCase { parked, command, audit } =
        api::show(state, visit.viewer(), At((domain.clone(), command_id))).await?.0;
    let place = |verb: &str| visit.to(format_args!("troubleshooting/{domain}/{command_id}/{verb}"));
    let alike = query(&[("domain", Some(&domain)), ("fingerprint", Some(&parked.fingerprint))]);
    let alike = format!("troubleshooting/items{alike}");
    let sheet = Sheet::new(&visit, "troubleshooting", &parked.command_type);
    Ok(sheet.show(html! {
        p.lead { (badge(&command.status)) " " code { (command_id) } }
        section.error aria-label="Error" {
            p.code { (parked.error_code.as_deref().unwrap_or("no code")) }
            p { (parked.error_msg.as_deref().unwrap_or("It came with no message.")) }
            @if let Some(details) = &parked.error_details { (folded("Details of the error", details)) }
        }
        @if visit.may_operate() {
            div.verbs {
                a.button.primary href=(place("retry")) { "Retry…" }
                a.button href=(place("edit")) { "Edit and retry…" }
                a.button href=(place("complete")) { "Complete…" }
                a.button.danger href=(place("cancel")) { "Cancel…" }
            }
        }
        (lifecycle::states(&command, &audit))
        (facts(&[
            ("Domain", Some(html! { (parked.domain) })),
            ("Why it is parked", Some(html! { (words(&parked.reason)) })),
            ("Kind of error", parked.error_type.as_ref().map(|kind| html! { (words(kind)) })),
            ("Attempts", Some(html! { (parked.attempts) " of " (parked.max_attempts) })),
            ("Parked", Some(time::moment(parked.parked_at))),
            ("Others of this cause", Some(html! { a href=(visit.to(alike)) { code { (parked.fingerprint) } } })),
            ("Batch", parked.batch_id.map(|batch| html! { a href=(visit.to(format_args!("batches/{batch}"))) { (id(batch)) } })),
            ("Group", parked.group.as_ref().map(|group| html! { (group) " (" (parked.holds) " wait behind it)" })),
            ("All about the command", Some(command_link(&visit, &domain, command_id))),
        ]))
        section {
            h2 { "Payload" }
            @match &parked.payload {
                Some(payload) => (json(payload)),
                None => p.muted { "Its message is gone: complete it, cancel it, or retry it with an edited payload." },
            }
        }
        (lifecycle::trail(&audit))
    }))
}
