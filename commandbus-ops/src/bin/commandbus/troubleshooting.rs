//! What is parked.

use std::process::ExitCode;

use commandbus::{
    bus::Bus,
    message::{BatchId, CommandId},
    ops::Operator,
    store::{OperationVerb, ParkedFilter},
};
use commandbus_ops::view::{self, ParkedCase, ParkedGroup};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    arguments::{Tsq, Which},
    commands::{events, find, page},
    failure::Failure,
    operations,
    output::{Table, ago, short, text},
    session::{Session, some_domain},
};

pub(crate) async fn run(session: &Session, task: Tsq) -> Result<ExitCode, Failure> {
    match task {
        Tsq::List { filter, paging } => {
            let (filter, page) = (read_filter(&filter)?, page::<i64>(&paging)?);
            let items = session.bus().await?.troubleshooting().list(&filter, page).await?;
            let next = items.last().map(|last| last.parked_id).filter(|_| items.len() >= page.limit as usize);
            let found: view::Page<view::Parked> =
                view::Page { items: view::all(items), next_cursor: next.map(|next| next.to_string()) };
            session.answer(&found, || list(&found));
        }
        Tsq::Groups { filter } => {
            let found = session.bus().await?.troubleshooting().groups(&read_filter(&filter)?).await?;
            let found: Vec<ParkedGroup> = view::all(found);
            session.answer(&found, || groups(&found));
        }
        Tsq::Show(one) => {
            let bus = session.bus().await?;
            let command = find(&bus, one.id, one.domain.as_deref()).await?;
            let case = ParkedCase::from(bus.troubleshooting().show(&command.domain, command.command_id).await?);
            session.answer(&case, || show(&case));
        }
        Tsq::Retry { which, reason, payload } => {
            let payload = payload.as_deref().map(|text| read_json("--payload", text)).transpose()?;
            if payload.is_some() && which.ids.len() != 1 {
                return Err(Failure::Usage("--payload is for one command: give its id".to_owned()));
            }
            return resolve(session, which, OperationVerb::Retry, reason, payload).await;
        }
        Tsq::Cancel { which, reason } => {
            return resolve(session, which, OperationVerb::Cancel, Some(reason), None).await;
        }
        Tsq::Complete { which, reason, result } => {
            let result = result.as_deref().map(|text| read_json("--result", text)).transpose()?;
            return resolve(session, which, OperationVerb::Complete, reason, result).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_json(what: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Usage(format!("{what} is not JSON: {error}")))
}

/// Reads `domain=payments`, `code=BANK_DOWN` and the like; `all` restricts nothing.
fn read_filter(words: &[String]) -> Result<ParkedFilter, Failure> {
    let mut filter = ParkedFilter::default();
    // A fingerprint may hold anything, so commas separate nothing.
    for word in words.iter().filter(|word| *word != "all") {
        let (key, value) = word.split_once('=').ok_or_else(|| {
            Failure::Usage(format!(
                "`{word}` is no filter: write `domain=..`, `type=..`, `code=..`, `fingerprint=..` or `batch=..`"
            ))
        })?;
        let value = value.to_owned();
        match key {
            "domain" => filter.domain = some_domain(Some(&value))?,
            "type" => filter.command_type = Some(value),
            "code" => filter.error_code = Some(value),
            "fingerprint" => filter.fingerprint = Some(value),
            "batch" => {
                let id = value.parse().map_err(|_| Failure::Usage(format!("`{value}` is not the id of a batch")))?;
                filter.batch_id = Some(BatchId::from_uuid(id));
            }
            other => {
                return Err(Failure::Usage(format!(
                    "`{other}` is nothing to filter by: domain, type, code, fingerprint and batch are"
                )));
            }
        }
    }
    Ok(filter)
}

async fn resolve(
    session: &Session,
    which: Which,
    verb: OperationVerb,
    reason: Option<String>,
    data: Option<Value>,
) -> Result<ExitCode, Failure> {
    if which.ids.is_empty() && which.filter.is_empty() {
        return Err(Failure::Usage(
            "which? Give ids, or `--filter` with domain=.., type=.., code=.., fingerprint=.., batch=.., or `--filter all`"
                .to_owned(),
        ));
    }
    let filter = read_filter(&which.filter)?;
    let bus = session.bus().await?;
    let name = session.operator()?;
    let operator = bus.troubleshooting().by(&name);
    let operator = match &reason {
        Some(reason) => operator.because(reason),
        None => operator,
    };
    if !which.ids.is_empty() {
        return resolve_each(session, &bus, &operator, &which, verb, reason.as_deref(), data.as_ref()).await;
    }

    let count = bus.troubleshooting().count(&filter).await?;
    let done = match verb {
        OperationVerb::Retry => "retry",
        OperationVerb::Cancel => "cancel",
        OperationVerb::Complete => "complete",
    };
    session.confirm(&format!("{done} {count} parked commands as {name}?"), which.yes)?;
    let operation = match (verb, data) {
        (OperationVerb::Retry, _) => operator.retry_all(&filter).await?,
        (OperationVerb::Cancel, _) => operator.cancel_all(&filter, reason.as_deref().unwrap_or_default()).await?,
        (OperationVerb::Complete, Some(result)) => operator.complete_all_with(&filter, &result).await?,
        (OperationVerb::Complete, None) => operator.complete_all(&filter).await?,
    };
    operations::follow(session, &bus, operation.operation_id).await
}

async fn resolve_each(
    session: &Session,
    bus: &Bus,
    operator: &Operator,
    which: &Which,
    verb: OperationVerb,
    reason: Option<&str>,
    data: Option<&Value>,
) -> Result<ExitCode, Failure> {
    let (mut done, mut refused): (Vec<Uuid>, Vec<(Uuid, String)>) = (Vec::new(), Vec::new());
    for id in &which.ids {
        let outcome = async {
            let command = find(bus, *id, which.domain.as_deref()).await?;
            let (domain, id) = (&command.domain, CommandId::from_uuid(*id));
            match (verb, data) {
                (OperationVerb::Retry, None) => operator.retry(domain, id).await?,
                (OperationVerb::Retry, Some(payload)) => operator.retry_edited_untyped(domain, id, payload).await?,
                (OperationVerb::Cancel, _) => operator.cancel(domain, id, reason.unwrap_or_default()).await?,
                (OperationVerb::Complete, None) => operator.complete(domain, id).await?,
                (OperationVerb::Complete, Some(result)) => operator.complete_with(domain, id, result).await?,
            }
            Ok::<_, Failure>(())
        };
        match outcome.await {
            Ok(()) => done.push(*id),
            // What concerns one of them hinders no other.
            Err(failure) if failure.code() == 1 => refused.push((*id, failure.to_string())),
            Err(failure) => return Err(failure),
        }
    }
    let errors: Vec<Value> = refused.iter().map(|(id, why)| json!({ "command_id": id, "error": why })).collect();
    let mut sentence = format!("{verb}: {} done", done.len());
    for (_, why) in &refused {
        sentence.push_str(&format!("\n{why}"));
    }
    session.say(&json!({ "verb": verb, "done": done, "refused": errors }), sentence);
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn list(found: &view::Page<view::Parked>) -> Table {
    let mut table =
        Table::new(["command", "domain", "type", "code", "message", "attempts", "parked"], "Nothing is parked.");
    for parked in &found.items {
        table.row([
            parked.command_id.to_string(),
            parked.domain.clone(),
            parked.command_type.clone(),
            text(parked.error_code.as_ref()),
            short(parked.error_msg.as_deref().unwrap_or_default(), 80),
            format!("{}/{}", parked.attempts, parked.max_attempts),
            ago(parked.parked_at),
        ]);
    }
    table.next(found.next_cursor.as_deref());
    table
}

fn groups(found: &[ParkedGroup]) -> Table {
    let mut table = Table::new(
        ["how many", "domain", "type", "code", "for example", "oldest", "fingerprint"],
        "Nothing is parked.",
    );
    for group in found {
        table.row([
            group.count.to_string(),
            group.domain.clone(),
            group.command_type.clone(),
            text(group.error_code.as_ref()),
            short(group.example.as_deref().unwrap_or_default(), 80),
            ago(group.oldest),
            group.fingerprint.clone(),
        ]);
    }
    table
}

fn show(case: &ParkedCase) -> Table {
    let ParkedCase { parked, audit, .. } = case;
    let mut table = Table::new(["", ""], "");
    for (what, value) in [
        ("command", parked.command_id.to_string()),
        ("type", format!("{}.{}", parked.domain, parked.command_type)),
        ("parked", format!("{} ({})", parked.parked_at, ago(parked.parked_at))),
        ("because", parked.reason.clone()),
        ("error", text(parked.error_code.as_ref())),
        ("", text(parked.error_msg.as_ref())),
        ("details", text(parked.error_details.as_ref())),
        ("attempts", format!("{} of {}", parked.attempts, parked.max_attempts)),
        ("batch", text(parked.batch_id.as_ref())),
        ("holds", if parked.holds > 0 { format!("{} commands of its group", parked.holds) } else { String::new() }),
        (
            "payload",
            parked.payload.as_ref().map_or_else(|| "its message is gone".to_owned(), |payload| format!("{payload:#}")),
        ),
    ] {
        if !value.is_empty() {
            table.row([what.to_owned(), value]);
        }
    }
    table.below(events(audit, "Nothing is recorded.").to_string());
    table.below(format!("Next: commandbus tsq retry {0}, or cancel, or complete", parked.command_id));
    table
}
