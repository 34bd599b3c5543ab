//! What happened, by what the database says: past the proxy, on connections of its own.

use std::time::Duration;

use commandbus_tests::broken_rules;
use sqlx::{AssertSqlSafe, Decode, PgPool, Postgres, Type, error::DatabaseError, postgres::PgRow};
use tokio::time::sleep;

const A_MOMENT: Duration = Duration::from_millis(20);

pub(crate) struct Account(PgPool);

/// The server ends, or is not ready yet.
fn is_starting(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("57P"))
}

impl Account {
    pub(crate) async fn open_on(pool: PgPool) -> Self {
        let tables = "create table booked (command_id uuid not null);
                      create table noted (command_id uuid not null);
                      create table closed (command_id uuid not null);";
        sqlx::raw_sql(tables).execute(&pool).await.unwrap();
        Self(pool)
    }

    /// Asks until there is an answer: the server may be down, or have been down.
    async fn ask<T>(&self, sql: &str) -> T
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        loop {
            let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
            match query.try_map(|row: PgRow| sqlx::Row::try_get(&row, 0)).fetch_one(&self.0).await {
                Ok(answer) => return answer,
                Err(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => sleep(A_MOMENT).await,
                Err(error) if error.as_database_error().is_some_and(is_starting) => sleep(A_MOMENT).await,
                Err(error) => panic!("{error}, in: {sql}"),
            }
        }
    }

    /// How many commands have ended.
    pub(crate) async fn ended(&self) -> i64 {
        self.ask("select count(*) from commandbus.command where status in ('COMPLETED', 'FAILED', 'CANCELED')").await
    }

    /// Whether every command has ended or is parked, every process waits for nobody but an operator, and every batch
    /// that can be over is.
    pub(crate) async fn is_over(&self) -> bool {
        self.ask(
            "select not exists (select from commandbus.command where status in ('PENDING', 'IN_PROGRESS'))
                and not exists (select from pgmq.q_chaos_trips__process_replies)
                and not exists (select from commandbus.process
                                where status not in ('COMPLETED', 'COMPENSATED', 'FAILED', 'CANCELED')
                                  and parked_count = 0)
                and not exists (select from commandbus.batch_delta)",
        )
        .await
    }

    pub(crate) async fn is_all_ended(&self) -> bool {
        self.is_over().await && self.parked().await == 0
    }

    pub(crate) async fn parked(&self) -> i64 {
        self.ask("select count(*) from commandbus.command where status = 'IN_TROUBLESHOOTING_QUEUE'").await
    }

    /// What has not ended, in words.
    pub(crate) async fn open(&self) -> String {
        self.ask(
            "select concat_ws(E'\\n',
                 (select json_agg(c) from (select status, attempts, count(*), max(lease_expires_at - now()) as lease
                                           from commandbus.command group by 1, 2 order by 1, 2) as c)::text,
                 (select json_agg(p) from (select status, parked_count, count(*) from commandbus.process
                                           group by 1, 2 order by 1, 2) as p)::text,
                 (select json_agg(a) from (select state, wait_event, left(query, 60) as query, count(*),
                                                  max(now() - state_change) as since
                                           from pg_stat_activity where datname = current_database()
                                           group by 1, 2, 3 order by 4 desc) as a)::text)",
        )
        .await
    }

    pub(crate) async fn check_rules(&self) {
        assert_eq!(broken_rules(&self.0, &[]).await.unwrap(), Vec::<String>::new());
    }

    /// What handlers write in the transaction that settles them is there exactly once, what they write beside it at least
    /// once, and each batch has called back once.
    pub(crate) async fn check_effects(&self) {
        let unequal = |table: &str, command: &str, times: &str| {
            format!(
                "select coalesce(json_agg(u), '[]')::text from (
                     select c.command_id, c.status, count(e.*) as effects from commandbus.command c
                     left join {table} e using (command_id)
                     where c.command_type = '{command}'
                     group by c.domain, c.command_id, c.status
                     having not (count(e.*) {times} (select count(*) from commandbus.audit a
                         where a.command_id = c.command_id and a.domain = c.domain and a.event_type = 'COMPLETED'))) as u"
            )
        };
        for (table, command, times) in [("booked", "Book", "="), ("noted", "Note", ">="), ("closed", "Close", "=")] {
            assert_eq!(self.ask::<String>(&unequal(table, command, times)).await, "[]", "{command}");
        }
        let callbacks = "select (select count(*) from commandbus.batch where batch_type = 'COMMAND')
                              = (select count(*) from closed) and
                             (select count(*) from closed) = (select count(distinct command_id) from closed)";
        assert!(self.ask::<bool>(callbacks).await, "each batch called back once");
        let deadlocks: i64 =
            self.ask("select deadlocks from pg_stat_database where datname = current_database()").await;
        assert_eq!(deadlocks, 0);
    }

    pub(crate) async fn summary(&self) -> String {
        self.ask(
            "select format('%s commands, %s deliveries, %s processes, %s batches',
                 (select count(*) from commandbus.command), (select sum(delivery) from commandbus.command),
                 (select count(*) from commandbus.process), (select count(*) from commandbus.batch))",
        )
        .await
    }
}
