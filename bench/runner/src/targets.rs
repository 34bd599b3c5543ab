//! The targets, and whether they were met.

use serde::Serialize;

use crate::{
    figures::Figures,
    measure::{
        BULK, BY_HAND, DRAIN, DRAIN_4, DRAIN_BATCH, DRAIN_BATCH_4, DRAIN_HISTORY, DRAIN_SNAPSHOT, IDLE_PROCESSOR,
        IDLE_STATEMENTS, LATENCY_P50, LATENCY_P99, SEND_10, SEND_50, SENDER_GROWTH, SENDER_PEAK, STEPS, TRANSACTIONAL,
        TRANSACTIONAL_BATCH, WAL, WAL_CHECKPOINT, WORKER_GROWTH, WORKER_PEAK,
    },
    system::{FLOOR, OURS},
};

/// MB that the memory of a process may grow and still be called flat.
const FLAT: f64 = 10.0;

#[derive(Debug, Serialize)]
pub struct Target {
    pub name: &'static str,
    pub measure: &'static str,
    pub parts: Vec<Part>,
    pub note: String,
}

#[derive(Debug, Serialize)]
pub struct Part {
    pub value: Option<f64>,
    pub bound: Bound,
    /// Why there is no value.
    pub skipped: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn allows(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(bound) => format!(">= {bound:.2}"),
            Self::AtMost(bound) => format!("<= {bound:.2}"),
        }
    }
}

impl Target {
    /// As `G1 0.53 (target >= 0.50) ok`.
    pub fn line(&self) -> String {
        let values: Vec<_> =
            self.parts.iter().map(|part| part.value.map_or("-".to_owned(), |v| format!("{v:.2}"))).collect();
        let bounds: Vec<_> = self.parts.iter().map(|part| part.bound.text()).collect();
        let skipped: Vec<_> = self.parts.iter().filter_map(|part| part.skipped.clone()).collect();
        let mut line = format!("{} {} (target {}) ", self.name, values.join(" / "), bounds.join(" / "));
        let missed = self.parts.iter().any(|part| part.value.is_some_and(|value| !part.bound.allows(value)));
        if missed {
            line.push_str("MISSED");
        } else if self.parts.iter().any(|part| part.value.is_some()) {
            line.push_str("ok");
        }
        if !skipped.is_empty() {
            line.push_str(&format!(" skipped: {}", skipped.join("; ")));
        }
        if !self.note.is_empty() {
            line.push_str(&format!(" [{}]", self.note));
        }
        line
    }
}

/// All of them, from what was measured.
pub fn all(figures: &Figures) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let ours = |measure| (measure, OURS);
    let against = |measure, peer: &'static str, bound| Part {
        value: figures.ratio(ours(measure), (measure, peer)),
        bound,
        skipped: skipped(figures, peer, measure),
    };
    let within = |of, against, bound| part(figures.ratio(ours(of), ours(against)), bound);
    let by_hand = part(figures.ratio(ours(TRANSACTIONAL), (BY_HAND, "pgbench")), AtLeast(0.5));
    let kb = |measure| figures.median(ours(measure)).map(|bytes| bytes / 1000.0);
    let mb = |measure, most| part(figures.median(ours(measure)), AtMost(most));
    let checkpoint = kb(WAL_CHECKPOINT).map_or(String::new(), |kb| format!("kB; {kb:.2} right after a checkpoint"));
    let text = str::to_owned;

    let target = |name, measure, parts, note| Target { name, measure, parts, note };
    vec![
        target("G1", "drain against PGMQ", vec![against(DRAIN, FLOOR, AtLeast(0.5))], text("")),
        target("G2", "drain against graphile_worker", vec![against(DRAIN, "graphile_worker", AtLeast(1.0))], text("")),
        target(
            "G3",
            "drain against riverqueue / apalis",
            vec![against(DRAIN, "riverqueue", AtLeast(2.5)), against(DRAIN, "apalis", AtLeast(3.5))],
            text(""),
        ),
        target("G4", "drain against reliable-cmd", vec![against(DRAIN, "reliable-cmd", AtLeast(20.0))], text("")),
        target(
            "G5",
            "send one, c=10, against PGMQ / riverqueue",
            vec![against(SEND_10, FLOOR, AtLeast(1.2)), against(SEND_10, "riverqueue", AtLeast(3.0))],
            text(""),
        ),
        target("G6", "send one, c=50, against PGMQ", vec![against(SEND_50, FLOOR, AtLeast(4.0))], text("")),
        target(
            "G7",
            "batch of 100,000 against PGMQ / apalis",
            vec![against(BULK, FLOOR, AtLeast(0.35)), against(BULK, "apalis", AtLeast(1.2))],
            text(""),
        ),
        target(
            "G8",
            "send to handler at 20 a second, p50 / p99, against PGMQ + LISTEN",
            vec![against(LATENCY_P50, FLOOR, AtMost(1.1)), against(LATENCY_P99, FLOOR, AtMost(1.2))],
            text(""),
        ),
        target(
            "G9",
            "drain beside a snapshot, against without",
            vec![within(DRAIN_SNAPSHOT, DRAIN, AtLeast(0.6))],
            text(""),
        ),
        target(
            "G10",
            "drain after 1,000,000, against none",
            vec![within(DRAIN_HISTORY, DRAIN, AtLeast(0.95))],
            text(""),
        ),
        target("G11", "WAL of a drained command, kB", vec![part(kb(WAL), AtMost(2.3))], checkpoint),
        target(
            "G12",
            "drain of one batch, against none, by 1 / 4 processes",
            vec![within(DRAIN_BATCH, DRAIN, AtLeast(0.9)), within(DRAIN_BATCH_4, DRAIN_4, AtLeast(0.9))],
            text(""),
        ),
        target("G13", "process steps, against drain", vec![within(STEPS, DRAIN, AtLeast(0.4))], text("")),
        target(
            "G14",
            "transactional handlers, against pgbench; in one batch, against none",
            vec![by_hand, within(TRANSACTIONAL_BATCH, TRANSACTIONAL, AtLeast(0.9))],
            text(""),
        ),
        target(
            "G15",
            "memory, MB: worker peak / growth, sender peak / growth",
            vec![mb(WORKER_PEAK, 100.0), mb(WORKER_GROWTH, FLAT), mb(SENDER_PEAK, 100.0), mb(SENDER_GROWTH, FLAT)],
            text("MB: worker peak / growth, sender peak / growth"),
        ),
        target(
            "G16",
            "idle worker: statements a second / % of a processor",
            vec![mb(IDLE_STATEMENTS, 1.0), mb(IDLE_PROCESSOR, 0.1)],
            text("statements a second / % of a processor"),
        ),
    ]
}

fn part(value: Option<f64>, bound: Bound) -> Part {
    Part { value, bound, skipped: value.is_none().then(|| "not measured".to_owned()) }
}

fn skipped(figures: &Figures, peer: &str, measure: &'static str) -> Option<String> {
    match figures.median((measure, peer)) {
        Some(_) => None,
        None => {
            Some(figures.skipped.get(peer).map_or(format!("{peer} was not measured"), |why| format!("{peer}: {why}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_measured_and_whether_it_is_enough() {
        let mut figures = Figures::default();
        for (system, rate) in [(OURS, 53.0), (FLOOR, 100.0)] {
            figures.add(DRAIN, system, rate);
        }
        figures.skipped.insert("graphile_worker".to_owned(), "it was not built".to_owned());
        let lines: Vec<_> = all(&figures).iter().map(Target::line).collect();
        assert_eq!(lines[0], "G1 0.53 (target >= 0.50) ok");
        assert_eq!(lines[1], "G2 - (target >= 1.00)  skipped: graphile_worker: it was not built");
        figures.add(SEND_50, OURS, 3.0);
        figures.add(SEND_50, FLOOR, 1.0);
        assert_eq!(all(&figures)[5].line(), "G6 3.00 (target >= 4.00) MISSED");
        assert_eq!(lines.len(), 16);
    }
}
