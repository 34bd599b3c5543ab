//! The audit trail, queues, workers, and whole domains.

use std::process::ExitCode;

use commandbus::{message::Domain, store::AuditFilter};
use commandbus_ops::view::{self, Event, Queue, Worker};
use serde_json::json;

use crate::{
    arguments::{Audit, Domains},
    commands::{events, page},
    failure::Failure,
    output::{Table, ago, capped, some_ago},
    session::{Session, some_domain},
};

pub(crate) async fn audit(session: &Session, task: Audit) -> Result<ExitCode, Failure> {
    let mut filter = AuditFilter::default();
    filter.domain = some_domain(task.domain.as_deref())?;
    filter.subject = task.subject;
    filter.event = task.event.map(|event| event.to_uppercase());
    filter.operator = task.by;
    let found = session.bus().await?.audit().search(&filter, page(&task.paging)?).await?;
    let found: view::Page<Event> = view::Page::of(found);
    session.answer(&found, || {
        let mut table = events(&found.items, "Nothing is recorded.");
        table.next(found.next_cursor.as_deref());
        table
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn queues(session: &Session) -> Result<ExitCode, Failure> {
    let queues: Vec<Queue> = view::all(session.bus().await?.system().queues().await?);
    session.answer(&queues, || {
        let heading = [
            "domain", "ready", "oldest", "running", "delayed", "held", "paused", "parked", "oldest", "replies",
            "workers",
        ];
        let mut table =
            Table::new(heading, "There are no queues. `commandbus migrate --domain NAME` makes those of a domain.");
        for queue in &queues {
            let paused = if queue.paused_at.is_some() { " (paused)" } else { "" };
            table.row([
                format!("{}{paused}", queue.domain),
                capped(queue.ready),
                some_ago(queue.oldest_ready_at),
                capped(queue.running),
                capped(queue.delayed),
                capped(queue.held),
                capped(queue.paused),
                capped(queue.parked),
                some_ago(queue.oldest_parked_at),
                capped(queue.replies),
                queue.workers.to_string(),
            ]);
        }
        table
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn workers(session: &Session) -> Result<ExitCode, Failure> {
    let workers: Vec<Worker> = view::all(session.bus().await?.system().workers().await?);
    session.answer(&workers, || {
        let heading = ["domain", "host", "pid", "phase", "running", "of", "started", "seen", "alive"];
        let mut table = Table::new(heading, "No worker has said within a day that it lives.");
        for worker in &workers {
            table.row([
                worker.domain.clone(),
                worker.host.clone(),
                worker.pid.to_string(),
                worker.phase.clone(),
                worker.running.to_string(),
                worker.concurrency.to_string(),
                ago(worker.started_at),
                ago(worker.seen_at),
                if worker.is_alive { "yes" } else { "no" }.to_owned(),
            ]);
        }
        table
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn domains(session: &Session, task: Domains) -> Result<ExitCode, Failure> {
    let bus = session.bus().await?;
    let (name, reason, is_paused) = match task {
        Domains::Pause { domain, reason } => (domain, reason, true),
        Domains::Resume { domain, reason } => (domain, reason, false),
    };
    let (operator, reason) = (session.operator()?, reason.as_deref());
    let domain = Domain::new(name)?;
    let known = bus.system().queues().await?;
    if !known.iter().any(|queue| queue.domain == domain) {
        let names: Vec<&str> = known.iter().map(|queue| queue.domain.as_str()).collect();
        return Err(Failure::Refused(format!(
            "there is no domain `{domain}`; those with a queue are: {}",
            names.join(", ")
        )));
    }
    if is_paused {
        bus.system().pause(&domain, &operator, reason).await?;
    } else {
        bus.system().resume(&domain, &operator, reason).await?;
    }
    let sentence = if is_paused { "is paused; what runs finishes" } else { "is resumed" };
    session.say(&json!({ "domain": domain, "paused": is_paused }), format_args!("{domain} {sentence}."));
    Ok(ExitCode::SUCCESS)
}
