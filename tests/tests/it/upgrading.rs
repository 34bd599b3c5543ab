//! Databases of older versions with work under way: they are migrated, and programs of today go on with all of it.
//!
//! What counts as released is what `CHANGELOG.md` lists under a version. Each release leaves its data here, taken by
//!
//! ```sh
//! RELEASE_DATA=overwrite cargo test --workspace --test it upgrading::releases
//! ```
//!
//! before its heading is written, and a test fails for one that has none.

mod going_on;
pub(crate) mod living;
mod releases;
mod under_load;
mod work;

use commandbus::store::postgres::migration_sql;
use commandbus_tests::TestDatabase;
use sqlx::PgPool;

pub(crate) use self::work::{Fate, Life, Staff, Trip};
use crate::support::{ask, run};

/// Since then commands, batches, processes and groups are whole: the procedures that send, receive and settle call those of
/// groups.
const OLDEST: i32 = 14;

fn newest() -> i32 {
    migration_sql().count().try_into().unwrap()
}

/// A database whose schema is of an older version.
struct Old {
    pool: PgPool,
    version: i32,
    database: TestDatabase,
}

impl Old {
    async fn of(version: i32) -> Self {
        let database = TestDatabase::empty().await;
        let pool = database.pool().await;
        pgmq::install::install_sql_from_embedded(&pool).await.unwrap();
        for (_, sql) in migration_sql().take(version.try_into().unwrap()) {
            run(&pool, sql).await;
        }
        assert_eq!(ask::<i32>(&pool, "select max(version) from commandbus.schema_migrations").await, version);
        Self { pool, version, database }
    }

    /// Programs of today take it for their own until this is undone: they call procedures of the old version.
    async fn pretend(&self) {
        let newest = newest();
        run(
            &self.pool,
            &format!(
                "insert into commandbus.schema_migrations (version, name)
                 select version, 'pretended' from generate_series({}, {newest}) as version",
                self.version + 1
            ),
        )
        .await;
    }

    async fn own_up(&self) {
        run(&self.pool, "delete from commandbus.schema_migrations where name = 'pretended'").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_of_today_go_on_with_what_older_schemas_left() {
    for version in OLDEST..=newest() {
        let old = Old::of(version).await;
        old.pretend().await;
        living::live(&old.pool, version).await;
        old.own_up().await;
        going_on::check(&format!("version {version}"), &old.pool).await;
    }
}
