//! Migrating, looking for faults, removing what is over.

use std::process::ExitCode;

use commandbus::{
    message::{BatchId, Domain},
    store::{BatchFilter, FaultKind, Page, Prunable, Versions, postgres::migration_sql},
};
use commandbus_ops::view::{self, Fault};
use serde::Serialize;
use serde_json::json;

use crate::{
    arguments::{Doctor, Migrate, Prune, Roles},
    failure::Failure,
    output::{Table, text},
    session::Session,
};

pub(crate) async fn migrate(session: &Session, task: Migrate) -> Result<ExitCode, Failure> {
    if task.dump_sql {
        let sql: Vec<String> = migration_sql().map(|(name, sql)| format!("-- {name}\n\n{sql}")).collect();
        session.say(&json!({ "sql": sql }), sql.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    // Before anything is changed.
    let domains = task.domain.into_iter().map(Domain::new).collect::<Result<Vec<_>, _>>()?;
    let bus = session.bus().await?;
    let before = bus.system().versions().await?.schema;
    bus.migrate().await?;
    for domain in &domains {
        bus.system().ensure_queues(domain).await?;
    }
    let after = bus.system().versions().await?.schema;
    let names: Vec<&str> = domains.iter().map(Domain::as_str).collect();
    let moved = match (before, after) {
        (None, Some(after)) => format!("The schema was made; it is at version {after}."),
        (Some(before), Some(after)) if before < after => format!("The schema went from version {before} to {after}."),
        _ => format!("The schema is at version {} already.", text(after.as_ref())),
    };
    let queues = if names.is_empty() { String::new() } else { format!(" Queues are there for {}.", names.join(", ")) };
    session.say(&json!({ "before": before, "after": after, "domains": names }), moved + &queues);
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn roles(session: &Session, task: Roles) -> Result<ExitCode, Failure> {
    let domains = task.domain.into_iter().map(Domain::new).collect::<Result<Vec<_>, _>>()?;
    let bus = session.bus().await?;
    let store = bus.store().as_postgres().expect("a bus with a URL is on PostgreSQL");
    if task.dump_sql {
        let sql = store.role_statements(&domains).await?;
        session.say(&json!({ "sql": sql }), sql.iter().map(|line| format!("{line};")).collect::<Vec<_>>().join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let made = store.make_roles(&domains).await?;
    let senders = domains.iter().map(|domain| format!(", commandbus_send_{domain}")).collect::<String>();
    session.say(
        &json!({ "made": made, "domains": domains.iter().map(Domain::as_str).collect::<Vec<_>>() }),
        format_args!(
            "{made} roles were made. commandbus_reader, commandbus_worker, commandbus_operator{senders} have their rights: \
             grant them to those who log in."
        ),
    );
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Diagnosis {
    versions: Versions,
    schema_fits: bool,
    faults: Vec<Fault>,
    repaired: Vec<BatchId>,
}

pub(crate) async fn doctor(session: &Session, task: &Doctor) -> Result<ExitCode, Failure> {
    let bus = session.bus().await?;
    let versions = bus.system().versions().await?;
    let schema_fits = versions.schema == Some(versions.schema_of_library);
    let mut found = if schema_fits { bus.system().diagnose().await? } else { Vec::new() };
    let mut repaired = Vec::new();
    if task.repair && found.iter().any(|fault| fault.kind == FaultKind::BatchMiscounted) {
        repaired = recount(&bus).await?;
        found = bus.system().diagnose().await?;
    }
    let is_well = schema_fits && found.is_empty();
    let diagnosis = Diagnosis { versions, schema_fits, faults: view::all(found), repaired };
    session.answer(&diagnosis, || {
        let nothing = if schema_fits { "No faults were found." } else { "Nothing was looked for without its schema." };
        let mut table = Table::new(["fault", "domain", "how many", "for example", "what to do"], nothing);
        for fault in &diagnosis.faults {
            table.row([
                fault.fault.clone(),
                fault.domain.clone(),
                fault.total.to_string(),
                text(fault.example.as_ref()),
                fault.advice.clone(),
            ]);
        }
        let Versions { database, pgmq, schema, schema_of_library, library, .. } = &diagnosis.versions;
        table.below(format!("database: {database}"));
        table.below(format!("PGMQ: {}", pgmq.as_deref().unwrap_or("not there")));
        table.below(match schema {
            Some(schema) if schema == schema_of_library => format!("schema: version {schema}, as commandbus {library} needs it"),
            Some(schema) => format!(
                "schema: version {schema}, but commandbus {library} needs {schema_of_library}: run `commandbus migrate`, or \
                 update this program"
            ),
            None => "schema: not there: run `commandbus migrate`".to_owned(),
        });
        if !diagnosis.repaired.is_empty() {
            table.below(format!("{} batches were counted anew", diagnosis.repaired.len()));
        }
        table
    });
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

/// Counts every open batch anew, and answers those whose counts that changed.
async fn recount(bus: &commandbus::bus::Bus) -> Result<Vec<BatchId>, Failure> {
    let mut filter = BatchFilter::default();
    filter.has_ended = Some(false);
    let mut page = Page::first(500);
    let mut repaired = Vec::new();
    loop {
        let listing = bus.batches().list(&filter, page).await?;
        for before in listing.items {
            let after = bus.batches().recount(&before.domain, before.batch_id).await?;
            let counts = |batch: &commandbus::message::BatchMetadata| {
                (batch.ended_count(), batch.completed_count, batch.failed_count, batch.in_troubleshooting_count)
            };
            if after.is_some_and(|after| counts(&after) != counts(&before)) {
                repaired.push(before.batch_id);
            }
        }
        let Some(next) = listing.next else { return Ok(repaired) };
        page.after = Some(next);
    }
}

pub(crate) async fn prune(session: &Session, task: &Prune) -> Result<ExitCode, Failure> {
    let bus = session.bus().await?;
    let prune = bus.prune(task.older_than).chunk_size(task.chunk).share_of_time(task.share);
    let prune = if task.dry_run { prune.dry_run() } else { prune };
    let bar = session.bar(0, "pruning");
    bar.set_style(
        indicatif::ProgressStyle::with_template("{spinner} {msg}: {human_pos} rows")
            .unwrap_or_else(|_| indicatif::ProgressStyle::default_spinner()),
    );
    let pruned = prune
        .run_watched(|what, so_far| {
            bar.set_message(match what {
                Prunable::Results => "results",
                Prunable::Processes => "processes",
                Prunable::Commands => "commands",
                Prunable::Batches => "batches",
                Prunable::Archives => "archives",
                Prunable::Operations => "operations",
                _ => "replies",
            });
            bar.set_position(so_far.total());
        })
        .await?;
    bar.finish_and_clear();
    session.answer(&json!({ "dry_run": task.dry_run, "pruned": pruned }), || {
        let would = if task.dry_run { "would go" } else { "gone" };
        let mut table = Table::new(["what", would], "");
        for (what, count) in [
            ("commands", pruned.commands),
            ("entries of the audit trail", pruned.audit_events),
            ("results", pruned.results),
            ("processes", pruned.processes),
            ("entries of their timelines", pruned.process_steps),
            ("batches", pruned.batches),
            ("archived messages", pruned.archived_messages),
            ("stray replies", pruned.stray_replies),
            ("parked replies that were retried", pruned.parked_replies),
            ("undelivered replies", pruned.undelivered_replies),
            ("operations", pruned.operations),
        ] {
            table.row([what.to_owned(), count.to_string()]);
        }
        table
    });
    Ok(ExitCode::SUCCESS)
}
