//! The store on PostgreSQL.

/// The store on PostgreSQL and PGMQ.
#[derive(Debug)]
pub struct PostgresStore {}
