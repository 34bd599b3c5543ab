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
    let mut at = 0.0;
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=(says) {
            rect.rest x="0" y="0" width="1000" height="10" {}
            @for (class, _, count) in parts.iter().filter(|(_, _, count)| *count > 0) {
                @let width = f64::from(*count) * 1_000.0 / f64::from(total.max(1));
                rect class=(class) x=(format!("{at:.1}")) y="0" width=(format!("{width:.1}")) height="10" {}
                @let _ = at += width;
            }
        }
    }
}

fn parts(batch: &Batch) -> [Part; 4] {
    let canceled = if batch.batch_type == "PROCESS" { "failed or canceled" } else { "canceled" };
    [
        ("good", "completed", batch.completed_count),
        ("bad", "failed", batch.failed_count),
        ("odd", canceled, batch.canceled_count),
        ("warn", "in troubleshooting", batch.in_troubleshooting_count),
    ]
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
