//! What needs a PostgreSQL: one process and one cluster serve every suite, and each test has a database of its own.

mod bad_input;
mod contract;
mod embedded;
mod harness;
mod migrating;
mod plans;
mod procedures;
mod races;
mod schema;
mod support;
mod worker;
