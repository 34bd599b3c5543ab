//! Typed commands, batches and processes through PostgreSQL.

#[cfg(all(feature = "embedded", unix))]
pub mod embedded;
