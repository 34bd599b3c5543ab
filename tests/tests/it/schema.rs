//! S046, and the schema of S089 and S090: tables, columns, keys, indexes and procedures, as the database describes them.

mod procedures;
mod process_batches;
mod tables;

use sqlx::PgPool;

use crate::support::column;

/// What `\d` says of the columns of a table: `name type [not null] [default ..]`.
async fn columns(pool: &PgPool, table: &str) -> Vec<String> {
    column(
        pool,
        &format!(
            "select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
                              case when a.attnotnull then 'not null' end,
                              'default ' || pg_get_expr(d.adbin, d.adrelid))
             from pg_attribute a
             left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
             where a.attrelid = 'commandbus.{table}'::regclass and a.attnum > 0 and not a.attisdropped
             order by a.attnum"
        ),
    )
    .await
}

/// Fails unless `table` has every column of `expected`, and beside these only such as an insert may leave out.
async fn assert_columns(pool: &PgPool, table: &str, expected: &[&str]) {
    let found = columns(pool, table).await;
    for line in expected {
        assert!(found.iter().any(|found| found == line), "{table} has no column `{line}`: {found:#?}");
    }
    for added in found.iter().filter(|found| !expected.contains(&found.as_str())) {
        assert!(!added.contains("not null") || added.contains("default"), "{table}: an insert must name `{added}`");
    }
}

/// What `\d` says of the constraints of a table.
async fn constraints(pool: &PgPool, table: &str) -> Vec<String> {
    column(
        pool,
        &format!("select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'commandbus.{table}'::regclass"),
    )
    .await
}

/// What `\d` says of the indexes of a table.
async fn indexes(pool: &PgPool, table: &str) -> Vec<String> {
    column(
        pool,
        &format!(
            "select indexdef from pg_indexes where schemaname = 'commandbus' and tablename = '{table}' order by 1"
        ),
    )
    .await
}
