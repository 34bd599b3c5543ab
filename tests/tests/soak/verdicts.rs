//! What the samples of a long run say: that the last third of it is no more than the second.

use std::path::Path;

use crate::record::{Samples, Series};

/// How much more the last third may have than the second: a part of it, and so much beside, for what is small.
struct Room {
    part: f64,
    beside: f64,
}

const MEMORY_KB: Room = Room { part: 1.15, beside: 4_096.0 };
const RELATION: Room = Room { part: 1.4, beside: 4e6 };
const ALL_RELATIONS: Room = Room { part: 1.2, beside: 8e6 };
const CONNECTIONS: Room = Room { part: 1.0, beside: 5.0 };
/// For what is more than noise of a machine that has other work, too.
const LATENCY_MS: Room = Room { part: 5.0, beside: 50.0 };

/// The values of a third, of three.
fn third(series: &Series, end: f64, number: usize) -> Vec<f64> {
    let bounds = (end * number as f64 / 3.0, end * (number + 1) as f64 / 3.0);
    series.iter().filter(|(at, _)| bounds.0 < *at && *at <= bounds.1).map(|(_, value)| *value).collect()
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

impl Room {
    /// What was exceeded, in words.
    fn exceeded(&self, name: &str, series: &Series, end: f64, of: fn(&[f64]) -> f64) -> Option<String> {
        let (before, after) = (of(&third(series, end, 1)), of(&third(series, end, 2)));
        (after > before * self.part + self.beside).then(|| format!("{name}: {after} after {before}"))
    }
}

/// Nothing grows.
pub(crate) fn check(path: &Path) {
    let samples = Samples::read(path);
    let end = samples.end();
    let mut grown = Vec::new();
    for process in ["worker", "sender"] {
        grown.extend(MEMORY_KB.exceeded(process, &samples.of("memory_kb", process), end, most));
    }
    for what in ["table_bytes", "index_bytes"] {
        for name in samples.names(what) {
            grown.extend(RELATION.exceeded(name, &samples.of(what, name), end, most));
        }
        grown.extend(ALL_RELATIONS.exceeded(what, &samples.sum(what), end, most));
    }
    grown.extend(CONNECTIONS.exceeded("connections", &samples.of("connections", "server"), end, most));
    for what in ["wait_ms", "reply_ms"] {
        grown.extend(LATENCY_MS.exceeded(what, &samples.of(what, "p50"), end, median));
    }
    assert_eq!(grown, Vec::<String>::new());
}

/// What each third of it was like.
pub(crate) fn words(path: &Path) -> String {
    let samples = Samples::read(path);
    let end = samples.end();
    let thirds = |series: Series, of: fn(&[f64]) -> f64, unit: f64| {
        [0, 1, 2].map(|number| format!("{:.1}", of(&third(&series, end, number)) / unit)).join(", ")
    };
    let series = |what: &str, of: &str| samples.of(what, of);
    [
        format!("by thirds: memory of the worker at most {} MB", thirds(series("memory_kb", "worker"), most, 1024.0)),
        format!("memory of the sender at most {} MB", thirds(series("memory_kb", "sender"), most, 1024.0)),
        format!("tables at most {} MB", thirds(samples.sum("table_bytes"), most, 1e6)),
        format!("indexes at most {} MB", thirds(samples.sum("index_bytes"), most, 1e6)),
        format!("dead rows at most {} thousand", thirds(samples.sum("dead"), most, 1e3)),
        format!("from send to handler p50 {} ms", thirds(series("wait_ms", "p50"), median, 1.0)),
        format!("from send to handler p99 {} ms", thirds(series("wait_ms", "p99"), median, 1.0)),
        format!("from send to reply p50 {} ms", thirds(series("reply_ms", "p50"), median, 1.0)),
        format!("autovacuums in all {}", most(&third(&samples.sum("vacuums"), end, 2))),
    ]
    .join("\n")
}

#[test]
fn what_grows_is_told_from_what_does_not() {
    let end = 300.0;
    let series = |value: fn(f64) -> f64| (1..=300).map(|at| (at.into(), value(at.into()))).collect::<Series>();
    let exceeded = |value, room: &Room| room.exceeded("it", &series(value), end, most);

    assert_eq!(exceeded(|at| if at < 100.0 { at } else { 100.0 }, &MEMORY_KB), None);
    assert_eq!(exceeded(|at| 50_000.0 + at % 7.0, &MEMORY_KB), None);
    assert!(exceeded(|at| at * 1_000.0, &MEMORY_KB).is_some());
    assert!(exceeded(|at| at * 1e6, &RELATION).is_some());
}
