//! Databases that killed runs left on a server that outlives them.
//!
//! A run holds an advisory lock on its number for as long as it lives, so whose lock is free is dead.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::administrator::Name;

/// Marks `run` as alive until `connection` closes.
pub(crate) async fn hold(connection: &mut PgConnection, run: u32) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_lock($1)").bind(i64::from(run)).execute(connection).await?;
    Ok(())
}

/// Drops what dead runs left.
pub(crate) async fn sweep(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let databases: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database").fetch_all(&mut *connection).await?;
    for name in databases.iter().filter_map(|name| Name::parse(name)) {
        let dead: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(i64::from(name.run))
            .fetch_one(&mut *connection)
            .await?;
        if dead {
            let statement = AssertSqlSafe(format!("drop database if exists {name}"));
            sqlx::query(statement).execute(&mut *connection).await?;
            sqlx::query("select pg_advisory_unlock($1)").bind(i64::from(name.run)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
