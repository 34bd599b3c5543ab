//! Queues and workers.

use axum::{extract::State, response::Redirect};
use maud::{Markup, html};

use super::{
    elements::{act, badge, capped, empty, number},
    forgery::{Filled, Nothing},
    layout::{Refresh, Sheet},
    time,
    visit::Visit,
};
use crate::{
    api::{
        Api,
        extract::{At, MayGive, Operating},
        system as api,
    },
    problem::Problem,
    view::{Queue, Worker},
};

pub(super) async fn queues(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let queues = api::queues(state, visit.viewer()).await?.0;
    let sheet = Sheet::new(&visit, "queues", "Queues").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        @if queues.is_empty() {
            (empty("No domain has a queue yet. Make one:", "commandbus migrate --domain payments"))
        } @else {
            div.scroll {
                table {
                    caption { "The queue of each domain; counts stop at " (number(commandbus::ops::System::CAP)) }
                    thead {
                        tr {
                            th scope="col" { "Domain" } th scope="col" { "Ready" } th scope="col" { "Running" }
                            th scope="col" { "Delayed" } th scope="col" { "Held" } th scope="col" { "Paused" }
                            th scope="col" { "Parked" } th scope="col" { "Replies" } th scope="col" { "Oldest ready" }
                            th scope="col" { "Workers" }
                            @if visit.may_operate() { th scope="col" { span.unseen { "Actions" } } }
                        }
                    }
                    tbody { @for queue in &queues { (queue_row(&visit, queue)) } }
                }
            }
        }
    }))
}

fn queue_row(visit: &Visit, queue: &Queue) -> Markup {
    let counts = [queue.ready, queue.running, queue.delayed, queue.held, queue.paused];
    html! {
        tr {
            th scope="row" {
                a href=(visit.to(format_args!("commands?domain={}", queue.domain))) { (queue.domain) }
                @if let Some(since) = queue.paused_at { " " (badge("PAUSED")) span.sub { "since " (time::ago(since)) } }
            }
            @for count in counts { td.num { (capped(count)) } }
            td.num {
                @if queue.parked > 0 {
                    a href=(visit.to(format_args!("troubleshooting?domain={}", queue.domain))) { (capped(queue.parked)) }
                } @else { "0" }
            }
            td.num { (capped(queue.replies)) }
            td { (time::some_ago(queue.oldest_ready_at)) }
            td.num { (number(queue.workers)) }
            @if visit.may_operate() {
                td.actions {
                    @if queue.paused_at.is_some() { (act(visit, &format!("queues/{}/resume", queue.domain), "Resume")) }
                    @else { (act(visit, &format!("queues/{}/pause", queue.domain), "Pause")) }
                }
            }
        }
    }
}

pub(super) async fn pause(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(domain): At<String>,
    Filled(Nothing {}): Filled<Nothing>,
) -> Result<Redirect, Problem> {
    api::pause(state, operating, At(domain), MayGive::default()).await?;
    Ok(Redirect::to(&visit.to("queues?notice=paused")))
}

pub(super) async fn resume(
    state: State<Api>,
    operating: Operating,
    visit: Visit,
    At(domain): At<String>,
    Filled(Nothing {}): Filled<Nothing>,
) -> Result<Redirect, Problem> {
    api::resume(state, operating, At(domain), MayGive::default()).await?;
    Ok(Redirect::to(&visit.to("queues?notice=resumed")))
}

pub(super) async fn workers(state: State<Api>, visit: Visit) -> Result<Markup, Problem> {
    let workers = api::workers(state, visit.viewer()).await?.0;
    let sheet = Sheet::new(&visit, "workers", "Workers").fresh(Refresh::Offered);
    Ok(sheet.show(html! {
        @if workers.is_empty() {
            (empty(
                "No worker has said within a day that it lives. Start the program that runs one:",
                "Worker::new(&bus, \"payments\").build()?.run_until(shutdown).await?",
            ))
        } @else {
            div.scroll {
                table {
                    caption { "Workers that have said within a day that they live" }
                    thead {
                        tr {
                            th scope="col" { "Domain" } th scope="col" { "Where" } th scope="col" { "State" }
                            th scope="col" { "Handlers" } th scope="col" { "In hand" } th scope="col" { "Version" }
                            th scope="col" { "Started" } th scope="col" { "Seen" }
                        }
                    }
                    tbody { @for worker in &workers { (worker_row(worker)) } }
                }
            }
        }
    }))
}

fn worker_row(worker: &Worker) -> Markup {
    html! {
        tr {
            th scope="row" { (worker.domain) }
            td { (worker.host) span.sub { "process " (worker.pid) } }
            td { (badge(if worker.is_alive { &worker.phase } else { "STALE" })) }
            td.num { (worker.running) " of " (worker.concurrency) }
            td.num { (worker.in_hand) }
            td { (worker.version) }
            td { (time::ago(worker.started_at)) }
            td { (time::ago(worker.seen_at)) }
        }
    }
}
