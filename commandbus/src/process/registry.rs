//! Processes as data: what is linked into the binary.

use std::fmt;

use super::Process;
use crate::message::Domain;

/// A process type that is linked into the binary. Submitted by `#[process]`.
#[derive(Clone, Copy)]
pub struct ProcessEntry {
    /// The domain that keeps its processes.
    pub domain: &'static Domain,
    /// The name stored as `process_type`.
    pub name: &'static str,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
}

impl ProcessEntry {
    /// The entry of `P`, which is written there.
    pub const fn of<P: Process>(file: &'static str, line: u32) -> Self {
        Self { domain: &P::SPEC.domain, name: P::SPEC.name, file, line }
    }
}

impl fmt::Debug for ProcessEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.file, self.line)
    }
}

inventory::collect!(ProcessEntry);
