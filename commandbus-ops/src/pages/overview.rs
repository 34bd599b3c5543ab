//! What needs you, and each domain at a glance.

use axum::extract::State;
use maud::{Markup, html};

use super::{
    elements::{badge, capped, empty, number},
    layout::{Refresh, Sheet},
    operations,
    sparkline::sparkline,
    time,
    visit::{Visit, query},
};
use crate::{
    api::{
        Api,
        extract::{Asked, Paging},
        operations as operations_api, system,
    },
    problem::Problem,
    view::{Latency, Minute, Operation, Overview, Queue},
};

pub(super) async fn show(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let overview = system::overview(state.clone(), visit.viewer()).await?.0;
    // The newest ones: an older one that stalled is on the page of operations.
    let newest = Paging { limit: Some(20), cursor: None };
    let operations = operations_api::list(state, visit.viewer(), Asked(newest)).await?.0.items;
    let sheet = Sheet::new(&visit, "overview", "Overview").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        @if overview.queues.is_empty() {
            (empty(
                "No domain has a queue yet. Make one, and start a worker of it:",
                "commandbus migrate --domain payments",
            ))
        } @else {
            (needs(&visit, &overview, &operations))
            section aria-labelledby="domains" {
                h2 #domains { "Domains" }
                div.cards {
                    @for queue in &overview.queues { (card(&visit, queue, &overview)) }
                }
            }
        }
    }))
}

/// What waits for a person: a tone, what it is, and where to go.
fn needs(visit: &Visit, overview: &Overview, operations: &[Operation]) -> Markup {
    let mut needs: Vec<(&str, String, String)> = Vec::new();
    for queue in &overview.queues {
        let (domain, asked) = (&queue.domain, query(&[("domain", Some(&queue.domain))]));
        if queue.parked > 0 {
            let oldest = queue.oldest_parked_at.map(|at| format!(", the oldest for {}", time::age(at)));
            let says = format!("{} parked in {domain}{}", capped(queue.parked), oldest.unwrap_or_default());
            needs.push(("warn", says, visit.to(format_args!("troubleshooting{asked}"))));
        }
        if queue.ready > 0 && queue.workers == 0 && queue.paused_at.is_none() {
            let says = format!("{} ready in {domain}, and no worker is alive", capped(queue.ready));
            needs.push(("bad", says, visit.to("workers")));
        }
        if let Some(since) = queue.paused_at {
            needs.push(("odd", format!("{domain} has been paused for {}", time::age(since)), visit.to("queues")));
        }
    }
    for operation in operations.iter().filter(|operation| operations::is_stalled(operation)) {
        let left = operation.total_count.saturating_sub(operation.done_count + operation.skipped_count);
        let says = format!("An operation of {} stopped with {} to go", operation.operator, number(left.into()));
        needs.push(("odd", says, visit.to(format_args!("operations/{}", operation.operation_id))));
    }
    needs.sort_by_key(|(tone, _, _)| ["bad", "warn", "odd"].iter().position(|known| known == tone));
    html! {
        section.needs aria-labelledby="needs" {
            h2 #needs { "What needs you" }
            @if needs.is_empty() {
                p.well { span.dot.good aria-hidden="true" {} "Nothing. Everything moves by itself." }
            } @else {
                ul {
                    @for (tone, says, place) in &needs {
                        li class=(tone) { a href=(place) { (says) } }
                    }
                }
            }
        }
    }
}

fn card(visit: &Visit, queue: &Queue, overview: &Overview) -> Markup {
    let domain = &queue.domain;
    let of_domain = |word: &str, value: &str| {
        visit.to(query(&[("domain", Some(domain)), (word, Some(value))]).replacen('?', "commands?", 1))
    };
    let minutes: Vec<&Minute> = overview.throughput.iter().filter(|minute| minute.domain == *domain).collect();
    let latency = overview.latency.iter().find(|latency| latency.domain == *domain);
    html! {
        article.card {
            header {
                h3 { (domain) }
                @if queue.paused_at.is_some() { (badge("PAUSED")) }
            }
            dl.figures {
                (figure("Ready", &capped(queue.ready), Some(&of_domain("status", "PENDING"))))
                (figure("Running", &capped(queue.running), Some(&of_domain("status", "IN_PROGRESS"))))
                (figure("Delayed", &capped(queue.delayed), None))
                (figure("Parked", &capped(queue.parked), Some(&visit.to(format_args!("troubleshooting?domain={domain}")))))
            }
            (sparkline(&minutes))
            p.small {
                @if is_cut(&overview.throughput) { "at least " }
                (number(minutes.iter().map(|minute| minute.completed).sum())) " completed in the last hour"
            }
            dl.lines {
                div { dt { "Send to done" } dd { (taken(latency)) } }
                div { dt { "Workers alive" } dd { (number(queue.workers)) } }
                @if let Some(at) = queue.oldest_ready_at { div { dt { "Oldest ready" } dd { (time::ago(at)) } } }
                @if let Some(at) = queue.oldest_parked_at { div { dt { "Oldest parked" } dd { (time::ago(at)) } } }
                @if queue.held > 0 { div { dt { "Held behind their group" } dd { (capped(queue.held)) } } }
                @if queue.replies > 0 { div { dt { "Replies to route" } dd { (capped(queue.replies)) } } }
            }
        }
    }
}

/// Whether so much happened that the entries of the audit trail that are looked at may not reach back an hour.
fn is_cut(throughput: &[Minute]) -> bool {
    const MANY: u64 = 15_000;
    let of = |minute: &Minute| minute.sent + minute.completed + minute.failed + minute.canceled + minute.parked;
    throughput.iter().map(of).sum::<u64>() > MANY
}

fn figure(name: &str, count: &str, link: Option<&str>) -> Markup {
    html! {
        div class=[(name == "Parked" && count != "0").then_some("warn")] {
            dt { (name) }
            dd { @if let Some(link) = link { a href=(link) { (count) } } @else { (count) } }
        }
    }
}

fn taken(latency: Option<&Latency>) -> Markup {
    html! {
        @if let Some(latency) = latency {
            abbr title="half of them took no longer" { "p50" } " " (time::seconds(latency.p50_s)) " · "
            abbr title="95 of 100 took no longer" { "p95" } " " (time::seconds(latency.p95_s))
        } @else { span.muted { "nothing completed lately" } }
    }
}
