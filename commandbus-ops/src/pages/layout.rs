//! What every page has: the head, the way to the others, who is there, and how it is kept fresh.

use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::{
    assets::{REFRESH, STYLE},
    visit::Visit,
};

/// The sections, by address and name.
const SECTIONS: [(&str, &str); 10] = [
    ("overview", "Overview"),
    ("troubleshooting", "Troubleshooting"),
    ("commands", "Commands"),
    ("batches", "Batches"),
    ("process-batches", "Process batches"),
    ("processes", "Processes"),
    ("operations", "Operations"),
    ("queues", "Queues"),
    ("workers", "Workers"),
    ("types", "Types"),
];

/// What a page may tell after something was done. The address names one of these, and never brings text of its own.
const NOTICES: [(&str, &str); 9] = [
    ("retried", "The command was sent again."),
    ("canceled", "The command was canceled."),
    ("completed", "The command was completed."),
    ("begun", "The operation has begun. This page follows it."),
    ("ended", "The operation was ended where it stood."),
    ("resumed", "It goes on."),
    ("paused", "It is paused: what runs finishes, nothing more is handed out."),
    ("rest-canceled", "What had not been received was canceled."),
    ("reply-retried", "The reply was sent to the routers again."),
];

/// A page of a section.
pub(super) struct Sheet<'a> {
    pub(super) visit: &'a Visit,
    /// The address of the section.
    pub(super) section: &'a str,
    pub(super) title: &'a str,
    /// Every how many seconds it looks anew unless the address says otherwise; `None` where there is nothing to wait for.
    pub(super) refresh: Option<Refresh>,
}

/// How a page is kept fresh.
#[derive(Clone, Copy)]
pub(super) enum Refresh {
    /// When the reader wants it.
    Offered,
    /// Every so many seconds, unless the reader switches it off.
    Every(u32),
}

impl<'a> Sheet<'a> {
    pub(super) fn new(visit: &'a Visit, section: &'a str, title: &'a str) -> Self {
        Self { visit, section, title, refresh: None }
    }

    pub(super) fn fresh(mut self, refresh: Refresh) -> Self {
        self.refresh = Some(refresh);
        self
    }

    /// The page, with `body` under its heading.
    pub(super) fn show(&self, body: Markup) -> Markup {
        let visit = self.visit;
        let by_itself = match self.refresh {
            Some(Refresh::Every(seconds)) => Some(seconds),
            Some(Refresh::Offered) | None => None,
        };
        let seconds = self.refresh.and_then(|_| visit.refresh(by_itself));
        let notice = visit.asked("notice").and_then(|name| NOTICES.iter().find(|(known, _)| *known == name));
        document(
            &visit.to(""),
            self.title,
            html! {
                header.side {
                    a.brand href=(visit.to("overview")) { span.mark aria-hidden="true" {} "commandbus" }
                    nav aria-label="Sections" {
                        ul {
                            @for (address, name) in SECTIONS {
                                li {
                                    a href=(visit.to(address)) aria-current=[(address == self.section).then_some("page")] {
                                        (name)
                                    }
                                }
                            }
                        }
                    }
                    p.caller {
                        span.muted { "Signed in as" } " "
                        strong { (visit.caller.name) }
                        span.rights { (visit.rights.names().join(", ")) }
                    }
                }
                main #main tabindex="-1" data-refresh=[seconds] {
                    div.head {
                        h1 { (self.title) }
                        @if self.refresh.is_some() { (switch(visit, seconds)) }
                    }
                    @if let Some((_, text)) = notice { p.notice role="status" { (text) } }
                    (body)
                }
            },
        )
    }
}

/// How often the page looks anew: links, so that the choice stands in the address.
fn switch(visit: &Visit, chosen: Option<u32>) -> Markup {
    html! {
        div.refresh {
            span #refresh-label { "Refresh" }
            ul aria-labelledby="refresh-label" {
                @for (seconds, name) in [(None, "off"), (Some(2), "2 s"), (Some(5), "5 s"), (Some(30), "30 s")] {
                    @let value = seconds.unwrap_or(0).to_string();
                    li {
                        a href=(visit.with(&[("refresh", Some(&value))])) aria-current=[(seconds == chosen).then_some("true")] {
                            (name)
                        }
                    }
                }
            }
            noscript { span.muted { "needs JavaScript; reload the page instead" } }
        }
    }
}

fn document(up: &str, title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · commandbus" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href={ (up) (STYLE.path) };
                script src={ (up) (REFRESH.path) } defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (body)
            }
        }
    }
}

/// What is shown instead of a page. `up` leads to the root; it tells nothing that the caller could not know.
pub(super) fn refusal(up: &str, status: StatusCode, detail: &str) -> Markup {
    let up = if up.is_empty() { "./" } else { up };
    let title = match status {
        StatusCode::UNAUTHORIZED => "Who are you?",
        StatusCode::FORBIDDEN => "This is not for you to do",
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::CONFLICT => "It is no longer as you saw it",
        StatusCode::TOO_MANY_REQUESTS => "Too fast",
        StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => "The database does not answer",
        status if status.is_server_error() => "A mistake of ours",
        _ => "This cannot be done",
    };
    let detail = if detail.is_empty() { status.canonical_reason().unwrap_or_default() } else { detail };
    document(
        up,
        title,
        html! {
            main.alone #main tabindex="-1" {
                p.status { (status.as_u16()) }
                h1 { (title) }
                p.detail { (sentence(detail)) }
                p { a.button href={ (up) "overview" } { "To the overview" } }
            }
        },
    )
}

/// A message as a sentence: with a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let text = format!("{first}{}", letters.as_str());
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}
