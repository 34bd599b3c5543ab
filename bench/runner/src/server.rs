//! The private server: PostgreSQL's own durability, a database for each measurement.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use commandbus::embedded::EmbeddedPostgres;
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};

use crate::Error;

/// What is set beside the defaults. Nothing here has to do with durability: a checkpoint that falls into the measurement of
/// one system and not of the other would be noise, so they come when we ask.
pub const SETTINGS: [(&str, &str); 3] =
    [("shared_buffers", "1GB"), ("checkpoint_timeout", "1h"), ("max_wal_size", "8GB")];

pub struct Server {
    postgres: EmbeddedPostgres,
    admin: PgPool,
    databases: AtomicUsize,
}

impl Server {
    /// Starts it, with further settings where a measurement needs them.
    pub async fn start(further: &[(&str, &str)]) -> Result<Self, Error> {
        let mut builder = EmbeddedPostgres::builder().max_connections(400);
        for (name, value) in SETTINGS.iter().chain(further) {
            builder = builder.setting(*name, *value);
        }
        let postgres = builder.start().await?;
        let admin = pool(postgres.url()).await?;
        Ok(Self { postgres, admin, databases: AtomicUsize::new(0) })
    }

    /// A database made like this one, which nobody is connected to; empty without.
    pub async fn database(&self, template: Option<&str>) -> Result<Database, Error> {
        let name = format!("bench_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let template = template.unwrap_or("template0");
        self.execute(&format!("create database {name} template {template}")).await?;
        self.execute("checkpoint").await?;
        let url = self.postgres.url_for(&name);
        Ok(Database { pool: pool(&url).await?, name, url })
    }

    /// Removes a database.
    pub async fn remove(&self, database: Database) -> Result<(), Error> {
        database.pool.close().await;
        self.execute(&format!("drop database {} with (force)", database.name)).await
    }

    pub async fn execute(&self, sql: &str) -> Result<(), Error> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.admin).await?;
        Ok(())
    }

    /// How PostgreSQL calls itself.
    pub async fn version(&self) -> Result<String, Error> {
        Ok(sqlx::query_scalar("select version()").fetch_one(&self.admin).await?)
    }

    /// What the settings that matter are.
    pub async fn settings(&self) -> Result<Vec<(String, String)>, Error> {
        let sql = "select name, current_setting(name) from pg_settings where name in ('fsync', 'synchronous_commit',
                       'full_page_writes', 'wal_level', 'wal_sync_method', 'shared_buffers', 'max_wal_size',
                       'checkpoint_timeout', 'autovacuum', 'max_connections', 'jit') order by name";
        Ok(sqlx::query_as(sql).fetch_all(&self.admin).await?)
    }

    pub async fn stop(self) -> Result<(), Error> {
        self.admin.close().await;
        Ok(self.postgres.stop().await?)
    }
}

async fn pool(url: &str) -> Result<PgPool, Error> {
    let options = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(60));
    Ok(options.connect(url).await?)
}

/// A database that a measurement has for itself.
pub struct Database {
    pub name: String,
    pub url: String,
    pub pool: PgPool,
}

impl Database {
    pub async fn count(&self, sql: &str) -> Result<usize, Error> {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&self.pool).await?;
        Ok(usize::try_from(count)?)
    }

    pub async fn execute(&self, sql: &str) -> Result<(), Error> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&self.pool).await?;
        Ok(())
    }

    /// Where the write-ahead log of the server ends, in bytes.
    pub async fn wal(&self) -> Result<f64, Error> {
        let sql = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }
}
