//! The measurements, each of one thing.

pub mod batches;
pub mod drain;
pub mod history;
pub mod idle;
pub mod latency;
pub mod memory;
pub mod send;
pub mod snapshot;
pub mod steps;
pub mod transactional;
pub mod wal;

/// Sent by ten callers.
pub const SEND_10: &str = "send one, 10 callers, a second";
/// Sent by fifty callers.
pub const SEND_50: &str = "send one, 50 callers, a second";
/// In a transaction of the caller's.
pub const SEND_WITHIN: &str = "send one within a transaction, 10 callers, a second";
pub const BULK: &str = "bulk, a second";
pub const DRAIN: &str = "drain, a second";
pub const LATENCY_P50: &str = "send to handler at 20 a second, p50 ms";
pub const LATENCY_P99: &str = "send to handler at 20 a second, p99 ms";
pub const DRAIN_SNAPSHOT: &str = "drain beside an open snapshot, a second";
pub const DRAIN_HISTORY: &str = "drain after a history, a second";
pub const WAL: &str = "WAL of a drained command in a batch, bytes";
pub const WAL_CHECKPOINT: &str = "the same right after a checkpoint, bytes";
pub const DRAIN_BATCH: &str = "drain of one batch, a second";
pub const DRAIN_4: &str = "drain by 4 processes, a second";
pub const DRAIN_BATCH_4: &str = "drain of one batch by 4 processes, a second";
pub const STEPS: &str = "process steps, a second";
pub const TRANSACTIONAL: &str = "transactional handlers, c=10, a second";
pub const TRANSACTIONAL_BATCH: &str = "transactional handlers in one batch, c=10, a second";
pub const BY_HAND: &str = "the same rows by hand in pgbench, c=10, a second";
pub const WORKER_PEAK: &str = "memory of a worker, peak MB";
pub const WORKER_GROWTH: &str = "memory of a worker, growth MB";
pub const SENDER_PEAK: &str = "memory of a sender of a batch, peak MB";
pub const SENDER_GROWTH: &str = "memory of a sender of a batch, growth MB";
pub const IDLE_STATEMENTS: &str = "idle worker, statements a second";
pub const IDLE_PROCESSOR: &str = "idle worker, % of a processor";
