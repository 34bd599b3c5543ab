//! Handlers that write a row in the transaction that settles their command, against the same rows written by hand: one
//! transaction for each job, without leases, fences, retries or a queue to look into (each client knows its jobs).

use std::{io::Write as _, path::PathBuf};

use tokio::process::Command;

use super::{BY_HAND, TRANSACTIONAL, TRANSACTIONAL_BATCH};
use crate::{Error, bench::Bench, check, figures::Figures, server::Database, system::OURS};

const CLIENTS: usize = 10;

pub async fn each(bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<(), Error> {
    let jobs = jobs / CLIENTS * CLIENTS;
    for (measure, batch) in [(TRANSACTIONAL, false), (BY_HAND, false), (TRANSACTIONAL_BATCH, true)] {
        let database = bench.fresh(bench.ours()).await?;
        let count = jobs.to_string();
        let mut task = vec!["send-transactional", "--jobs", &count];
        task.extend(batch.then_some("--batch"));
        bench.run(figures, bench.ours(), &database, &task).await?;
        database.execute("analyze").await?;
        let rate = if measure == BY_HAND {
            by_hand(&database, jobs).await?
        } else {
            let task = ["drain-transactional", "--jobs", &count];
            bench.run(figures, bench.ours(), &database, &task).await?.rate
        };
        done(bench, &database, jobs).await?;
        figures.add(measure, if measure == BY_HAND { "pgbench" } else { OURS }, rate);
        bench.server.remove(database).await?;
    }
    Ok(())
}

/// The same rows by both ways.
async fn done(bench: &Bench, database: &Database, jobs: usize) -> Result<(), Error> {
    for (what, sql) in [
        ("rows are in the ledger", "select count(*) from bench_ledger"),
        ("commands completed", "select count(*) from commandbus.command where status = 'COMPLETED'"),
        ("entries in the audit trail, a third", "select count(*) / 3 from commandbus.audit"),
    ] {
        check::equal(bench.ours(), what, database.count(sql).await?, jobs)?;
    }
    check::equal(bench.ours(), "wait", database.count("select count(*) from pgmq.q_bench_tx__commands").await?, 0)
}

async fn by_hand(database: &Database, jobs: usize) -> Result<f64, Error> {
    database
        .execute(
            "create table job as select row_number() over (order by msg_id) as n, command_id, msg_id from commandbus.command;
             create unique index on job (n); analyze job",
        )
        .await?;
    let script = script()?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--define=i=0"])
        .arg(format!("--client={CLIENTS}"))
        .arg(format!("--transactions={}", jobs / CLIENTS))
        .arg(format!("--define=jobs={}", jobs / CLIENTS))
        .arg("--file")
        .arg(&script)
        .arg(&database.url)
        .output()
        .await
        .map_err(|error| format!("pgbench: {error}"))?;
    std::fs::remove_file(&script)?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.ok_or_else(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn script() -> Result<PathBuf, Error> {
    let path = std::env::temp_dir().join(format!("commandbus-bench-{}.sql", std::process::id()));
    std::fs::File::create(&path)?.write_all(SCRIPT.as_bytes())?;
    Ok(path)
}

const SCRIPT: &str = r"\set i :i + 1
\set n :client_id * :jobs + :i
begin;
select command_id, msg_id from job where n = :n \gset
insert into bench_ledger (account, cents) values (:command_id::uuid, 100);
update commandbus.command set status = 'COMPLETED', attempts = attempts + 1, updated_at = now() where domain = 'bench_tx' and command_id = :command_id::uuid;
insert into commandbus.audit (domain, command_id, event_type, details_json) values ('bench_tx', :command_id::uuid, 'RECEIVED', jsonb_build_object('msg_id', :msg_id::bigint, 'attempt', 1, 'max_attempts', 3)), ('bench_tx', :command_id::uuid, 'COMPLETED', jsonb_build_object('msg_id', :msg_id::bigint, 'reply_to', null, 'has_result', true));
delete from pgmq.q_bench_tx__commands where msg_id = :msg_id::bigint;
end;
";
