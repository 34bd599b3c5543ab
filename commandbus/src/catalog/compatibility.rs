//! Whether this program could handle what a database holds.

use std::fmt;

use serde::Serialize;

use super::{Catalog, CommandDescription, ProcessDescription};
use crate::{
    bus::Bus,
    error::StoreError,
    message::{CommandStatus, Domain},
    store::{CommandCount, Inventory, ProcessCount},
};

/// What a database holds that this program could not handle. Its `Display` says so line by line.
///
/// ```
/// # async fn example(bus: commandbus::bus::Bus) -> Result<(), Box<dyn std::error::Error>> {
/// let compatibility = commandbus::catalog().check(&bus).await?;
/// if !compatibility.is_complete() {
///     return Err(compatibility.to_string().into());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use = "whether a deployment would break something is in it"]
#[non_exhaustive]
pub struct Compatibility {
    /// Nothing, if all is well.
    pub incompatibilities: Vec<Incompatibility>,
}

/// One kind of thing that this program could not handle, and how many there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Incompatibility {
    /// No handler here takes commands of this type, though some take others of the domain.
    UnknownCommand {
        /// The domain.
        domain: Domain,
        /// The type.
        command_type: String,
        /// What becomes of them.
        status: CommandStatus,
        /// How many there are.
        count: u64,
    },
    /// Their handler here does not read payloads of this version.
    UnknownVersion {
        /// The domain.
        domain: Domain,
        /// The type.
        command_type: String,
        /// The version.
        version: u32,
        /// The versions that are read.
        known: Vec<u32>,
        /// What becomes of them.
        status: CommandStatus,
        /// How many there are.
        count: u64,
    },
    /// No process type here goes by this name, though others of the domain do.
    UnknownProcess {
        /// The domain.
        domain: Domain,
        /// The type.
        process_type: String,
        /// How many have not ended.
        count: u64,
    },
    /// The process type has no step of this name.
    UnknownStep {
        /// The domain.
        domain: Domain,
        /// The type.
        process_type: String,
        /// The step.
        step_name: String,
        /// How many processes that have not ended sent it.
        count: u64,
    },
}

impl Catalog {
    /// What waits, runs, is parked or is in the middle of a process that this program could not handle. Domains of which
    /// it handles nothing are left to other programs.
    ///
    /// Reads every message that waits, with its command's row, every parked command with its archived message, and the
    /// audit trail of every process that has not ended: work for a deployment, not for every second.
    ///
    /// ```
    /// # async fn check(bus: &commandbus::bus::Bus) -> Result<(), Box<dyn std::error::Error>> {
    /// let compatibility = commandbus::catalog().check(bus).await?;
    /// if !compatibility.is_complete() {
    ///     return Err(compatibility.to_string().into());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the store cannot be asked.
    pub async fn check(&self, bus: &Bus) -> Result<Compatibility, StoreError> {
        Ok(self.compare(&bus.store().inventory().await?))
    }

    pub(super) fn compare(&self, inventory: &Inventory) -> Compatibility {
        let commands = inventory.commands.iter().filter_map(|count| self.judge_commands(count));
        let processes = inventory.processes.iter().filter_map(|count| self.judge_processes(count));
        let mut incompatibilities: Vec<Incompatibility> = commands.chain(processes).collect();
        // An unknown type is told once, not for each of its steps.
        incompatibilities.dedup();
        Compatibility { incompatibilities }
    }

    fn judge_commands(&self, found: &CommandCount) -> Option<Incompatibility> {
        let CommandCount { domain, command_type, version, status, count } = found.clone();
        let mut handled = self.commands.iter().filter(|known| known.domain == domain.as_str() && known.is_handled());
        handled.clone().next()?;
        let Some(known) = handled.find(|known| known.answers_to(&command_type)) else {
            return Some(Incompatibility::UnknownCommand { domain, command_type, status, count });
        };
        let known: Vec<u32> = known.upcasts_from.iter().copied().chain([known.version]).collect();
        (!known.contains(&version)).then_some(Incompatibility::UnknownVersion {
            domain,
            command_type,
            version,
            known,
            status,
            count,
        })
    }

    fn judge_processes(&self, found: &ProcessCount) -> Option<Incompatibility> {
        let ProcessCount { domain, process_type, step_name, count } = found.clone();
        let mut ours = self.processes.iter().filter(|known| known.domain == domain.as_str());
        ours.clone().next()?;
        let known = ours.find(|known| known.answers_to(&process_type));
        match (known, step_name) {
            (None, None) => Some(Incompatibility::UnknownProcess { domain, process_type, count }),
            (Some(known), Some(step_name)) if !known.has_step(&step_name) => {
                Some(Incompatibility::UnknownStep { domain, process_type, step_name, count })
            }
            _ => None,
        }
    }
}

impl CommandDescription {
    fn is_handled(&self) -> bool {
        !self.handlers.is_empty()
    }

    fn answers_to(&self, command_type: &str) -> bool {
        self.name == command_type || self.aliases.contains(&command_type)
    }
}

impl ProcessDescription {
    fn answers_to(&self, process_type: &str) -> bool {
        self.name == process_type || self.aliases.contains(&process_type)
    }

    fn has_step(&self, step_name: &str) -> bool {
        self.steps.iter().any(|step| step.name == step_name || step.aliases.contains(&step_name))
    }
}

impl Compatibility {
    /// Whether this program could handle everything.
    pub fn is_complete(&self) -> bool {
        self.incompatibilities.is_empty()
    }
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("this program can handle everything that the database holds of its domains");
        }
        f.write_str("this program cannot handle everything that the database holds:")?;
        self.incompatibilities.iter().try_for_each(|found| write!(f, "\n  - {found}"))
    }
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCommand { domain, command_type, status, count } => {
                write!(f, "{count} {status} of type `{command_type}` in domain `{domain}`: no handler here takes it")
            }
            Self::UnknownVersion { domain, command_type, version, known, status, count } => {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "{count} {status} of type `{command_type}` in domain `{domain}`: they are of version {version}, and the \
                     versions known here are {}",
                    known.join(", ")
                )
            }
            Self::UnknownProcess { domain, process_type, count } => {
                write!(
                    f,
                    "{count} under way of process `{process_type}` in domain `{domain}`: no process here has this name"
                )
            }
            Self::UnknownStep { domain, process_type, step_name, count } => write!(
                f,
                "{count} under way of process `{process_type}` in domain `{domain}` have sent the step `{step_name}`, which \
                 it does not have here: keep it, or name it in the `aliases` of a step"
            ),
        }
    }
}
