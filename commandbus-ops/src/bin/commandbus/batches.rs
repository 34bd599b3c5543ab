//! Batches.

use std::process::ExitCode;

use commandbus::{
    bus::Bus,
    message::{BatchId, BatchMetadata, BatchStatus, BatchType},
    store::BatchFilter,
};
use commandbus_ops::view::{self, Batch};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::{
    arguments::{Batches, One},
    commands::page,
    failure::Failure,
    operations,
    output::{Table, ago, text},
    session::{Session, some_domain},
};

pub(crate) async fn run(session: &Session, task: Batches) -> Result<ExitCode, Failure> {
    let bus = session.bus().await?;
    match task {
        Batches::List { domain, open, processes, paging } => {
            let mut filter = BatchFilter::default();
            filter.domain = some_domain(domain.as_deref())?;
            filter.has_ended = open.then_some(false);
            filter.batch_type = processes.then_some(BatchType::Process);
            let found: view::Page<Batch> = view::Page::of(bus.batches().list(&filter, page(&paging)?).await?);
            session.answer(&found, || {
                let mut table = rows(&found.items);
                table.next(found.next_cursor.as_deref());
                table
            });
        }
        Batches::Show(one) => {
            let batch = Batch::from(find(&bus, &one).await?);
            session.answer(&batch, || rows(std::slice::from_ref(&batch)));
        }
        Batches::Watch(one) => {
            let batch = find(&bus, &one).await?;
            return watch(session, &bus, batch).await;
        }
        Batches::CancelRest { batch, reason, yes } => {
            let batch = find(&bus, &batch).await?;
            session.confirm(&format!("Cancel what has not run of up to {} commands?", batch.open_count()), yes)?;
            let operator = session.operator()?;
            let canceled = bus.batches().cancel_rest(&batch.domain, batch.batch_id, &operator, &reason).await?;
            session.say(&json!({ "canceled": canceled }), format_args!("{canceled} canceled by {operator}."));
        }
        Batches::RetryParked { batch, reason, yes } => {
            let batch = find(&bus, &batch).await?;
            session.confirm(&format!("Retry {} parked commands?", batch.in_troubleshooting_count), yes)?;
            let (domain, id, operator) = (&batch.domain, batch.batch_id, session.operator()?);
            let operation = bus.batches().retry_parked(domain, id, &operator, reason.as_deref()).await?;
            return operations::follow(session, &bus, operation.operation_id).await;
        }
        Batches::Pause { batch, reason } => {
            let batch = find(&bus, &batch).await?;
            bus.batches().pause(&batch.domain, batch.batch_id, &session.operator()?, reason.as_deref()).await?;
            session.say(&json!({ "paused": batch.batch_id }), "Paused; what runs finishes.");
        }
        Batches::Resume { batch, reason } => {
            let batch = find(&bus, &batch).await?;
            bus.batches().resume(&batch.domain, batch.batch_id, &session.operator()?, reason.as_deref()).await?;
            session.say(&json!({ "resumed": batch.batch_id }), "Resumed.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(bus: &Bus, one: &One) -> Result<BatchMetadata, Failure> {
    let (id, domain) = (BatchId::from_uuid(one.id), some_domain(one.domain.as_deref())?);
    let mut found = bus.batches().find(id).await?;
    found.retain(|batch| domain.as_ref().is_none_or(|domain| *domain == batch.domain));
    match (found.pop(), found.is_empty()) {
        (Some(batch), true) => Ok(batch),
        (Some(_), false) => Err(Failure::Usage(format!("several domains have a batch {id}: say which, with --domain"))),
        (None, _) => {
            Err(Failure::Refused(format!("there is no batch {id}: check the id, or it was pruned after it ended")))
        }
    }
}

/// Follows a batch to its end: a bar with rate and remaining time, or a line of JSON for each change.
async fn watch(session: &Session, bus: &Bus, batch: BatchMetadata) -> Result<ExitCode, Failure> {
    let handle = bus.batch(&batch.domain, batch.batch_id).await?;
    let bar = session.bar(u64::from(batch.total_count), "ended");
    // Else the rate would count what ended before we looked.
    bar.reset_eta();
    let mut progress = handle.progress();
    let mut last = batch;
    while let Some(now) = progress.try_next().await? {
        bar.set_position(u64::from(now.ended_count()));
        if now.in_troubleshooting_count > 0 {
            bar.set_message(format!("ended ({} parked)", now.in_troubleshooting_count));
        }
        if session.json {
            session.tell_line(&Batch::from(now.clone()));
        }
        last = now;
    }
    bar.finish_and_clear();
    let is_well = last.status == BatchStatus::Completed;
    if !session.json {
        let batch = Batch::from(last);
        session.answer(&batch, || rows(std::slice::from_ref(&batch)));
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

fn rows(batches: &[Batch]) -> Table {
    let heading =
        ["batch", "domain", "name", "of", "status", "total", "completed", "failed", "canceled", "parked", "created"];
    let mut table = Table::new(heading, "No batches were found.");
    for batch in batches {
        let paused = if batch.paused_at.is_some() { " (paused)" } else { "" };
        table.row([
            batch.batch_id.to_string(),
            batch.domain.clone(),
            text(batch.name.as_ref()),
            batch.batch_type.to_lowercase(),
            format!("{}{paused}", batch.batch_status),
            batch.total_count.to_string(),
            batch.completed_count.to_string(),
            batch.failed_count.to_string(),
            batch.canceled_count.to_string(),
            batch.in_troubleshooting_count.to_string(),
            ago(batch.created_at),
        ]);
    }
    table
}
