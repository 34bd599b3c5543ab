//! Typed commands, batches and processes through PostgreSQL.
