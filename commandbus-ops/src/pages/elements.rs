//! What pages are made of.

use commandbus::store::Count;
use maud::{Markup, html};
use serde_json::Value;
use uuid::Uuid;

use super::visit::Visit;

/// A state in words, and in a colour that only underlines them.
pub(super) fn badge(status: &str) -> Markup {
    let tone = match status {
        "COMPLETED" | "RUNNING" | "SUCCESS" | "COMPENSATED" => "good",
        "FAILED" | "COMPLETED_WITH_FAILURES" | "STALE" => "bad",
        "IN_TROUBLESHOOTING_QUEUE" | "WAITING_FOR_TSQ" | "MOVED_TO_TSQ" => "warn",
        "IN_PROGRESS" | "WAITING_FOR_REPLY" | "STARTING" => "busy",
        "COMPENSATING" | "STOPPING" | "PAUSED" | "UNDO" => "odd",
        _ => "calm",
    };
    html! { span class={ "badge " (tone) } { (words(status)) } }
}

/// `IN_TROUBLESHOOTING_QUEUE` as people say it.
pub(super) fn words(name: &str) -> String {
    match name {
        "IN_TROUBLESHOOTING_QUEUE" => "in troubleshooting".to_owned(),
        "WAITING_FOR_TSQ" => "waiting for troubleshooting".to_owned(),
        "MOVED_TO_TSQ" => "moved to troubleshooting".to_owned(),
        name => name.to_lowercase().replace('_', " "),
    }
}

/// A number with its thousands set apart.
pub(super) fn number(count: u64) -> String {
    Count { count, is_capped: false }.to_string()
}

/// A count that stops one beyond the cap.
pub(super) fn capped(count: u64) -> String {
    let cap = commandbus::ops::System::CAP;
    Count { count: count.min(cap), is_capped: count > cap }.to_string()
}

/// An id, short enough for a table. Ids made at the same time begin alike, so their ends are shown.
pub(super) fn id(id: Uuid) -> Markup {
    let text = id.to_string();
    html! { code.id title=(text) { "…" (text[text.len() - 12..]) } }
}

/// A link to a command.
pub(super) fn command_link(visit: &Visit, domain: &str, command: Uuid) -> Markup {
    html! { a href=(visit.to(format_args!("commands/{domain}/{command}"))) { (id(command)) } }
}

/// A link to a process.
pub(super) fn process_link(visit: &Visit, domain: &str, process: Uuid) -> Markup {
    html! { a href=(visit.to(format_args!("processes/{domain}/{process}"))) { (id(process)) } }
}

/// JSON, indented.
pub(super) fn json(value: &Value) -> Markup {
    html! { pre tabindex="0" { code { (indented(value)) } } }
}

/// JSON as a text of several lines.
pub(super) fn indented(value: &Value) -> String {
    format!("{value:#}")
}

/// JSON in a word or two where it is that short, else to be unfolded.
pub(super) fn folded(name: &str, value: &Value) -> Markup {
    html! {
        @match value {
            Value::Null => {},
            Value::Object(fields) if fields.is_empty() => {},
            value => { details { summary { (name) } (json(value)) } },
        }
    }
}

/// Where there is nothing to show: why, and what to run next.
pub(super) fn empty(text: &str, command: &str) -> Markup {
    html! {
        div.empty {
            p { (text) }
            @if !command.is_empty() { p { code.run { (command) } } }
        }
    }
}

/// The way through a list that goes on.
pub(super) fn pager(visit: &Visit, next: Option<&str>) -> Markup {
    html! {
        @if next.is_some() || visit.asked("cursor").is_some() {
            nav.pager aria-label="Pages of the list" {
                @if visit.asked("cursor").is_some() { a.button href=(visit.with(&[("cursor", None)])) { "First page" } }
                @if next.is_some() { a.button href=(visit.with(&[("cursor", next)])) { "Next page" } }
            }
        }
    }
}

/// Facts about one thing, by name.
pub(super) fn facts(facts: &[(&str, Option<Markup>)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// What each form carries so that it is known to be ours.
pub(super) fn token(visit: &Visit) -> Markup {
    html! { input type="hidden" name="token" value=(visit.token); }
}

/// A button that does something at once, and can be taken back.
pub(super) fn act(visit: &Visit, address: &str, name: &str) -> Markup {
    html! {
        form.act method="post" action=(visit.to(address)) {
            (token(visit))
            button type="submit" { (name) }
        }
    }
}

/// A field of a filter.
pub(super) fn field(visit: &Visit, name: &str, label: &str, kind: &str) -> Markup {
    html! {
        div.field {
            label for={ "filter-" (name) } { (label) }
            input id={ "filter-" (name) } name=(name) type=(kind) value=[visit.asked(name)] autocomplete="off" spellcheck="false";
        }
    }
}

/// A choice of a filter.
pub(super) fn choice(visit: &Visit, name: &str, label: &str, options: &[(&str, String)]) -> Markup {
    let chosen = visit.asked(name).unwrap_or_default();
    html! {
        div.field {
            label for={ "filter-" (name) } { (label) }
            select id={ "filter-" (name) } name=(name) {
                option value="" selected[chosen.is_empty()] { "any" }
                @for (value, text) in options {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
        }
    }
}

/// A filter whose words stand in the address.
pub(super) fn filter(visit: &Visit, fields: Markup) -> Markup {
    html! {
        form.filter method="get" role="search" aria-label="Filter" {
            (fields)
            @if let Some(seconds) = visit.asked("refresh") { input type="hidden" name="refresh" value=(seconds); }
            div.go {
                button type="submit" { "Show" }
                a href="?" { "Clear" }
            }
        }
    }
}

/// A form that asks once more before something is done.
pub(super) struct Confirmation<'a> {
    pub(super) visit: &'a Visit,
    /// What will happen, in a sentence or two.
    pub(super) says: Markup,
    /// Where it is sent; the page itself when empty.
    pub(super) action: String,
    /// The word on the button.
    pub(super) verb: &'a str,
    /// Whether something is ended that was not done.
    pub(super) cancels: bool,
    pub(super) needs_reason: bool,
    /// The page to go back to.
    pub(super) back: String,
}

impl Confirmation<'_> {
    /// With `more` fields.
    pub(super) fn show(&self, more: Markup) -> Markup {
        html! {
            form.confirm method="post" action=[Some(&self.action).filter(|action| !action.is_empty())] {
                div.says { (self.says) }
                (token(self.visit))
                (more)
                div.field {
                    label for="reason" {
                        "Reason " span.muted { @if self.needs_reason { "(required)" } @else { "(kept in the audit trail)" } }
                    }
                    input #reason name="reason" type="text" maxlength="1000" required[self.needs_reason] autocomplete="off";
                }
                div.go {
                    button.primary.danger[self.cancels] type="submit" { (self.verb) }
                    a.button href=(self.back) { "Back" }
                }
            }
        }
    }
}
