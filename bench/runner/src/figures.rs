//! What was measured: a value for each measure, system and round.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{report::Ratio, system::OURS};

#[derive(Debug, Default)]
pub struct Figures {
    /// In the order in which they were first measured.
    measures: Vec<&'static str>,
    series: BTreeMap<(&'static str, String), Vec<f64>>,
    pub skipped: BTreeMap<String, String>,
    pub settings: BTreeMap<String, (String, String)>,
    /// Milliseconds from send to handler, of all rounds.
    pub latencies: BTreeMap<String, Vec<f64>>,
}

/// One series, as it is reported.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub measure: String,
    pub system: String,
    pub median: f64,
    pub min: f64,
    pub max: f64,
    pub rounds: Vec<f64>,
}

impl Figures {
    pub fn add(&mut self, measure: &'static str, system: &str, value: f64) {
        if !self.measures.contains(&measure) {
            self.measures.push(measure);
        }
        eprintln!("  {measure}: {system} {value:.2}");
        self.series.entry((measure, system.to_owned())).or_default().push(value);
    }

    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for measure in &self.measures {
            for ((of, system), values) in &self.series {
                if of == measure {
                    let (min, max) = (protocol::percentile(values, 0.0), protocol::percentile(values, 1.0));
                    let (rounds, system) = (values.clone(), system.clone());
                    let measure = (*measure).to_owned();
                    rows.push(Row { measure, system, median: median(values), min, max, rounds });
                }
            }
        }
        rows
    }

    /// Ours against each of the others, wherever both were measured.
    pub fn ratios(&self) -> Vec<Ratio> {
        let others = self.series.keys().filter(|(_, system)| system != OURS);
        let ratio = |(measure, system): &(&'static str, String)| {
            let ours_to_theirs = self.ratio((measure, OURS), (measure, system))?;
            Some(Ratio { measure: (*measure).to_owned(), system: system.clone(), ours_to_theirs })
        };
        others.filter_map(ratio).collect()
    }

    fn values(&self, (measure, system): (&'static str, &str)) -> &[f64] {
        self.series.get(&(measure, system.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub fn median(&self, of: (&'static str, &str)) -> Option<f64> {
        let values = self.values(of);
        (!values.is_empty()).then(|| median(values))
    }

    /// The median of the ratios of each round: what was measured one after the other is compared, not what the machine did
    /// minutes apart.
    pub fn ratio(&self, of: (&'static str, &str), against: (&'static str, &str)) -> Option<f64> {
        let pairs = self.values(of).iter().zip(self.values(against));
        let ratios: Vec<f64> = pairs.map(|(of, against)| of / against).collect();
        (!ratios.is_empty()).then(|| median(&ratios))
    }
}

/// The middle value, or between the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut figures = Figures::default();
        for (ours, theirs) in [(10.0, 5.0), (1.0, 1.0), (90.0, 30.0)] {
            figures.add("drain", "commandbus", ours);
            figures.add("drain", "pgmq", theirs);
        }
        assert_eq!(figures.ratio(("drain", "commandbus"), ("drain", "pgmq")), Some(2.0));
        assert_eq!(figures.median(("drain", "commandbus")), Some(10.0));
        assert_eq!(figures.ratio(("drain", "commandbus"), ("drain", "nobody")), None);
    }

    #[test]
    fn a_median_of_two_lies_between_them() {
        assert_eq!(median(&[1.0, 3.0]), 2.0);
    }
}
