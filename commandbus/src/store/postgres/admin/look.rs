//! Queues, workers, figures and faults.

use sqlx::{Row, postgres::PgRow};

use crate::{
    error::StoreError,
    store::{
        Fault, FaultKind, Latency, QueueOverview, Throughput, Versions, WorkerBeat, WorkerRecord,
        postgres::{NEWEST_MIGRATION, PostgresStore, ask::domain, connections::Call, work::count},
    },
};

impl PostgresStore {
    pub(super) async fn look_at_versions(&self) -> Result<Versions, StoreError> {
        let row = sqlx::query(
            "select version() as database,
                    coalesce((select e.extversion from pg_extension e where e.extname = 'pgmq'),
                             case when to_regclass('pgmq.meta') is not null then 'installed as SQL' end) as pgmq,
                    to_regclass('commandbus.schema_migrations') is not null as has_schema",
        )
        .call_one(&self.pool)
        .await?;
        let schema = if row.try_get("has_schema")? {
            sqlx::query_scalar("select max(version) from commandbus.schema_migrations").call_one(&self.pool).await?
        } else {
            None
        };
        Ok(Versions {
            database: row.try_get("database")?,
            pgmq: row.try_get("pgmq")?,
            schema,
            schema_of_library: NEWEST_MIGRATION,
            library: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    pub(super) async fn look_at_queues(&self, cap: u32) -> Result<Vec<QueueOverview>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query("select * from commandbus.look_at_queues($1)")
            .bind(i32::try_from(cap).unwrap_or(i32::MAX - 1))
            .call_all(&self.pool)
            .await?;
        let queue = |row: &PgRow| {
            Ok(QueueOverview {
                domain: domain(row)?,
                ready: total(row, "ready")?,
                running: total(row, "running")?,
                delayed: total(row, "delayed")?,
                held: total(row, "held")?,
                paused: total(row, "paused")?,
                parked: total(row, "parked")?,
                replies: total(row, "replies")?,
                oldest_ready_at: row.try_get("oldest_ready_at")?,
                oldest_parked_at: row.try_get("oldest_parked_at")?,
                paused_at: row.try_get("paused_at")?,
                workers: total(row, "workers")?,
            })
        };
        Ok(rows.iter().map(queue).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn list_workers(&self) -> Result<Vec<WorkerRecord>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(
            "select w.*, w.seen_at > clock_timestamp() - interval '1 minute' as is_alive
             from commandbus.worker w order by w.domain, w.started_at, w.worker_id",
        )
        .call_all(&self.pool)
        .await?;
        let worker = |row: &PgRow| {
            Ok(WorkerRecord {
                worker_id: row.try_get("worker_id")?,
                domain: domain(row)?,
                host: row.try_get("host")?,
                pid: count(row, "pid")?,
                version: row.try_get("version")?,
                concurrency: count(row, "concurrency")?,
                phase: row.try_get("phase")?,
                running: count(row, "running")?,
                in_hand: count(row, "in_hand")?,
                started_at: row.try_get("started_at")?,
                seen_at: row.try_get("seen_at")?,
                is_alive: row.try_get("is_alive")?,
            })
        };
        Ok(rows.iter().map(worker).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn record_beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        sqlx::query("select commandbus.beat($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(beat.worker_id)
            .bind(beat.domain.as_str())
            .bind(&beat.host)
            .bind(number(beat.pid))
            .bind(beat.version)
            .bind(number(beat.concurrency))
            .bind(beat.phase)
            .bind(number(beat.running))
            .bind(number(beat.in_hand))
            .call(&self.engine)
            .await?;
        Ok(())
    }

    pub(super) async fn look_at_throughput(&self, minutes: u32) -> Result<Vec<Throughput>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query("select * from commandbus.look_at_throughput($1)")
            .bind(i32::try_from(minutes).unwrap_or(i32::MAX))
            .call_all(&self.pool)
            .await?;
        let minute = |row: &PgRow| {
            Ok(Throughput {
                domain: domain(row)?,
                minute: row.try_get("minute")?,
                sent: total(row, "sent")?,
                completed: total(row, "completed")?,
                failed: total(row, "failed")?,
                canceled: total(row, "canceled")?,
                parked: total(row, "parked")?,
            })
        };
        Ok(rows.iter().map(minute).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn look_at_latency(&self) -> Result<Vec<Latency>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query("select * from commandbus.look_at_latency()").call_all(&self.pool).await?;
        let latency = |row: &PgRow| {
            Ok(Latency {
                domain: domain(row)?,
                completed: total(row, "completed")?,
                p50_s: row.try_get("p50_s")?,
                p95_s: row.try_get("p95_s")?,
                max_s: row.try_get("max_s")?,
            })
        };
        Ok(rows.iter().map(latency).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn look_for_faults(&self) -> Result<Vec<Fault>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query("select * from commandbus.diagnose()").call_all(&self.pool).await?;
        let fault = |row: &PgRow| {
            let kind: &str = row.try_get("fault")?;
            let unknown = || sqlx::Error::Decode(format!("`{kind}` is a fault of a newer version").into());
            Ok(Fault {
                kind: FaultKind::read(kind).ok_or_else(unknown)?,
                domain: row.try_get("domain")?,
                total: total(row, "total")?,
                example: row.try_get("example")?,
            })
        };
        Ok(rows.iter().map(fault).collect::<Result<_, sqlx::Error>>()?)
    }
}

fn total(row: &PgRow, column: &str) -> Result<u64, sqlx::Error> {
    Ok(row.try_get::<i64, _>(column)?.unsigned_abs())
}
