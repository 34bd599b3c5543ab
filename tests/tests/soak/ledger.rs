//! What the database says, on connections of its own.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Decode, PgPool, Postgres, Type, postgres::PgRow};
use tokio::time::sleep;

/// When so little has changed for so long, nothing will.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub(crate) struct Ledger(PgPool);

impl Ledger {
    pub(crate) async fn open_on(pool: PgPool) -> Self {
        let table = "create table booked (command_id uuid not null); create index on booked (command_id)";
        sqlx::raw_sql(table).execute(&pool).await.unwrap();
        Self(pool)
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.0
    }

    pub(crate) async fn ask<T>(&self, sql: &str) -> T
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        sqlx::query(AssertSqlSafe(sql.to_owned()))
            .try_map(|row: PgRow| sqlx::Row::try_get(&row, 0))
            .fetch_one(&self.0)
            .await
            .unwrap_or_else(|error| panic!("{error}, in: {sql}"))
    }

    /// Waits until every command, process and batch has ended; somebody resolves what is parked.
    pub(crate) async fn until_all_ended(&self) {
        let open = "select (select count(*) from commandbus.command
                            where status not in ('COMPLETED', 'FAILED', 'CANCELED'))
                         + (select count(*) from commandbus.process
                            where status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED'))
                         + (select count(*) from commandbus.batch where completed_at is null)
                         + (select count(*) from commandbus.batch_delta)";
        let (mut last, mut since) = (-1, Instant::now());
        loop {
            let left: i64 = self.ask(open).await;
            if left == 0 {
                return;
            }
            if left != last {
                (last, since) = (left, Instant::now());
            }
            assert!(since.elapsed() < PATIENCE, "nothing ends any more: {left} are open");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// What a handler writes in the transaction that settles it is there once for each command that it completed, and not
    /// at all for others.
    pub(crate) async fn check_effects(&self) {
        let unequal = "select coalesce(json_agg(u), '[]')::text from (
                select c.command_id, c.status, count(b.*) as effects from commandbus.command c
                left join booked b using (command_id)
                where c.command_type = 'Book'
                group by c.domain, c.command_id, c.status
                having count(b.*) <> (select count(*) from commandbus.audit a
                    where a.command_id = c.command_id and a.domain = c.domain and a.event_type = 'COMPLETED')) as u";
        assert_eq!(self.ask::<String>(unequal).await, "[]");
    }

    /// Removes the effects of commands that were pruned.
    pub(crate) async fn forget_effects(&self) {
        let forget = "delete from booked b where not exists (
                          select from commandbus.command c where c.command_id = b.command_id)";
        sqlx::query(forget).execute(&self.0).await.unwrap();
    }

    /// Once everything has ended and was pruned, no row and no message is left.
    pub(crate) async fn check_nothing_is_left(&self) {
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.oid::regclass::text from pg_class c
             where c.relkind = 'r'
               -- Versions of the schema stay, and a worker says that it lives.
               and (c.relnamespace = 'commandbus'::regnamespace and c.relname not in ('schema_migrations', 'worker')
                    or c.relnamespace = 'pgmq'::regnamespace and c.relname ~ '^[qa]_')
             order by 1",
        )
        .fetch_all(&self.0)
        .await
        .unwrap();
        let mut left = Vec::new();
        for table in tables {
            let rows: i64 = self.ask(&format!("select count(*) from {table}")).await;
            if rows > 0 {
                left.push(format!("{rows} in {table}"));
            }
        }
        assert_eq!(left, Vec::<String>::new());
    }

    pub(crate) async fn deadlocks(&self) -> i64 {
        self.ask("select deadlocks from pg_stat_database where datname = current_database()").await
    }
}
