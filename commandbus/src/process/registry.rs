//! Processes as data: what is linked into the binary, and how to move one of whatever type.

use std::fmt;

use super::{
    Process,
    route::{IncomingReply, Routed, route},
};
use crate::{message::Domain, store::process::ProcessRecord};

/// A process type that is linked into the binary. Submitted by `#[process]`.
#[derive(Clone, Copy)]
pub struct ProcessEntry {
    /// The domain that keeps it.
    pub domain: &'static Domain,
    /// The name stored as `process_type`.
    pub name: &'static str,
    /// Former names, which may be stored.
    pub aliases: &'static [&'static str],
    /// The domains that its commands go to, each once.
    pub command_domains: fn() -> Vec<&'static Domain>,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
    /// Moves one.
    pub(crate) route: Route,
}

/// What some replies, and the time if it is due, make of a process.
pub(crate) type Route = fn(&ProcessRecord, &[IncomingReply], bool) -> Routed;

impl ProcessEntry {
    /// The entry of `P`, which is written there.
    pub const fn of<P: Process>(file: &'static str, line: u32) -> Self {
        Self {
            domain: &P::SPEC.domain,
            name: P::SPEC.name,
            aliases: P::SPEC.aliases,
            command_domains: || P::SPEC.command_domains(),
            file,
            line,
            route: route::<P>,
        }
    }

    /// Whether a process of this stored type is one of these.
    pub fn answers_to(&self, process_type: &str) -> bool {
        self.name == process_type || self.aliases.contains(&process_type)
    }
}

impl fmt::Debug for ProcessEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}:{})", self.name, self.file, self.line)
    }
}

inventory::collect!(ProcessEntry);
