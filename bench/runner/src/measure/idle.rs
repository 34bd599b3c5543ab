//! What a worker costs that has nothing to do: statements and processor time, its own and that of its connections.

use std::time::{Duration, Instant};

use super::{IDLE_PROCESSOR, IDLE_STATEMENTS};
use crate::{
    Error,
    bench::Bench,
    figures::Figures,
    process, program,
    server::{Database, Server},
    system::OURS,
    workers::Working,
};

/// So many jobs it handles before: plans and connections are then what they are in a worker that has lived for a while.
const BEFORE: usize = 20_000;
/// How long a worker has to come to rest.
const SETTLING: Duration = Duration::from_secs(3);

pub async fn worker(bench: &Bench, figures: &mut Figures, seconds: u64) -> Result<(), Error> {
    // A server of its own: counting statements costs the others something.
    let server = Server::start(&[("shared_preload_libraries", "pg_stat_statements")]).await?;
    let database = server.database(None).await?;
    program::run(bench.ours(), &database, &["prepare"]).await?;
    program::run(bench.ours(), &database, &["send-many", "--jobs", &BEFORE.to_string()]).await?;
    // Ours are counted elsewhere: those of this connection must not be.
    let observer = server.database(None).await?;
    observer.execute("create extension pg_stat_statements").await?;

    let mut worker = Working::start(bench, &database, &[]).await?;
    worker.begin().await?;
    while database.count(bench.ours().profile.waiting).await? > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // As autovacuum would have done within a minute: until then each look walks over what the jobs before have left.
    database.execute("vacuum").await?;
    tokio::time::sleep(SETTLING).await;
    let before = Cost::now(&worker, &database, &observer).await?;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let after = Cost::now(&worker, &database, &observer).await?;
    let seconds = start.elapsed().as_secs_f64();
    worker.end().await?;

    figures.add(IDLE_STATEMENTS, OURS, (after.statements - before.statements) / seconds);
    figures.add(IDLE_PROCESSOR, OURS, (after.processor_ns - before.processor_ns) / 1e9 / seconds * 100.0);
    database.pool.close().await;
    observer.pool.close().await;
    server.stop().await
}

struct Cost {
    statements: f64,
    processor_ns: f64,
}

impl Cost {
    async fn now(worker: &Working, database: &Database, observer: &Database) -> Result<Self, Error> {
        let statements = "select coalesce(sum(s.calls), 0)::float8 from pg_stat_statements s
                          join pg_database d on d.oid = s.dbid where d.datname = $1";
        let statements = sqlx::query_scalar(statements).bind(&database.name).fetch_one(&observer.pool).await?;
        let backends = "select pid from pg_stat_activity where datname = $1 and backend_type = 'client backend'";
        let backends: Vec<i32> = sqlx::query_scalar(backends).bind(&database.name).fetch_all(&observer.pool).await?;
        let mut processor_ns = process::processor_ns(worker.id()?).ok_or("processor time is only known on Linux")?;
        for backend in backends {
            // One that has just ended costs nothing more.
            processor_ns += process::processor_ns(backend.unsigned_abs()).unwrap_or(0);
        }
        Ok(Self { statements, processor_ns: processor_ns as f64 })
    }
}
