//! How far something has come, as a bar.

use maud::{Markup, html};

use super::elements::number;
use crate::view::{Batch, Operation};

/// A part of a bar: how it looks, what it is, how many.
type Part = (&'static str, &'static str, u32);

/// A bar with a part for each outcome, and the same in words beneath it.
fn bar(parts: &[Part], total: u32) -> Markup {
    let says = parts.iter().filter(|(_, _, count)| *count > 0);
    let says: Vec<String> = says.map(|(_, name, count)| format!("{} {name}", number((*count).into()))).collect();
    let says = if says.is_empty() { "nothing yet".to_owned() } else { says.join(", ") };
    let width = |count: u32| f64::from(count) * 1_000.0 / f64::from(total.max(1));
    let drawn = parts.iter().scan(0, |before, (class, _, count)| {
        let start = *before;
        *before += count;
        Some((*count > 0).then_some((class, start, *count)))
    });
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=(says) {
            rect.rest x="0" y="0" width="1000" height="10" {}
            @for (class, start, count) in drawn.flatten() {
                rect class=(class) x=(format!("{:.1}", width(start))) y="0" width=(format!("{:.1}", width(count))) height="10" {}
            }
        }
    }
}

/// Of processes, those that failed and those that were canceled are counted together.
fn parts(batch: &Batch) -> Vec<Part> {
    let mut parts = vec![("good", "completed", batch.completed_count)];
    if batch.batch_type == "PROCESS" {
        parts.push(("bad", "failed or canceled", batch.failed_count + batch.canceled_count));
    } else {
        parts.extend([("bad", "failed", batch.failed_count), ("odd", "canceled", batch.canceled_count)]);
    }
    parts.push(("warn", "in troubleshooting", batch.in_troubleshooting_count));
    parts
}

/// A batch in one line of a table.
pub(super) fn of_batch(batch: &Batch) -> Markup {
    let ended = batch.completed_count + batch.failed_count + batch.canceled_count;
    html! {
        div.progress {
            (bar(&parts(batch), batch.total_count))
            span.figures { (number(ended.into())) " of " (number(batch.total_count.into())) }
        }
    }
}

/// A batch at length: each outcome with its count.
pub(super) fn of_batch_at_length(batch: &Batch) -> Markup {
    html! {
        div.progress.long {
            (bar(&parts(batch), batch.total_count))
            ul.legend {
                @for (class, name, count) in parts(batch) {
                    li { span class={ "dot " (class) } aria-hidden="true" {} strong { (number(count.into())) } " " (name) }
                }
                li { span.dot.rest aria-hidden="true" {} strong { (number(batch.open_count.into())) } " open" }
                li { strong { (number(batch.total_count.into())) } " in total" }
            }
        }
    }
}

/// An operation.
pub(super) fn of_operation(operation: &Operation) -> Markup {
    let parts = [("good", "done", operation.done_count), ("odd", "skipped", operation.skipped_count)];
    let tried = operation.done_count + operation.skipped_count;
    html! {
        div.progress {
            (bar(&parts, operation.total_count))
            span.figures { (number(tried.into())) " of " (number(operation.total_count.into())) }
        }
    }
}
