//! What must hold when two do something at once, on real connections of a real database.

mod batches;
mod deliveries;
mod groups;
mod operators;
mod transactions;

use commandbus::store::postgres::PostgresStore;

use crate::support::{Bench, ask};

/// Closes every connection, so that their statistics are written, and fails if PostgreSQL resolved a deadlock between
/// them.
async fn assert_no_deadlock(bench: Bench, others: impl IntoIterator<Item = PostgresStore>) {
    let look = bench.another_store().await.pool().clone();
    for store in others {
        store.pool().close().await;
    }
    bench.pool.close().await;
    let deadlocks: i64 = ask(&look, "select deadlocks from pg_stat_database where datname = current_database()").await;
    assert_eq!(deadlocks, 0);
}
