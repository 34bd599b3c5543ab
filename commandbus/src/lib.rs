//! Typed commands, batches and processes through PostgreSQL.

pub mod bus;
#[cfg(all(feature = "embedded", unix))]
pub mod embedded;
pub mod error;
pub mod handler;
pub mod message;
pub mod store;
pub mod telemetry;
pub mod worker;
