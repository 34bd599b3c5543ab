//! What every test's database holds from the start.

use commandbus::store::postgres::{MigrateError, migrate};
use sqlx::postgres::PgPoolOptions;

/// Prepares the database that all others are copied from, once a run.
///
/// Nothing may stay connected to it: PostgreSQL copies only databases that nobody uses.
pub(crate) async fn prepare_template(url: &str) -> Result<(), MigrateError> {
    let pool =
        PgPoolOptions::new().max_connections(1).connect_lazy(url).map_err(commandbus::error::StoreError::from)?;
    let outcome = migrate(&pool).await;
    pool.close().await;
    outcome
}
