//! Commands.

use std::process::ExitCode;

use commandbus::{
    bus::Bus,
    message::{BatchId, CommandId, CommandMetadata, CommandStatus},
    store::{CommandFilter, Page},
};
use commandbus_ops::view::{self, CommandDetail, Event};
use serde_json::json;
use uuid::Uuid;

use crate::{
    arguments::{Commands, Paging},
    failure::Failure,
    output::{Table, ago, short, some_ago, text},
    session::{Session, some_domain},
};

pub(crate) async fn run(session: &Session, task: Commands) -> Result<ExitCode, Failure> {
    match task {
        Commands::List { domain, command_type, status, batch, correlation, from, before, paging } => {
            let mut filter = CommandFilter::default();
            filter.domain = some_domain(domain.as_deref())?;
            filter.command_type = command_type;
            filter.status = status.map(|status| read_status(&status)).transpose()?;
            filter.batch_id = batch.map(BatchId::from_uuid);
            filter.correlation_id = correlation;
            filter.sent_from = from;
            filter.sent_before = before;
            list(session, &filter, &paging).await?;
        }
        Commands::Show(one) => {
            let bus = session.bus().await?;
            let command = find(&bus, one.id, one.domain.as_deref()).await?;
            let payload = bus.commands().payload(&command).await?;
            let audit = view::all(bus.audit().of_command(&command.domain, command.command_id).await?);
            let detail = CommandDetail { command: command.into(), payload, audit };
            session.answer(&detail, || show(&detail));
        }
        Commands::Cancel { ids, domain, reason } => {
            let bus = session.bus().await?;
            let operator = session.operator()?;
            for id in &ids {
                let command = find(&bus, *id, domain.as_deref()).await?;
                bus.commands().cancel(&command.domain, command.command_id, &operator, &reason).await?;
            }
            session.say(&json!({ "canceled": ids }), format_args!("{} canceled by {operator}.", ids.len()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_status(text: &str) -> Result<CommandStatus, Failure> {
    text.to_uppercase().parse().map_err(|_| {
        let known: Vec<&str> = CommandStatus::ALL.iter().map(|status| status.as_str()).collect();
        Failure::Usage(format!("`{text}` is no status of commands: it is one of {}", known.join(", ")))
    })
}

/// The page that was asked for.
pub(crate) fn page<K: std::str::FromStr>(paging: &Paging) -> Result<Page<K>, Failure> {
    let after = paging.cursor.as_deref().map(|cursor| {
        cursor.parse().map_err(|_| Failure::Usage("--cursor is what the page before ended with".to_owned()))
    });
    Ok(Page { after: after.transpose()?, limit: paging.limit.clamp(1, 10_000) })
}

async fn list(session: &Session, filter: &CommandFilter, paging: &Paging) -> Result<(), Failure> {
    let bus = session.bus().await?;
    let found: view::Page<view::Command> = view::Page::of(bus.commands().search(filter, page(paging)?).await?);
    session.answer(&found, || {
        let empty = "No commands were found. Send one with `commandbus send`, or ask for less.";
        let mut table = Table::new(["command", "domain", "type", "status", "attempts", "sent", "last error"], empty);
        for command in &found.items {
            table.row([
                command.command_id.to_string(),
                command.domain.clone(),
                command.command_type.clone(),
                command.status.clone(),
                format!("{}/{}", command.attempts, command.max_attempts),
                ago(command.created_at),
                text(command.last_error_code.as_ref()),
            ]);
        }
        table.next(found.next_cursor.as_deref());
        table
    });
    Ok(())
}

/// The command of an id, which nearly always is in one domain only.
pub(crate) async fn find(bus: &Bus, id: Uuid, domain: Option<&str>) -> Result<CommandMetadata, Failure> {
    let id = CommandId::from_uuid(id);
    let domain = some_domain(domain)?;
    let mut found = bus.commands().find(id).await?;
    found.retain(|command| domain.as_ref().is_none_or(|domain| *domain == command.domain));
    match (found.pop(), found.is_empty()) {
        (Some(command), true) => Ok(command),
        (Some(_), false) => {
            Err(Failure::Usage(format!("several domains have a command {id}: say which, with --domain")))
        }
        (None, _) => {
            Err(Failure::Refused(format!("there is no command {id}: check the id, or it was pruned after it ended")))
        }
    }
}

fn show(detail: &CommandDetail) -> Table {
    let CommandDetail { command, payload, audit } = detail;
    let mut table = Table::new(["", ""], "");
    for (what, value) in [
        ("command", command.command_id.to_string()),
        ("type", format!("{}.{}", command.domain, command.command_type)),
        ("status", command.status.clone()),
        ("attempts", format!("{} of {}", command.attempts, command.max_attempts)),
        ("sent", format!("{} ({})", command.created_at, ago(command.created_at))),
        ("changed", format!("{} ({})", command.updated_at, ago(command.updated_at))),
        ("leased until", some_ago(command.lease_expires_at)),
        ("correlation", text(command.correlation_id.as_ref())),
        ("batch", text(command.batch_id.as_ref())),
        ("group", text(command.group.as_ref())),
        ("held behind", text(command.held_behind.as_ref())),
        ("reply to", text(command.reply_to.as_ref())),
        ("last error", text(command.last_error_code.as_ref())),
        ("", text(command.last_error_msg.as_ref())),
        ("payload", payload.as_ref().map_or_else(|| "not kept".to_owned(), |payload| format!("{payload:#}"))),
    ] {
        if !value.is_empty() {
            table.row([what.to_owned(), value]);
        }
    }
    table.below(events(audit, "Nothing is recorded.").to_string());
    table
}

/// Entries of the audit trail.
pub(crate) fn events(audit: &[Event], if_empty: &str) -> Table {
    let mut table = Table::new(["when", "what", "of", "details"], if_empty);
    for event in audit {
        let details = event.details.as_object().map(|details| {
            let told = details.iter().filter(|(_, value)| !value.is_null());
            told.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        });
        table.row([
            event.at.format("%Y-%m-%d %H:%M:%S").to_string(),
            event.event.clone(),
            event.subject.to_string(),
            short(&details.unwrap_or_default(), 200),
        ]);
    }
    table
}
