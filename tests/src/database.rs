use std::thread;

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::administrator::{self, Content, Name};

/// Enough for a test that holds a transaction or two while the library works.
const POOL_SIZE: u32 = 8;

/// A database of one test: a copy of the migrated template, dropped with this value.
///
/// All of a process share one server, the one of `DATABASE_URL` or an embedded one that ends with the process.
#[derive(Debug)]
pub struct TestDatabase {
    name: Name,
    url: String,
}

impl TestDatabase {
    /// Creates a database.
    ///
    /// # Panics
    ///
    /// If there is no server or it refuses.
    pub async fn new() -> Self {
        Self::create(Content::Migrated).await
    }

    /// Creates a database without schema, for tests of the migration itself.
    ///
    /// # Panics
    ///
    /// If there is no server or it refuses.
    pub async fn empty() -> Self {
        Self::create(Content::Nothing).await
    }

    async fn create(content: Content) -> Self {
        match administrator::create_database(content).await {
            Ok((name, url)) => Self { name, url },
            Err(failure) => panic!("no database for this test: {failure}"),
        }
    }

    /// Returns its connection URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Opens a small pool of connections to it; they belong to the runtime that calls.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub async fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .connect(&self.url)
            .await
            .unwrap_or_else(|error| panic!("cannot connect to {}: {error}", self.url))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = administrator::drop_database(self.name);
        // What the test itself found matters more.
        if !thread::panicking() {
            dropped.unwrap_or_else(|failure| panic!("cannot drop {}: {failure}", self.name));
        }
    }
}
