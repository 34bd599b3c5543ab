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

    pub fn print(&self) {
        println!("\n{:<36} {:>12} {:>12} {:>7}", "median", "PGMQ", "commandbus", "ratio");
        for name in &self.names {
            let (raw, ours) = (self.median(name, "PGMQ"), self.median(name, "commandbus"));
            println!("{name:<36} {raw:>12.1} {ours:>12.1} {:>7.2}", ours / raw);
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
