//! What a program answers: one line of JSON on its standard output.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Answer {
    pub system: String,
    pub version: String,
    pub settings: String,
    pub task: String,
    /// How many jobs were sent or handled.
    pub jobs: usize,
    pub seconds: f64,
    /// Jobs a second.
    pub rate: f64,
    /// From send to handler, in milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latencies: Vec<f64>,
}

/// Says the answer.
pub fn print(answer: &Answer) {
    println!("{}", serde_json::to_string(answer).expect("it has no maps and no odd numbers"));
}

/// So many a second; nothing where no time was measured.
pub fn rate(jobs: usize, seconds: f64) -> f64 {
    if seconds > 0.0 { jobs as f64 / seconds } else { 0.0 }
}

/// The value below which this part of the values lies.
pub fn percentile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}
