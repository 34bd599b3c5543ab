//! Ours beside raw PGMQ, in the same run, interleaved: send one, send a batch, drain, and the time from send to handler.
//! Figures of a machine mean little; the ratios are what counts.

use std::time::Duration;

use clap::Parser;
use commandbus::embedded::EmbeddedPostgres;

use self::figures::Figures;

mod figures;
mod ours;
mod processes;
mod raw;

/// What a job carries, about 70 bytes as JSON.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Payload {
    pub account: uuid::Uuid,
    pub cents: i64,
}

impl Payload {
    pub fn new() -> Self {
        Self { account: uuid::Uuid::now_v7(), cents: 100 }
    }
}

#[derive(Debug, Parser)]
struct Arguments {
    /// How often each measurement is taken; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each sending measurement takes, in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How many jobs a drain has.
    #[arg(long, default_value_t = 20_000)]
    drain: usize,
    /// Only measurements whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    let span = Duration::from_secs_f64(arguments.seconds);
    let postgres = EmbeddedPostgres::builder().setting("shared_buffers", "1GB").setting("shared_preload_libraries","pg_stat_statements").setting("pg_stat_statements.track", "all").start().await?;
    let raw = raw::Raw::connect(postgres.url()).await?;
    let ours = ours::Ours::connect(postgres.url()).await?;
    let wanted = |name: &str| name.contains(&arguments.only);

    let mut figures = Figures::default();
    for _ in 0..arguments.rounds {
        for callers in [1, 10, 50] {
            let name = format!("send one, {callers} callers, per second");
            if wanted(&name) {
                figures.add(&name, "PGMQ", raw.send_one(callers, span).await?);
                figures.add(&name, "commandbus", ours.send_one(callers, span).await?);
                raw.purge().await?;
            }
        }
        let name = "batch of 10000, per second";
        if wanted(name) {
            figures.add(name, "PGMQ", raw.send_batch(10_000).await?);
            figures.add(name, "commandbus", ours.send_batch(10_000).await?);
            raw.purge().await?;
        }
        let name = "drain, per second";
        if wanted(name) {
            figures.add(name, "PGMQ", raw.drain(arguments.drain).await?);
            figures.add(name, "commandbus", ours.drain(arguments.drain, false).await?);
            figures.add("drain of one batch, per second", "PGMQ", raw.drain(arguments.drain).await?);
            figures.add("drain of one batch, per second", "commandbus", ours.drain(arguments.drain, true).await?);
        }
        let name = "process steps, per second";
        if wanted(name) {
            figures.add(name, "PGMQ", raw.drain(arguments.drain).await?);
            figures.add(name, "commandbus", ours.process_steps(arguments.drain / 3).await?);
        }
        let name = "start of a batch of 3000 processes, per second";
        if wanted(name) {
            figures.add(name, "PGMQ", raw.send_batch(3_000).await?);
            figures.add(name, "commandbus", ours.start_processes(3_000).await?);
            raw.purge().await?;
        }
        let name = "drain of groups of 10, per second";
        if wanted(name) {
            figures.add(name, "ungrouped", ours.drain(arguments.drain, false).await?);
            figures.add(name, "grouped", ours.drain_groups(arguments.drain, 10).await?);
        }
        let name = "drain where others have groups, per second";
        if wanted(name) {
            figures.add(name, "no groups", ours.drain(arguments.drain, false).await?);
            figures.add(name, "beside groups", ours.drain_beside_groups(arguments.drain).await?);
        }
        if wanted("latency") {
            let (p50, p99) = raw.latency(20, span * 2).await?;
            figures.add("latency at 20 a second, p50 ms", "PGMQ", p50);
            figures.add("latency at 20 a second, p99 ms", "PGMQ", p99);
            let (p50, p99) = ours.latency(20, span * 2).await?;
            figures.add("latency at 20 a second, p50 ms", "commandbus", p50);
            figures.add("latency at 20 a second, p99 ms", "commandbus", p99);
        }
    }
    figures.print();
    postgres.stop().await?;
    Ok(())
}

pub async fn calls(pool: &sqlx::PgPool, count: usize) {
    let rows: Vec<(f64, i64, String)> = sqlx::query_as("select total_exec_time, calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 70) from pg_stat_statements order by 1 desc limit 14").fetch_all(pool).await.unwrap();
    for (time, calls, query) in rows { eprintln!("  {:7.2} us/job {calls:6} calls of {:.1}: {query}", time * 1e3 / count as f64, count as f64 / calls as f64); }
}

pub async fn cpu(pool: &sqlx::PgPool) -> (f64, f64) {
    fn of(pid: &str) -> f64 {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return 0.0 };
        let rest = stat.rsplit(')').next().unwrap();
        let f: Vec<&str> = rest.split_whitespace().collect();
        f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()
    }
    let pids: Vec<i32> = sqlx::query_scalar("select pid from pg_stat_activity where pid is not null").fetch_all(pool).await.unwrap();
    (of("self"), pids.iter().map(|p| of(&p.to_string())).sum())
}
