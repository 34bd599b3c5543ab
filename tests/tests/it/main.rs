//! What needs a PostgreSQL: one process and one cluster serve every suite, and each test has a database of its own.

mod bad_input;
mod big_batch;
mod contract;
mod copying;
mod embedded;
mod failure_points;
mod faults;

mod harness;
mod house;
mod invariants;
mod logs;
mod migrating;
mod plans;
mod poolers;
mod procedures;
mod processes;
mod programs;
mod pruning;
mod races;
mod refusals;
mod roles;
mod s041;
mod s043;
mod schema;
mod sending;
mod support;
mod time;
mod tls;
mod worker;
