//! The systems: how each is started, and where it keeps its jobs.

use std::path::PathBuf;

use crate::{Error, optional};

/// What is known of a system.
#[derive(Debug)]
pub struct Profile {
    pub name: &'static str,
    pub runtime: Runtime,
    /// Whether its tables are analyzed before a drain, as autovacuum would do; not where that makes it slower.
    pub analyzed: bool,
    /// Counts the jobs that are not done.
    pub waiting: &'static str,
    /// Counts the jobs that are done, where they are kept.
    pub done: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// A program of this workspace.
    Rust,
    /// Installed from npm at first use.
    Node,
    /// Installed from PyPI at first use.
    Python,
}

pub const OURS: &str = "commandbus";
pub const FLOOR: &str = "pgmq";

pub const PROFILES: [Profile; 10] = [
    Profile {
        name: OURS,
        runtime: Runtime::Rust,
        analyzed: true,
        waiting: "select count(*) from pgmq.q_bench__commands",
        done: Some(
            "select least((select count(*) from commandbus.command where status = 'COMPLETED'),
                          (select count(*) from commandbus.audit where event_type = 'COMPLETED'))",
        ),
    },
    Profile {
        name: FLOOR,
        runtime: Runtime::Rust,
        analyzed: true,
        waiting: "select count(*) from pgmq.q_jobs",
        done: None,
    },
    Profile {
        name: "graphile_worker",
        runtime: Runtime::Rust,
        analyzed: true,
        waiting: "select count(*) from graphile_worker._private_jobs",
        done: None,
    },
    Profile {
        name: "riverqueue",
        runtime: Runtime::Rust,
        analyzed: true,
        waiting: "select count(*) from river_job where state <> 'completed'",
        done: Some("select count(*) from river_job where state = 'completed'"),
    },
    Profile {
        name: "apalis",
        runtime: Runtime::Rust,
        analyzed: false,
        waiting: "select count(*) from apalis.jobs where status <> 'Done'",
        done: Some("select count(*) from apalis.jobs where status = 'Done'"),
    },
    Profile {
        name: "sqlxmq",
        runtime: Runtime::Rust,
        analyzed: true,
        waiting: "select count(*) from mq_msgs where id <> uuid_nil()",
        done: None,
    },
    Profile {
        name: "pg-boss",
        runtime: Runtime::Node,
        analyzed: true,
        waiting: "select count(*) from pgboss.job where name = 'jobs' and state <> 'completed'",
        done: Some("select count(*) from pgboss.job where name = 'jobs' and state = 'completed'"),
    },
    Profile {
        name: "graphile-worker",
        runtime: Runtime::Node,
        analyzed: true,
        waiting: "select count(*) from graphile_worker._private_jobs",
        done: None,
    },
    Profile {
        name: "procrastinate",
        runtime: Runtime::Python,
        analyzed: true,
        waiting: "select count(*) from procrastinate_jobs where status <> 'succeeded'",
        done: Some("select count(*) from procrastinate_jobs where status = 'succeeded'"),
    },
    Profile {
        name: "reliable-cmd",
        runtime: Runtime::Python,
        analyzed: true,
        waiting: "select count(*) from commandbus.command where status <> 'COMPLETED'",
        done: Some("select count(*) from commandbus.command where status = 'COMPLETED'"),
    },
];

/// A system that can be started.
#[derive(Debug)]
pub struct System {
    pub profile: &'static Profile,
    /// The program and its first arguments.
    pub command: Vec<PathBuf>,
}

/// Finds the program of a system; for npm and PyPI it is installed first. The error says why it is skipped.
pub async fn find(name: &str) -> Result<System, Error> {
    let profile = PROFILES.iter().find(|profile| profile.name == name).ok_or_else(|| format!("no system is {name}"))?;
    let command = match profile.runtime {
        Runtime::Rust => vec![built(name)?],
        Runtime::Node => optional::node(name).await?,
        Runtime::Python => optional::python(name).await?,
    };
    Ok(System { profile, command })
}

/// The programs of the workspace lie side by side.
fn built(name: &str) -> Result<PathBuf, Error> {
    let program = std::env::current_exe()?.with_file_name(format!("bench-{name}"));
    if program.is_file() { Ok(program) } else { Err(format!("{} was not built", program.display()).into()) }
}
