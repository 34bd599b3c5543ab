//! What is left of a run: `results/latest.json`, `latest.md` and the plots; of a quick one, `quick.json` and `quick.md`.

mod markdown;
mod plots;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

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

    /// Writes it with its plots, and answers where.
    pub fn write(&self) -> Result<PathBuf, Error> {
        let folder = folder();
        self.write_to(&folder)?;
        Ok(folder)
    }

    /// Writes what a quick run found, beside what the last one of all systems left.
    pub fn write_quick(&self) -> Result<PathBuf, Error> {
        let folder = folder();
        self.write_as("quick", &folder, &[])?;
        Ok(folder)
    }

    fn write_to(&self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder)?;
        self.write_as("latest", folder, &plots::draw(self, folder)?)
    }

    fn write_as(&self, name: &str, folder: &Path, plots: &[plots::Plot]) -> Result<(), Error> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(folder.join(format!("{name}.md")), markdown::page(self, name, plots))?;
        Ok(())
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../results")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        measure::DRAIN,
        system::{FLOOR, OURS},
    };

    #[test]
    fn a_report_is_a_page_with_plots_and_can_be_read_again() {
        let mut figures = Figures::default();
        for (system, rate) in [(OURS, 20.0), (FLOOR, 40.0)] {
            figures.add(DRAIN, system, rate);
            figures.latencies.insert(system.to_owned(), vec![1.0, 2.0, 3.0]);
            figures.settings.insert(system.to_owned(), ("1.0".to_owned(), "as it comes".to_owned()));
        }
        let machine = Machine {
            cores: 2,
            memory_gb: 23.0,
            processor: "one".to_owned(),
            system: "linux".to_owned(),
            postgres: "PostgreSQL 15".to_owned(),
            settings: vec![("fsync".to_owned(), "on".to_owned())],
            measured_at: "today".to_owned(),
        };
        let point = |of: &str, x, y| Point { of: of.to_owned(), x, measure: "drain, a second".to_owned(), y };
        let mut report = Report::default();
        report.measured(machine.clone(), 3, &figures);
        report.grown(
            machine,
            vec![point("history", 0.0, 20.0), point("history", 1e6, 19.0), point("processes", 1.0, 20.0)],
        );
        let folder = std::env::temp_dir().join(format!("bench-report-{}", std::process::id()));
        report.write_to(&folder).unwrap();

        let page = fs::read_to_string(folder.join("latest.md")).unwrap();
        assert!(page.contains("| drain, a second | pgmq | 40.00 | 40.00 | 40.00 | 0.50 |"), "{page}");
        assert!(page.contains("G1 0.50 (target >= 0.50) ok"), "{page}");
        for plot in ["throughput", "latency", "drain-history", "drain-processes"] {
            assert!(fs::read_to_string(folder.join(format!("{plot}.svg"))).unwrap().contains("</svg>"), "{plot}");
        }
        let read: Report = serde_json::from_str(&fs::read_to_string(folder.join("latest.json")).unwrap()).unwrap();
        assert_eq!(read.growth.len(), 3);
        fs::remove_dir_all(folder).unwrap();
    }
}
