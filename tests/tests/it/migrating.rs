//! `migrate`: on an empty database, again, by many at once, failing, and on databases that others have made.

mod adoption;
mod fresh;
mod pgmq;
mod versions;

use sqlx::PgPool;

use crate::support::column;

/// Everything in the schema that a migration makes, in words.
async fn description(pool: &PgPool) -> Vec<String> {
    column(
        pool,
        "select t.line from (
             select format('column %s.%s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull)
             from pg_attribute join pg_class c on c.oid = attrelid
             where c.relnamespace = 'commandbus'::regnamespace and c.relkind in ('r', 'v') and attnum > 0
             union all
             select format('table %s %s', oid::regclass, reloptions)
             from pg_class where relnamespace = 'commandbus'::regnamespace and relkind = 'r'
             union all
             select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
             from pg_constraint where connamespace = 'commandbus'::regnamespace
             union all
             select indexdef from pg_indexes where schemaname = 'commandbus'
             union all
             select format('function %s %s', oid::regprocedure, md5(prosrc))
             from pg_proc where pronamespace = 'commandbus'::regnamespace
             -- Those of a queue come and go with it.
             and proname !~ '__(commands|process_replies)__'
             union all
             select format('migration %s %s', version, name) from commandbus.schema_migrations
         ) as t(line) order by t.line",
    )
    .await
}

/// Whether the database has a table, view or index of this name.
async fn exists(pool: &PgPool, relation: &str) -> bool {
    crate::support::ask(pool, &format!("select to_regclass('{relation}') is not null")).await
}
