//! What must hold when two do something at once, on real connections of a real database.

mod batches;
mod deliveries;
mod everything;
mod groups;
mod operators;
mod transactions;
mod turns;

use commandbus::store::postgres::PostgresStore;
use sqlx::{Connection, PgConnection};

use crate::support::{Bench, eventually};

/// Fails if PostgreSQL resolved a deadlock between the connections of these stores. A connection's statistics are
/// complete when it has ended.
async fn assert_no_deadlock(bench: Bench, others: impl IntoIterator<Item = PostgresStore>) {
    let Bench { store, pool, database } = bench;
    others.into_iter().chain([store]).for_each(drop);
    drop(pool);
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    eventually(
        &mut connection,
        "select not exists (select from pg_stat_activity where datname = current_database()
                            and backend_type = 'client backend' and pid <> pg_backend_pid())",
    )
    .await;
    let deadlocks: i64 =
        sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(deadlocks, 0);
}
