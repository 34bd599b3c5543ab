//! What was sampled, as lines of a file: when, what, of which, how much.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

const HEAD: &str = "seconds,what,of,value";

/// What is written as it comes, so that a long run keeps nothing in memory.
pub(crate) struct Record(BufWriter<File>);

impl Record {
    pub(crate) fn create(path: &Path) -> Self {
        let mut file = BufWriter::new(File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        writeln!(file, "{HEAD}").unwrap();
        Self(file)
    }

    pub(crate) fn note(&mut self, seconds: f64, what: &str, of: &str, value: f64) {
        writeln!(self.0, "{seconds:.1},{what},{of},{value:.3}").unwrap();
    }

    pub(crate) fn flush(&mut self) {
        self.0.flush().unwrap();
    }
}

/// Points in time, in seconds, and values.
pub(crate) type Series = Vec<(f64, f64)>;

/// What was written, read again.
pub(crate) struct Samples(Vec<(f64, String, String, f64)>);

impl Samples {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let line = |line: &str| {
            let mut parts = line.split(',');
            let (seconds, what, of, value) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            Some((seconds.parse().ok()?, what.to_owned(), of.to_owned(), value.parse().ok()?))
        };
        let lines = text.lines().skip(1);
        Self(lines.map(|text| line(text).unwrap_or_else(|| panic!("no sample: {text}"))).collect())
    }

    pub(crate) fn of(&self, what: &str, of: &str) -> Series {
        self.0.iter().filter(|it| it.1 == what && it.2 == of).map(|it| (it.0, it.3)).collect()
    }

    /// All of a kind, added up at each point in time.
    pub(crate) fn sum(&self, what: &str) -> Series {
        let mut sums = Series::new();
        for (seconds, _, _, value) in self.0.iter().filter(|it| it.1 == what) {
            match sums.last_mut() {
                Some((at, sum)) if at == seconds => *sum += value,
                _ => sums.push((*seconds, *value)),
            }
        }
        sums
    }

    /// Of which there are samples of a kind.
    pub(crate) fn names(&self, what: &str) -> BTreeSet<&str> {
        self.0.iter().filter(|it| it.1 == what).map(|it| it.2.as_str()).collect()
    }

    pub(crate) fn end(&self) -> f64 {
        self.0.last().map_or(0.0, |it| it.0)
    }
}
