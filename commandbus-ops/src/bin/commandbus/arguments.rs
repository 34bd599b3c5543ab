//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

use crate::failure::EXIT_CODES;

/// Look at commands, batches and processes, and keep them going.
#[derive(Debug, Parser)]
#[command(name = "commandbus", version, about, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    /// The database, as postgres://user@host/name
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// The database is reached through a pooler in transaction mode, without prepared statements
    #[arg(long, global = true, env = "COMMANDBUS_TRANSACTION_POOLER")]
    pub(crate) transaction_pooler: bool,
    /// Another way to the same database, past a pooler, to listen for wake-ups and to migrate
    #[arg(long, global = true, env = "COMMANDBUS_LISTEN_URL", hide_env_values = true)]
    pub(crate) listen_url: Option<String>,
    /// In whose name verbs are recorded [default: the name of the system's user]
    #[arg(long, global = true, env = "COMMANDBUS_OPERATOR")]
    pub(crate) operator: Option<String>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Bring the database to the schema of this program
    Migrate(Migrate),
    /// Make the roles of the database, and grant them what senders, workers, operators and readers need
    Roles(Roles),
    /// Look for what is wrong, and say what to do about it
    Doctor(Doctor),
    /// Send commands, from JSON or a file of JSON lines
    Send(Send),
    /// Look at commands, and cancel them before they run
    #[command(subcommand)]
    Commands(Commands),
    /// Resolve what is parked: the troubleshooting queue
    #[command(subcommand)]
    Tsq(Tsq),
    /// Follow verbs on many commands at once
    #[command(subcommand)]
    Operations(Operations),
    /// Look at batches, and steer them
    #[command(subcommand)]
    Batches(Batches),
    /// Look at processes
    #[command(subcommand)]
    Processes(Processes),
    /// Read the audit trail, newest first
    Audit(Audit),
    /// What waits, runs and is parked in each domain
    Queues,
    /// Which workers live
    Workers,
    /// Pause and resume whole domains
    #[command(subcommand)]
    Domains(Domains),
    /// Remove what is over: ended commands, audit, archives
    Prune(Prune),
    /// Serve the HTTP API
    Serve(Serve),
    /// Print completions for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Also make the queues of this domain; may be given several times
    #[arg(long)]
    pub(crate) domain: Vec<String>,
    /// Only print the SQL, without PGMQ's own
    #[arg(long)]
    pub(crate) dump_sql: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Roles {
    /// Also make `commandbus_send_{domain}`, which may send to this domain and do nothing else; may be given several times
    #[arg(long)]
    pub(crate) domain: Vec<String>,
    /// Only print the SQL
    #[arg(long)]
    pub(crate) dump_sql: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Count batches anew whose counts are wrong
    #[arg(long)]
    pub(crate) repair: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Prune {
    /// How long ago something must have ended, as 30d or 12h
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(crate) older_than: Duration,
    /// Only count
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How many rows one transaction looks at
    #[arg(long, default_value_t = 1_000)]
    pub(crate) chunk: u32,
    /// For which part of the time it works, 0.001 to 1; at 1 it does not rest between transactions, for hours without work
    #[arg(long, default_value_t = 0.1, value_parser = share_of_time)]
    pub(crate) share: f64,
}

fn share_of_time(written: &str) -> Result<f64, String> {
    let share: f64 = written.parse().map_err(|_| "write a number, as 0.1".to_owned())?;
    if (0.001..=1.0).contains(&share) { Ok(share) } else { Err("write a number from 0.001 to 1, as 0.1".to_owned()) }
}

#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The command as JSON; needs --domain and --type
    #[arg(
        long,
        required_unless_present = "file",
        conflicts_with = "file",
        requires = "domain",
        requires = "command_type"
    )]
    pub(crate) data: Option<String>,
    /// A file with one command on each line, as {"domain", "command_type", "data"}; `-` is standard input. The first two
    /// may be left out where --domain and --type say them
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// The domain
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// The type of the command
    #[arg(long = "type")]
    pub(crate) command_type: Option<String>,
    /// How often it is attempted
    #[arg(long)]
    pub(crate) max_attempts: Option<u32>,
    /// Wait so long before it runs
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(crate) delay: Option<Duration>,
    /// The queue for its reply
    #[arg(long)]
    pub(crate) reply_to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// How many at most
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
    /// Where the page before ended
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Commands {
    /// Newest first
    List {
        /// Of this domain
        #[arg(long)]
        domain: Option<String>,
        /// Of this type
        #[arg(long = "type")]
        command_type: Option<String>,
        /// In this state, as PENDING
        #[arg(long)]
        status: Option<String>,
        /// Of this batch
        #[arg(long)]
        batch: Option<Uuid>,
        /// With this correlation id
        #[arg(long)]
        correlation: Option<Uuid>,
        /// Sent at this moment or later, as 2026-11-01T00:00:00Z
        #[arg(long)]
        from: Option<DateTime<Utc>>,
        /// Sent before this moment
        #[arg(long)]
        before: Option<DateTime<Utc>>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One command, what it carries, and what happened to it
    Show(One),
    /// Cancel commands that have not run
    Cancel {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<Uuid>,
        /// Their domain, where an id is in several
        #[arg(long)]
        domain: Option<String>,
        /// Why; their senders get it
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its id
    pub(crate) id: Uuid,
    /// Its domain, where the id is in several
    #[arg(long)]
    pub(crate) domain: Option<String>,
}

/// Which parked commands: some by their ids, or all that a filter finds.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Their ids
    pub(crate) ids: Vec<Uuid>,
    /// Their domain, where an id is in several
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// All that this finds: domain=.., type=.., code=.., fingerprint=.. or batch=.., several of them narrow it down; `all`
    #[arg(long, conflicts_with = "ids")]
    pub(crate) filter: Vec<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tsq {
    /// What is parked, oldest first
    List {
        /// domain=.., type=.., code=.., fingerprint=.. or batch=..
        #[arg(long)]
        filter: Vec<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// What is parked by cause, the most frequent first
    Groups {
        /// domain=.., type=.., code=.., fingerprint=.. or batch=..
        #[arg(long)]
        filter: Vec<String>,
    },
    /// One parked command with its history
    Show(One),
    /// Send them again, with a new budget of attempts
    Retry {
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// What it is to carry instead, as JSON; for one command
        #[arg(long)]
        payload: Option<String>,
    },
    /// End them as CANCELED
    Cancel {
        #[command(flatten)]
        which: Which,
        /// Why; their senders get it
        #[arg(long)]
        reason: String,
    },
    /// End them as COMPLETED
    Complete {
        #[command(flatten)]
        which: Which,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// The result that their handler would have returned, as JSON
        #[arg(long)]
        result: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Operations {
    /// Newest first
    List(Paging),
    /// How one stands
    Show {
        /// Its id
        id: Uuid,
    },
    /// Go on with one that stopped
    Resume {
        /// Its id
        id: Uuid,
    },
    /// End one where it stands
    Cancel {
        /// Its id
        id: Uuid,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Batches {
    /// Newest first
    List {
        /// Of this domain
        #[arg(long)]
        domain: Option<String>,
        /// Only those that have not ended
        #[arg(long)]
        open: bool,
        /// Only batches of processes
        #[arg(long)]
        processes: bool,
        #[command(flatten)]
        paging: Paging,
    },
    /// One batch, with exact counts
    Show(One),
    /// Follow one to its end
    Watch(One),
    /// Cancel what has not run
    CancelRest {
        #[command(flatten)]
        batch: One,
        /// Why; the senders get it
        #[arg(long)]
        reason: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Send again what is parked of it
    RetryParked {
        #[command(flatten)]
        batch: One,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Hand out no more of its commands
    Pause {
        #[command(flatten)]
        batch: One,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// End a pause
    Resume {
        #[command(flatten)]
        batch: One,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Processes {
    /// Newest first
    List {
        /// Of this domain
        #[arg(long)]
        domain: Option<String>,
        /// Of this type
        #[arg(long = "type")]
        process_type: Option<String>,
        /// In this state, as WAITING_FOR_TSQ
        #[arg(long)]
        status: Option<String>,
        /// Of this batch
        #[arg(long)]
        batch: Option<Uuid>,
        #[command(flatten)]
        paging: Paging,
    },
    /// One process and its timeline
    Show {
        /// Its domain
        domain: String,
        /// Its id
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Of this command or batch
    pub(crate) subject: Option<Uuid>,
    /// Of this domain
    #[arg(long)]
    pub(crate) domain: Option<String>,
    /// Of this type, as OPERATOR_RETRY
    #[arg(long)]
    pub(crate) event: Option<String>,
    /// By this operator
    #[arg(long)]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) paging: Paging,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Domains {
    /// Hand out no more commands of a domain
    Pause {
        /// Its name
        domain: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// End a pause
    Resume {
        /// Its name
        domain: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; other than on the machine itself only with --tokens or --passwords
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Let those who have the rights operate and send; else everything is read-only
    #[arg(long)]
    pub(crate) allow_writes: bool,
    /// A file that says who may come in: on each line a name, rights (view, operate, send, all) and a token
    #[arg(long, conflicts_with = "passwords")]
    pub(crate) tokens: Option<PathBuf>,
    /// The same with passwords, which browsers ask for
    #[arg(long)]
    pub(crate) passwords: Option<PathBuf>,
    /// Show /metrics to everybody
    #[arg(long)]
    pub(crate) public_metrics: bool,
    /// With a database of its own, in which three domains are at work: to look around
    #[cfg(feature = "demo")]
    #[arg(long, conflicts_with_all = ["tokens", "passwords", "public_metrics"])]
    pub(crate) demo: bool,
}
