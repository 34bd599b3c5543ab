//! What all measurements share: the server, the systems that can be measured, and how much of everything.

use std::collections::BTreeMap;

use protocol::Answer;

use crate::{
    Error,
    figures::Figures,
    program,
    server::{Database, Server},
    system::{self, PROFILES, System},
};

pub struct Bench {
    pub server: Server,
    pub sizes: Sizes,
    systems: BTreeMap<&'static str, System>,
}

/// How much of everything.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// Seconds that a sending measurement takes.
    pub send_seconds: f64,
    /// Seconds of a measurement of latency, at 20 a second.
    pub latency_seconds: f64,
    /// Jobs of a drain.
    pub drain: usize,
    /// Jobs of a drain for systems that need seconds for few.
    pub slow_drain: usize,
    /// Commands of the batch whose write-ahead log is measured.
    pub wal: usize,
    /// Jobs sent in bulk.
    pub bulk: usize,
    /// Commands of the batch that is drained.
    pub batch: usize,
    /// Processes of three steps.
    pub processes: usize,
    pub transactional: usize,
    /// Finished commands in the tables.
    pub history: usize,
    /// Commands of the measurement of memory.
    pub memory: usize,
    /// Seconds that an idle worker is watched.
    pub idle_seconds: u64,
}

impl Sizes {
    pub fn quick() -> Self {
        Self {
            send_seconds: 2.0,
            latency_seconds: 8.0,
            drain: 40_000,
            slow_drain: 2_000,
            wal: 20_000,
            bulk: 100_000,
            batch: 40_000,
            processes: 6_000,
            transactional: 8_000,
            history: 1_000_000,
            memory: 200_000,
            idle_seconds: 15,
        }
    }

    pub fn full() -> Self {
        Self {
            send_seconds: 4.0,
            latency_seconds: 30.0,
            drain: 60_000,
            slow_drain: 5_000,
            batch: 100_000,
            processes: 20_000,
            transactional: 20_000,
            memory: 1_000_000,
            idle_seconds: 60,
            ..Self::quick()
        }
    }
}

impl Bench {
    /// Starts the server and prepares each of these systems; the figures learn which are skipped, and why.
    pub async fn start(sizes: Sizes, names: &[&'static str], figures: &mut Figures) -> Result<Self, Error> {
        let mut bench = Self { server: Server::start(&[]).await?, sizes, systems: BTreeMap::new() };
        for profile in PROFILES.iter().filter(|profile| names.contains(&profile.name)) {
            match bench.prepare(profile.name).await {
                Ok(system) => drop(bench.systems.insert(profile.name, system)),
                // Without those there is nothing to measure.
                Err(error) if [system::OURS, system::FLOOR].contains(&profile.name) => return Err(error),
                Err(error) => {
                    eprintln!("{} is skipped: {error}", profile.name);
                    figures.skipped.insert(profile.name.to_owned(), error.to_string());
                }
            }
        }
        Ok(bench)
    }

    /// Makes the database that those of the measurements are copied from.
    async fn prepare(&self, name: &'static str) -> Result<System, Error> {
        let system = system::find(name).await?;
        let database = self.server.database(None).await?;
        if system.profile.name == "reliable-cmd" {
            // It expects PGMQ to be there.
            program::run(&system::find(system::FLOOR).await?, &database, &["prepare"]).await?;
        }
        program::run(&system, &database, &["prepare"]).await?;
        database.pool.close().await;
        self.server.execute(&format!("alter database {} rename to {}", database.name, template(name))).await?;
        Ok(system)
    }

    /// A system, where it can be measured.
    pub fn system(&self, name: &str) -> Option<&System> {
        self.systems.get(name)
    }

    pub fn ours(&self) -> &System {
        &self.systems[system::OURS]
    }

    /// A database as the system prepared it.
    pub async fn fresh(&self, system: &System) -> Result<Database, Error> {
        self.server.database(Some(&template(system.profile.name))).await
    }

    /// Runs a program and notes how the system was set.
    pub async fn run(
        &self,
        figures: &mut Figures,
        system: &System,
        database: &Database,
        task: &[&str],
    ) -> Result<Answer, Error> {
        let answer = program::run(system, database, task).await?;
        figures.settings.insert(answer.system.clone(), (answer.version.clone(), answer.settings.clone()));
        Ok(answer)
    }
}

/// Two of the systems differ only in a hyphen.
fn template(system: &str) -> String {
    format!("template_{}", system.replace('-', "_of_"))
}
