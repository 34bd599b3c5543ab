//! How it grows: drain and latency against what may become large. `--only` runs one of them.

mod disk;
mod ours;

use serde::{Deserialize, Serialize};

use crate::{Error, bench::Bench, figures::Figures};

/// One measured point of a curve.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Point {
    /// The name of the program: `history`, `processes`.
    pub of: String,
    /// What grows.
    pub x: f64,
    /// What was measured.
    pub measure: String,
    pub y: f64,
}

pub const HISTORY: &str = "history";
pub const PAYLOAD: &str = "payload";
pub const DOMAINS: &str = "domains";
pub const PROCESSES: &str = "processes";
pub const BATCH: &str = "batch";
pub const GROUPS: &str = "groups";
pub const WAITING: &str = "waiting";
pub const RETENTION: &str = "retention";

/// The programs and what grows in each.
pub const PROGRAMS: [(&str, &str); 8] = [
    (HISTORY, "finished commands in the tables"),
    (PAYLOAD, "bytes of payload"),
    (DOMAINS, "domains, with one worker each in one process"),
    (PROCESSES, "worker processes"),
    (BATCH, "commands in the batch"),
    (GROUPS, "groups"),
    (WAITING, "handlers at once that wait 200 ms, in one worker"),
    (RETENTION, "% of the time that pruning works beside a drain"),
];

/// Runs those whose name contains `only`, and keeps what each has measured as soon as it ends.
pub async fn measure(
    bench: &Bench,
    only: &str,
    largest: f64,
    mut keep: impl FnMut(Vec<Point>) -> Result<(), Error>,
) -> Result<(), Error> {
    // The figures of the parts are not reported.
    let mut figures = Figures::default();
    for (name, of) in PROGRAMS.into_iter().filter(|(name, _)| name.contains(only)) {
        eprintln!("{name}: {of}");
        let mut points = Points { points: Vec::new(), largest };
        match name {
            HISTORY => ours::history(bench, &mut figures, &mut points).await?,
            PAYLOAD => ours::payload(bench, &mut figures, &mut points).await?,
            DOMAINS => ours::domains(bench, &mut figures, &mut points).await?,
            PROCESSES => ours::processes(bench, &mut figures, &mut points).await?,
            BATCH => ours::batch(bench, &mut figures, &mut points).await?,
            GROUPS => ours::groups(bench, &mut figures, &mut points).await?,
            WAITING => ours::waiting(bench, &mut figures, &mut points).await?,
            _ => ours::retention(bench, &mut figures, &mut points).await?,
        }
        keep(points.points)?;
    }
    Ok(())
}

/// What was measured so far, and how far to go.
pub struct Points {
    points: Vec<Point>,
    largest: f64,
}

impl Points {
    fn add(&mut self, of: &str, x: usize, measure: &str, y: f64) {
        eprintln!("  {x}: {measure} {y:.2}");
        self.points.push(Point { of: of.to_owned(), x: x as f64, measure: measure.to_owned(), y });
    }

    /// The steps that are not beyond the largest.
    fn steps(&self, steps: &[usize]) -> Vec<usize> {
        steps.iter().copied().filter(|step| *step as f64 <= self.largest).collect()
    }
}
