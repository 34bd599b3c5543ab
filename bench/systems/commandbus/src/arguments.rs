//! What we are asked to do beside what every system is.

use clap::{Parser, Subcommand};
use protocol::Task;

#[derive(Debug, Parser)]
pub struct OurArguments {
    /// The database that this program has for itself.
    #[arg(long, env = "DATABASE_URL")]
    pub database_url: String,
    /// How many bytes a payload is to have at least; what a job needs anyway is about 70.
    #[arg(long, default_value_t = 0, global = true)]
    pub payload_bytes: usize,
    #[command(subcommand)]
    pub task: OurTask,
}

#[derive(Debug, Clone, Subcommand)]
pub enum OurTask {
    #[command(flatten)]
    Common(Task),
    /// Says `ready`, waits for a line, handles until its input ends, and says now and then how many it has handled.
    Work {
        #[arg(long)]
        transactional: bool,
        #[arg(long, default_value_t = 100)]
        concurrency: usize,
    },
    /// Handles jobs whose handlers wait.
    Wait {
        #[arg(long)]
        jobs: usize,
        #[arg(long, default_value_t = 200)]
        millis: u64,
        #[arg(long, default_value_t = 1000)]
        concurrency: usize,
    },
    /// Sends many jobs without a batch around them.
    SendMany {
        #[arg(long)]
        jobs: usize,
    },
    /// Sends jobs in so many groups, taking turns.
    SendGroups {
        #[arg(long)]
        jobs: usize,
        #[arg(long)]
        groups: usize,
    },
    /// Sends one at a time, each in a transaction of the caller's.
    SendWithin {
        #[arg(long, default_value_t = 10)]
        callers: usize,
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// Sends jobs whose handler writes a row in the transaction that settles them.
    SendTransactional {
        #[arg(long)]
        jobs: usize,
        #[arg(long)]
        batch: bool,
    },
    /// Handles these.
    DrainTransactional {
        #[arg(long)]
        jobs: usize,
        #[arg(long, default_value_t = 10)]
        concurrency: usize,
    },
    /// Starts a batch of processes of three steps and runs them to their end.
    Steps {
        #[arg(long)]
        processes: usize,
    },
    /// Removes what ended before so many seconds, working for this share of the time.
    Prune {
        #[arg(long)]
        older_than_s: u64,
        #[arg(long, default_value_t = 0.1)]
        share: f64,
    },
    /// Sends jobs to so many domains, at most 200, as many to each.
    SendDomains {
        #[arg(long)]
        jobs: usize,
        #[arg(long)]
        domains: usize,
    },
    /// Handles these, with one worker for each domain.
    DrainDomains {
        #[arg(long)]
        jobs: usize,
        #[arg(long)]
        domains: usize,
    },
}
