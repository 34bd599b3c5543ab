//! Processes.

use std::process::ExitCode;

use commandbus::{
    message::{BatchId, Domain, ProcessId, ProcessStatus},
    store::ProcessFilter,
};
use commandbus_ops::view::{self, Process, ProcessDetail};

use crate::{
    arguments::Processes,
    commands::page,
    failure::Failure,
    output::{Table, ago, some_ago, text},
    session::{Session, some_domain},
};

pub(crate) async fn run(session: &Session, task: Processes) -> Result<ExitCode, Failure> {
    match task {
        Processes::List { domain, process_type, status, batch, paging } => {
            let mut filter = ProcessFilter::default();
            filter.domain = some_domain(domain.as_deref())?;
            filter.process_type = process_type;
            filter.batch_id = batch.map(BatchId::from_uuid);
            filter.status = status.map(|status| read_status(&status)).transpose()?;
            let bus = session.bus().await?;
            let found: view::Page<Process> = view::Page::of(bus.processes().search(&filter, page(&paging)?).await?);
            session.answer(&found, || list(&found));
        }
        Processes::Show { domain, id } => {
            let (domain, id) = (Domain::new(domain)?, ProcessId::from_uuid(id));
            let processes = session.bus().await?.processes();
            let process = processes.get(&domain, id).await?.ok_or_else(|| {
                Failure::Refused(format!(
                    "domain `{domain}` has no process {id}: check both, or it was pruned after it ended"
                ))
            })?;
            let steps = view::all(processes.steps(&domain, id).await?);
            let strays = processes.stray_replies(&domain, id).await?;
            let stray_replies = strays.into_iter().filter_map(|stray| serde_json::to_value(stray).ok()).collect();
            let detail = ProcessDetail { process: process.into(), steps, stray_replies };
            session.answer(&detail, || show(&detail));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_status(text: &str) -> Result<ProcessStatus, Failure> {
    text.to_uppercase().parse().map_err(|_| {
        let known: Vec<&str> = ProcessStatus::ALL.iter().map(|status| status.as_str()).collect();
        Failure::Usage(format!("`{text}` is no status of processes: it is one of {}", known.join(", ")))
    })
}

fn list(found: &view::Page<Process>) -> Table {
    let heading = ["process", "domain", "type", "status", "step", "parked", "error", "started", "moved"];
    let mut table = Table::new(heading, "No processes were found.");
    for process in &found.items {
        table.row([
            process.process_id.to_string(),
            process.domain.clone(),
            process.process_type.clone(),
            process.status.clone(),
            text(process.current_step.as_ref()),
            process.parked_count.to_string(),
            text(process.error_code.as_ref()),
            ago(process.created_at),
            ago(process.updated_at),
        ]);
    }
    table.next(found.next_cursor.as_deref());
    table
}

fn show(detail: &ProcessDetail) -> Table {
    let ProcessDetail { process, steps, stray_replies } = detail;
    let mut table =
        Table::new(["step", "kind", "command", "type", "outcome", "sent", "answered"], "It has sent nothing.");
    for step in steps {
        let outcome = step.outcome.as_ref().and_then(|outcome| outcome.as_str()).unwrap_or("in flight");
        table.row([
            step.step_name.clone(),
            step.kind.clone(),
            step.command_id.to_string(),
            step.command_type.clone(),
            outcome.to_owned(),
            ago(step.sent_at),
            some_ago(step.received_at),
        ]);
    }
    table.below(format!("{}.{} {} is {}", process.domain, process.process_type, process.process_id, process.status));
    if let Some(code) = &process.error_code {
        table.below(format!("because of {code}: {}", text(process.error_message.as_ref())));
    }
    if process.parked_count > 0 {
        table.below(format!(
            "{} of its commands or replies wait for an operator: commandbus tsq list",
            process.parked_count
        ));
    }
    if !stray_replies.is_empty() {
        table.below(format!("{} replies changed nothing (--json tells them)", stray_replies.len()));
    }
    table.below(format!("state: {:#}", process.state));
    table
}
