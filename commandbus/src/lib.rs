//! Typed commands, batches and processes through PostgreSQL.

pub mod bus;
pub mod error;
pub mod handler;
pub mod message;
pub mod ops;
pub mod store;
