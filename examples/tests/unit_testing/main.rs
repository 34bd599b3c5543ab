//! How a program that uses commandbus tests itself, without a database: `cargo test --workspace --test unit_testing`.
//!
//! [`shop`] is that program: commands, their handlers, and a process. The others are its tests, from the smallest to the
//! largest:
//!
//! 1. [`handlers`]: a handler is a function, and is called as one.
//! 2. [`workers`]: the same handlers behind a bus in memory, with retries, failures and what is parked. A backoff of a
//!    minute takes no time there.
//! 3. [`batches`]: many commands that end together.
//! 4. [`processes`]: a process without bus and clock; the test is what answers its commands.
//! 5. [`snapshots`]: payloads, the catalog and generated code as files, so that a change of what travels or is stored
//!    shows in review.
//!
//! Read next: `docs/guide/testing-handlers.md` and `docs/guide/snapshot-tests.md`, which say the same in words; and
//! `examples/tests/programs.rs` for programs on PostgreSQL.

mod batches;
mod handlers;
mod processes;
mod shop;
mod snapshots;
mod workers;
