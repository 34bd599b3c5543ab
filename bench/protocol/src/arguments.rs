//! What a system is asked to do.

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
pub struct Arguments {
    /// The database that this system has for itself.
    #[arg(long, env = "DATABASE_URL")]
    pub database_url: String,
    /// How many bytes a payload is to have at least; what a job needs anyway is about 70.
    #[arg(long, default_value_t = 0, global = true)]
    pub payload_bytes: usize,
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Task {
    /// Makes the tables and queues.
    Prepare,
    /// Sends jobs one at a time from each of several callers.
    SendOne {
        #[arg(long, default_value_t = 10)]
        callers: usize,
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// Sends many jobs in the largest unit that the system has.
    SendBatch {
        #[arg(long, default_value_t = 10_000)]
        jobs: usize,
    },
    /// Handles that many jobs, which wait already.
    Drain {
        #[arg(long, default_value_t = 20_000)]
        jobs: usize,
    },
    /// Sends at an even rate and handles in the same process: the time from before the send to the start of the handler.
    Latency {
        #[arg(long, default_value_t = 20)]
        rate: u32,
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
    },
}
