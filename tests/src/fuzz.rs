//! Random inputs, each from a seed of its own that is printed when it fails.
//!
//! - `COMMANDBUS_INPUTS`: how many;
//! - `COMMANDBUS_SEED`: the seed of the first; each further one has the next.

use std::{env, fmt::Display, ops::RangeInclusive, str::FromStr, thread};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value, json};

use crate::report;

/// What programs that read text most often stumble over.
const ODD: [&str; 22] = [
    "",
    " ",
    "\t\n",
    "0",
    "-1",
    "007",
    "1e400",
    "99999999999999999999",
    "null",
    "true",
    "'; drop table x; --",
    "%",
    "%s",
    "..",
    "\\",
    "\"",
    "<b>",
    "é",
    "\u{202e}",
    "\u{feff}",
    "𝒳",
    "💥",
];

fn setting<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// The inputs of one test; so many, unless told otherwise.
///
/// # Panics
///
/// When a setting is no number.
pub fn inputs(otherwise: u64) -> impl Iterator<Item = Input> {
    let count = setting("COMMANDBUS_INPUTS").unwrap_or(otherwise);
    let first = setting("COMMANDBUS_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let test = thread::current().name().unwrap_or("a test").to_owned();
    report(format_args!("{test}: {count} inputs, seeds {first} to {}", first + count.max(1) - 1));
    (first..first + count).map(|seed| Input { seed, random: StdRng::seed_from_u64(seed) })
}

/// One input, which is made as it is asked for.
#[derive(Debug)]
pub struct Input {
    seed: u64,
    random: StdRng,
}

impl Drop for Input {
    fn drop(&mut self) {
        if thread::panicking() {
            report(format_args!("Again, this one: COMMANDBUS_SEED={} COMMANDBUS_INPUTS=1", self.seed));
        }
    }
}

impl Input {
    /// True so often of a hundred times.
    pub fn chance(&mut self, of_a_hundred: u32) -> bool {
        self.random.random_range(0..100) < of_a_hundred
    }

    /// A number of a range.
    pub fn number(&mut self, range: RangeInclusive<usize>) -> usize {
        self.random.random_range(range)
    }

    /// One of several.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.random_range(0..of.len())].clone()
    }

    /// A character of any kind, NUL excepted.
    pub fn letter(&mut self) -> char {
        match self.random.random_range(0..10) {
            0..6 => self.random.random_range(' '..='~'),
            6 => self.random.random_range('\u{1}'..='\u{1f}'),
            7 => self.random.random_range('\u{80}'..='\u{7ff}'),
            _ => self.random.random_range('\u{800}'..='\u{1ffff}'),
        }
    }

    /// Some text.
    pub fn text(&mut self) -> String {
        if self.chance(40) {
            return self.pick(&ODD).to_owned();
        }
        let length = self.pick(&[1, 3, 10, 40, 300]);
        (0..self.random.random_range(0..=length)).map(|_| self.letter()).collect()
    }

    /// A text with some of its characters gone, changed, doubled, or others between them.
    pub fn mutated(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        for _ in 0..self.random.random_range(1..=4) {
            let at = self.random.random_range(0..=letters.len());
            match self.random.random_range(0..5) {
                0 if at < letters.len() => drop(letters.remove(at)),
                1 if at < letters.len() => letters[at] = self.letter(),
                2 => letters.truncate(at),
                3 => {
                    let again: Vec<char> = letters[at..].iter().take(8).copied().collect();
                    letters.splice(at..at, again);
                }
                _ => {
                    let between = self.text();
                    letters.splice(at..at, between.chars());
                }
            }
        }
        letters.into_iter().collect()
    }

    /// Some JSON, so deep at most.
    pub fn json(&mut self, depth: u32) -> Value {
        let kinds = if depth == 0 { 6 } else { 8 };
        match self.random.random_range(0..kinds) {
            0 => Value::Null,
            1 => json!(self.random.random::<bool>()),
            2 => json!(self.random.random::<i64>()),
            3 => json!(self.random.random_range(-1e30..1e30)),
            4 => json!(self.random.random_range(-2..3)),
            5 => Value::String(self.text()),
            6 => (0..self.random.random_range(0..4)).map(|_| self.json(depth - 1)).collect(),
            _ => {
                let fields = self.random.random_range(0..4);
                Value::Object((0..fields).map(|_| (self.text(), self.json(depth - 1))).collect())
            }
        }
    }

    /// An object with some of its fields gone, renamed, doubled under another name, or of another value; rarely something
    /// else altogether.
    pub fn mutated_json(&mut self, object: &Map<String, Value>) -> Value {
        if self.chance(5) {
            return self.json(3);
        }
        let mut fields = object.clone();
        for _ in 0..self.random.random_range(1..=3) {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = if names.is_empty() { self.text() } else { self.pick(&names) };
            match self.random.random_range(0..5) {
                0 => drop(fields.remove(&name)),
                1 => {
                    let value = fields.remove(&name).unwrap_or_default();
                    let renamed = self.mutated(&name);
                    fields.insert(renamed, value);
                }
                2 => {
                    let value = self.json(3);
                    fields.insert(name, value);
                }
                3 => {
                    let (new, value) = (self.text(), self.json(2));
                    fields.insert(new, value);
                }
                _ => {
                    let changed = match fields.get(&name) {
                        Some(Value::String(text)) => Value::String(self.mutated(text)),
                        Some(Value::Object(inner)) => self.mutated_json(inner),
                        _ => self.json(1),
                    };
                    fields.insert(name, changed);
                }
            }
        }
        Value::Object(fields)
    }
}
