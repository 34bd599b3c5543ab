//! What every test's database holds from the start.

use sqlx::{Connection, PgConnection};

/// Prepares the database that all others are copied from, once a run.
///
/// Nothing may stay connected to it: PostgreSQL copies only databases that nobody uses.
pub(crate) async fn prepare_template(url: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query("create schema if not exists template_marker")
        .execute(&mut connection)
        .await?;
    connection.close().await
}
