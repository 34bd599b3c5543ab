//! The catalog: the commands and processes that are linked into this program.

use commandbus::catalog::{CommandDescription, ProcessDescription};
use maud::{Markup, html};

use super::{
    elements::{empty, facts, folded},
    layout::Sheet,
    visit::Visit,
};
use crate::problem::Problem;

pub(super) async fn list(visit: Visit) -> Result<Markup, Problem> {
    let catalog = commandbus::catalog();
    Ok(Sheet::new(&visit, "types", "Types").show(html! {
        p.muted { "The commands and processes that are linked into the program that serves this page." }
        @if catalog.commands.is_empty() && catalog.processes.is_empty() {
            (empty(
                "None. The binary alone knows no types; mount the pages in the service that has them:",
                "axum::Router::new().nest(\"/ops\", commandbus_ops::router(bus, options))",
            ))
        }
        @if !catalog.commands.is_empty() {
            section {
                h2 { "Commands" }
                div.entries { @for command in &catalog.commands { (command_entry(&visit, command)) } }
            }
        }
        @if !catalog.processes.is_empty() {
            section {
                h2 { "Processes" }
                div.entries { @for process in &catalog.processes { (process_entry(&visit, process)) } }
            }
        }
    }))
}

fn joined(words: &[&str]) -> Option<Markup> {
    (!words.is_empty()).then(|| html! { (words.join(", ")) })
}

fn command_entry(visit: &Visit, command: &CommandDescription) -> Markup {
    let older: Vec<String> = command.upcasts_from.iter().map(u32::to_string).collect();
    let handlers: Vec<&str> = command.handlers.iter().map(|handler| handler.path).collect();
    let find = visit.to(format_args!("commands?domain={}&command_type={}", command.domain, command.name));
    html! {
        article.entry {
            h3 { (command.name) " " span.muted { (command.domain) } }
            (facts(&[
                ("Version", Some(html! { (command.version) @if !older.is_empty() { ", reads " (older.join(", ")) } })),
                ("Former names", joined(command.aliases)),
                ("Attempts", Some(html! { (command.max_attempts) })),
                ("Pauses between them", (!command.backoff.is_empty()).then(|| html! { (command.backoff.join(", ")) })),
                ("Time for one", command.timeout.as_ref().map(|time| html! { (time) })),
                ("Masked fields", joined(command.sensitive)),
                ("Replies", Some(html! { (if command.declares_reply { "yes" } else { "no" }) })),
                ("Handled by", joined(&handlers)),
                ("Fingerprint", Some(html! { code { (command.fingerprint) } })),
                ("Sent ones", Some(html! { a href=(find) { "list" } })),
            ]))
            @if let Some(schema) = &command.payload { (folded("Schema of the payload", schema)) }
            @if let Some(schema) = &command.reply { (folded("Schema of the reply", schema)) }
        }
    }
}

fn process_entry(visit: &Visit, process: &ProcessDescription) -> Markup {
    let find = visit.to(format_args!("processes?domain={}&process_type={}", process.domain, process.name));
    html! {
        article.entry {
            h3 { (process.name) " " span.muted { (process.domain) } }
            ol.steps {
                @for step in &process.steps {
                    li {
                        strong { (step.name) } " sends " (step.command)
                        @if let Some(undo) = &step.undo { span.muted { ", taken back by " (undo) } }
                        @if let Some(time) = &step.timeout { span.muted { ", within " (time) } }
                    }
                }
            }
            (facts(&[
                ("Former names", joined(process.aliases)),
                ("Deadline", process.deadline.as_ref().map(|time| html! { (time) })),
                ("Fingerprint", Some(html! { code { (process.fingerprint) } })),
                ("Started ones", Some(html! { a href=(find) { "list" } })),
            ]))
        }
    }
}
