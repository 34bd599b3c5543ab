//! What is left of a run: `results/latest.json`, `latest.md` and the plots.

mod markdown;
mod plots;

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    figures::{Figures, Row},
    growth::Point,
    machine::Machine,
    targets,
};

/// Everything that is known. A run of the systems leaves the curves of growth as they were, and the other way round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub machine: Option<Machine>,
    pub rounds: usize,
    /// The lines of the targets.
    pub targets: Vec<String>,
    pub figures: Vec<Row>,
    /// Medians against those of ours.
    pub ratios: Vec<Ratio>,
    /// Version and settings of each system.
    pub settings: BTreeMap<String, (String, String)>,
    pub skipped: BTreeMap<String, String>,
    pub latencies: BTreeMap<String, Vec<f64>>,
    pub growth_machine: Option<Machine>,
    pub growth: Vec<Point>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Ratio {
    pub measure: String,
    pub system: String,
    /// Ours divided by theirs, in the middle of the rounds.
    pub ours_to_theirs: f64,
}

impl Report {
    /// The last one, where there is one that can be read.
    pub fn last() -> Self {
        let last = fs::read_to_string(folder().join("latest.json")).ok();
        last.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Takes in what the systems did.
    pub fn measured(&mut self, machine: Machine, rounds: usize, figures: &Figures) {
        self.machine = Some(machine);
        self.rounds = rounds;
        self.targets = targets::all(figures).iter().map(targets::Target::line).collect();
        self.figures = figures.rows();
        self.ratios = figures.ratios();
        self.settings.clone_from(&figures.settings);
        self.skipped.clone_from(&figures.skipped);
        self.latencies.clone_from(&figures.latencies);
    }

    /// Takes in the curves of the programs that ran.
    pub fn grown(&mut self, machine: Machine, points: Vec<Point>) {
        self.growth_machine = Some(machine);
        self.growth.retain(|old| !points.iter().any(|new| new.of == old.of));
        self.growth.extend(points);
    }

    /// Writes it, and answers where.
    pub fn write(&self) -> Result<PathBuf, Error> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("latest.json"), serde_json::to_string_pretty(self)? + "\n")?;
        let plots = plots::draw(self, &folder)?;
        fs::write(folder.join("latest.md"), markdown::page(self, &plots))?;
        Ok(folder)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../results")
}
