//! A drain in tables that hold many finished commands.

use super::{DRAIN_HISTORY, drain};
use crate::{Error, bench::Bench, figures::Figures, history, server::Database, system::OURS};

/// The tables are made once and drained in every round.
pub struct Aged {
    database: Database,
    commands: usize,
}

impl Aged {
    pub async fn new(bench: &Bench, commands: usize) -> Result<Self, Error> {
        let database = bench.fresh(bench.ours()).await?;
        history::make(&database, 0, commands).await?;
        Ok(Self { database, commands })
    }

    pub async fn drain(&self, bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<(), Error> {
        let rate = self.rate(bench, figures, jobs).await?;
        figures.add(DRAIN_HISTORY, OURS, rate);
        Ok(())
    }

    pub async fn rate(&self, bench: &Bench, figures: &mut Figures, jobs: usize) -> Result<f64, Error> {
        let (ours, database) = (bench.ours(), &self.database);
        let before = database.count(ours.profile.done.expect("ours are kept")).await?;
        bench.server.execute("checkpoint").await?;
        drain::fill(bench, figures, ours, database, jobs).await?;
        drain::empty(bench, figures, ours, database, jobs, before + jobs).await
    }

    /// Makes the history longer.
    pub async fn grow(&mut self, commands: usize) -> Result<(), Error> {
        history::make(&self.database, self.commands, commands).await?;
        self.commands = commands;
        Ok(())
    }

    /// The database, for other measurements in it.
    pub fn database(&self) -> &Database {
        &self.database
    }

    pub async fn remove(self, bench: &Bench) -> Result<(), Error> {
        bench.server.remove(self.database).await
    }
}
