//! Processes as data: what is linked into the binary, and how to move one of whatever type.

use std::{fmt, time::Duration};

use serde_json::Value;

use super::{
    Process, StepSpec,
    route::{IncomingReply, Routed, route},
    sending::new_process,
};
use crate::{
    message::{CommandSpec, Domain, ProcessId, envelope::PayloadError},
    store::process::{NewProcess, ProcessRecord},
};

/// A process type that is linked into the binary. Submitted by `#[process]`.
#[derive(Clone, Copy)]
pub struct ProcessEntry {
    /// The domain that keeps it.
    pub domain: &'static Domain,
    /// The name stored as `process_type`.
    pub name: &'static str,
    /// Former names, which may be stored.
    pub aliases: &'static [&'static str],
    /// How long a process may take.
    pub deadline: Option<Duration>,
    /// Its steps, in order.
    pub steps: fn() -> Vec<StepOutline>,
    /// The domains that its commands go to, each once.
    pub command_domains: fn() -> Vec<&'static Domain>,
    /// Where it is written.
    pub file: &'static str,
    /// Where it is written.
    pub line: u32,
    /// Moves one.
    pub(crate) route: Route,
    /// Makes one of a state.
    pub(crate) prepare: Prepare,
}

/// A step as data, without what depends on the type of its process.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StepOutline {
    /// The name of its method, which is stored.
    pub name: &'static str,
    /// Former names, which may be stored.
    pub aliases: &'static [&'static str],
    /// The number of its group.
    pub group: usize,
    /// How long its reply may take.
    pub timeout: Option<Duration>,
    /// What it sends.
    pub command: &'static CommandSpec,
    /// What takes it back.
    pub undo: Option<&'static CommandSpec>,
}

impl StepOutline {
    fn of<P>(step: &StepSpec<P>) -> Self {
        Self {
            name: step.name,
            aliases: step.aliases,
            group: step.group,
            timeout: step.timeout,
            command: step.action.command,
            undo: step.undo.as_ref().map(|undo| undo.command),
        }
    }
}

/// What some replies, and the time if it is due, make of a process.
pub(crate) type Route = fn(&ProcessRecord, &[IncomingReply], bool) -> Routed;

/// What a state and an id make.
pub(crate) type Prepare = fn(ProcessId, Value) -> Result<NewProcess, NotPrepared>;

/// Why a state makes no process.
pub(crate) enum NotPrepared {
    Unreadable(serde_json::Error),
    Payload(PayloadError),
}

fn prepare<P: Process>(id: ProcessId, state: Value) -> Result<NewProcess, NotPrepared> {
    let state: P = serde_json::from_value(state).map_err(NotPrepared::Unreadable)?;
    new_process(id, &state).map_err(NotPrepared::Payload)
}

impl ProcessEntry {
    /// The entry of `P`, which is written there.
    pub const fn of<P: Process>(file: &'static str, line: u32) -> Self {
        Self {
            domain: &P::SPEC.domain,
            name: P::SPEC.name,
            aliases: P::SPEC.aliases,
            deadline: P::SPEC.deadline,
            steps: || P::SPEC.steps.iter().map(StepOutline::of).collect(),
            command_domains: || P::SPEC.command_domains(),
            file,
            line,
            route: route::<P>,
            prepare: prepare::<P>,
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
