//! What was measured, and its medians.

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Figures {
    names: Vec<String>,
    values: BTreeMap<(String, &'static str), Vec<f64>>,
}

impl Figures {
    pub fn add(&mut self, name: &str, system: &'static str, value: f64) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self.values.entry((name.to_owned(), system)).or_default().push(value);
        println!("  {name}: {system} {value:.1}");
    }

    /// A table for each pair that was compared.
    pub fn print(&self) {
        for [base, other] in [["PGMQ", "commandbus"], ["ungrouped", "grouped"], ["no groups", "beside groups"]] {
            let compared = |name: &&String| self.values.contains_key(&((*name).clone(), other));
            let names: Vec<&String> = self.names.iter().filter(compared).collect();
            if !names.is_empty() {
                println!("\n{:<36} {base:>13} {other:>13} {:>7}", "median", "ratio");
            }
            for name in names {
                let (before, after) = (self.median(name, base), self.median(name, other));
                println!("{name:<36} {before:>13.1} {after:>13.1} {:>7.2}", after / before);
            }
        }
    }

    fn median(&self, name: &str, system: &'static str) -> f64 {
        let mut values = self.values.get(&(name.to_owned(), system)).cloned().unwrap_or_default();
        percentile(&mut values, 0.5)
    }
}

/// The value below which this part of the values lies.
pub fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}
