//! Bringing a database to this library's schema.

use sqlx::{Connection, PgConnection, PgPool, Row, postgres::PgPoolOptions};

use super::{
    access::{self, Access},
    connections::{BEGIN_ON_ANY_SESSION, Connections},
};
use crate::error::StoreError;

/// Serializes migrations of one database; any constant that nobody else uses ("commandb" in ASCII).
const LOCK: i64 = 0x636f_6d6d_616e_6462;

/// The oldest PGMQ whose messages have headers.
const OLDEST_PGMQ: (u32, u32) = (1, 5);

macro_rules! migrations {
    ($($version:literal $name:literal,)+) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../migrations/", $name, ".sql")),
        },)+]
    };
}

struct Migration {
    version: i32,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = migrations![
    1 "V001__commandbus_schema",
    2 "V002__business_rule_failures",
    3 "V003__processes",
    4 "V004__deliveries_and_side_tables",
    5 "V005__batch_type_and_process_batch_id",
    6 "V006__sending",
    7 "V007__batches",
    8 "V008__receiving",
    9 "V009__settling",
    10 "V010__operators",
    11 "V011__states_checked",
    12 "V012__starting_processes",
    13 "V013__routing",
    14 "V014__groups",
    15 "V015__pruning",
    16 "V016__operations",
    17 "V017__looking",
    18 "V018__pauses_recorded",
    19 "V019__roles",
];

pub(in crate::store) const NEWEST: i32 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// A migration that could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The database cannot be reached, or refused a statement.
    #[error("migrating: {0}")]
    Store(#[from] StoreError),
    /// A file of the migration failed; nothing of the migration was kept.
    #[error("migration {name} failed, and nothing was changed: {source}")]
    Failed {
        /// The file.
        name: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The PGMQ that is there is too old.
    #[error(
        "this database has PGMQ {found}, but commandbus needs 1.5 or newer: run `alter extension pgmq update`, or install a \
         newer PGMQ"
    )]
    PgmqTooOld {
        /// The version that is there.
        found: String,
    },
    /// PGMQ could not be installed.
    #[error(
        "PGMQ could not be installed: {message}. A role that may create schemas can: run the migration with it once"
    )]
    Pgmq {
        /// What the installer said.
        message: String,
    },
}

/// The migrations as SQL, oldest first, with their names: for those who apply them by other means. PGMQ is not in it.
pub fn migration_sql() -> impl Iterator<Item = (&'static str, &'static str)> {
    MIGRATIONS.iter().map(|migration| (migration.name, migration.sql))
}

/// Brings a database to this library's schema, PGMQ included where it is missing.
///
/// Safe to call at every start, from any number of processes at once: one works, the others wait and find it done. It is
/// one transaction; when it fails, nothing was changed (only PGMQ, if it was missing, stays).
///
/// # Errors
///
/// [`MigrateError`]; a schema newer than this library is [`StoreError::SchemaTooNew`], unless its migration says that
/// programs of this version work on it: then nothing is done.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    // Connections of its own: the caller's pool may have only one.
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(pool.options().get_acquire_timeout())
        .connect_lazy_with(pool.connect_options().as_ref().clone());
    let outcome = migrate_locked(&pool).await;
    pool.close().await;
    outcome
}

async fn migrate_locked(pool: &PgPool) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await.map_err(StoreError::from)?;
    // It may be the session of a pooler.
    let mut transaction = connection.begin_with(BEGIN_ON_ANY_SESSION).await.map_err(StoreError::from)?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;

    let applied = applied_versions(&mut transaction).await?;
    if applied.iter().any(|version| *version > NEWEST) {
        // Somebody newer was here before us, and did it all.
        let newest = "select version, compatible_with from commandbus.schema_migrations order by version desc limit 1";
        let (found, compatible_with) =
            sqlx::query_as(newest).fetch_one(&mut *transaction).await.map_err(StoreError::from)?;
        return Ok(fits(found, compatible_with)?);
    }
    ensure_pgmq(&mut transaction, pool).await?;
    for migration in MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)) {
        sqlx::raw_sql(migration.sql)
            .execute(&mut *transaction)
            .await
            .map_err(|source| MigrateError::Failed { name: migration.name, source })?;
        tracing::info!(migration = migration.name, "migrated");
    }
    if applied.last() != Some(&NEWEST) {
        sqlx::query("select commandbus.renew_grants()").execute(&mut *transaction).await.map_err(StoreError::from)?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}

async fn applied_versions(connection: &mut PgConnection) -> Result<Vec<i32>, StoreError> {
    let known: bool = sqlx::query_scalar("select to_regclass('commandbus.schema_migrations') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !known {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar("select version from commandbus.schema_migrations order by 1").fetch_all(connection).await?)
}

/// Installs PGMQ where neither the extension nor its schema is there, and refuses one that is too old.
async fn ensure_pgmq(connection: &mut PgConnection, pool: &PgPool) -> Result<(), MigrateError> {
    let row = sqlx::query(
        "select (select extversion from pg_extension where extname = 'pgmq') as extension,
                to_regclass('pgmq.meta') is not null as installed,
                to_regprocedure('pgmq.send(text, jsonb, jsonb, timestamp with time zone)') is not null as has_headers",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::from)?;
    let extension: Option<String> = row.try_get("extension").map_err(StoreError::from)?;
    let installed: bool = row.try_get("installed").map_err(StoreError::from)?;
    let has_headers: bool = row.try_get("has_headers").map_err(StoreError::from)?;

    match extension {
        Some(version) if is_too_old(&version) => Err(MigrateError::PgmqTooOld { found: version }),
        Some(_) => Ok(()),
        None if installed && !has_headers => Err(MigrateError::PgmqTooOld { found: "before 1.5".to_owned() }),
        None if installed => Ok(()),
        // On a connection of its own, as the crate wants it; we hold the lock, so nobody else is installing.
        None => pgmq::install::install_sql_from_embedded(pool)
            .await
            .map_err(|error| MigrateError::Pgmq { message: error.to_string() }),
    }
}

fn is_too_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) < OLDEST_PGMQ
}

/// Refuses a database whose schema this library does not fit.
pub(super) async fn check_version(connections: &Connections) -> Result<Access, StoreError> {
    let (newest, access) = access::look(connections).await?;
    let (found, compatible_with) = newest.ok_or(StoreError::SchemaMissing)?;
    fits(found, compatible_with)?;
    Ok(access)
}

/// Whether this library works on a schema of version `found`, whose migration says that programs from `compatible_with`
/// on do.
fn fits(found: i32, compatible_with: Option<i32>) -> Result<(), StoreError> {
    if found < NEWEST {
        Err(StoreError::SchemaTooOld { found, needed: NEWEST })
    } else if found > NEWEST && compatible_with.is_none_or(|oldest| oldest > NEWEST) {
        Err(StoreError::SchemaTooNew { found, known: NEWEST })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_records_itself() {
        for migration in MIGRATIONS {
            let recorded = format!("values ({}, ", migration.version);
            assert!(migration.sql.contains(&recorded), "{} does not record itself", migration.name);
        }
    }

    #[test]
    fn a_newer_schema_fits_where_it_says_so() {
        let is_too_new = |oldest| matches!(fits(NEWEST + 2, oldest), Err(StoreError::SchemaTooNew { .. }));
        assert!(is_too_new(None) && is_too_new(Some(NEWEST + 1)));
        assert!(fits(NEWEST + 2, Some(NEWEST)).is_ok() && fits(NEWEST + 2, Some(1)).is_ok());
        assert!(fits(NEWEST, None).is_ok() && fits(NEWEST, Some(1)).is_ok());
        assert!(matches!(fits(NEWEST - 1, Some(1)), Err(StoreError::SchemaTooOld { .. })));
    }

    #[test]
    fn versions_of_pgmq_are_compared_as_numbers() {
        assert!(is_too_old("1.4.5"));
        assert!(is_too_old("0.33.3"));
        assert!(!is_too_old("1.5.0"));
        assert!(!is_too_old("1.10.1"));
        assert!(!is_too_old("2.0"));
    }
}
