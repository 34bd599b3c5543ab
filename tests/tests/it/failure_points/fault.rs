//! The fault: a trigger that fails at one of the writes.

use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{ask, column, run};

/// Every table of the library and of its queues.
pub(super) const TABLES: &str = "select c.oid::regclass::text from pg_class c
    where c.relnamespace in ('commandbus'::regnamespace, 'pgmq'::regnamespace) and c.relkind = 'r' order by 1";

pub(super) struct Faults(PgPool);

impl Faults {
    pub(super) async fn install(pool: &PgPool) -> Self {
        // A sequence, because what it counts stays counted when the transaction fails.
        run(
            pool,
            "create schema fault;
             create sequence fault.writes;
             create table fault.plan (at bigint not null);
             insert into fault.plan values (0);
             create function fault.strike() returns void language plpgsql as $$
             begin
                 if nextval('fault.writes') = (select at from fault.plan) then
                     raise exception 'struck' using errcode = 'disk_full';
                 end if;
             end $$;
             create function fault.at_write() returns trigger language plpgsql as $$
             begin
                 perform fault.strike();
                 return null;
             end $$;
             create function fault.at_definition() returns event_trigger language plpgsql as $$
             begin
                 perform fault.strike();
             end $$;",
        )
        .await;
        for table in column::<String>(pool, TABLES).await {
            run(
                pool,
                &format!(
                    "create trigger fault after insert or update or delete or truncate on {table}
                     for each statement execute function fault.at_write()"
                ),
            )
            .await;
        }
        run(pool, "create event trigger fault on ddl_command_end execute function fault.at_definition()").await;
        Self(pool.clone())
    }

    /// The next transition fails at this write, from 1.
    pub(super) async fn strike_at(&self, at: i64) {
        run(&self.0, &format!("update fault.plan set at = {at}; select setval('fault.writes', 1, false)")).await;
    }

    /// How many writes there have been.
    pub(super) async fn count(&self) -> i64 {
        ask(&self.0, "select case when is_called then last_value else 0 end from fault.writes").await
    }

    /// Everything that is stored.
    pub(super) async fn everything(&self) -> Vec<String> {
        let tables: Vec<String> = column(&self.0, TABLES).await;
        let rows = |table: &String| format!("select '{table} ' || to_jsonb(t)::text from {table} as t");
        let all = tables.iter().map(rows).collect::<Vec<_>>().join(" union all ");
        // In an order that does not depend on where a rolled-back update has moved a row to.
        let mut found: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("{all} order by 1"))).fetch_all(&self.0).await.unwrap();
        found.extend(tables);
        found
    }
}

/// What is in one and not in the other.
pub(super) fn difference(before: &[String], after: &[String]) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let gone = before.iter().filter(|row| !after.contains(row)).map(|row| format!("- {row}"));
    let come = after.iter().filter(|row| !before.contains(row)).map(|row| format!("+ {row}"));
    [format!("{} rows, then {}", before.len(), after.len())].into_iter().chain(gone).chain(come).collect()
}
