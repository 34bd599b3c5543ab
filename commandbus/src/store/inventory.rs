//! What a store holds that is not over, counted by what a program needs to handle it.

use crate::message::{CommandStatus, Domain};

/// What is not over, in the order of domains and names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inventory {
    /// Commands that wait, run or are parked.
    pub commands: Vec<CommandCount>,
    /// Processes that have not ended.
    pub processes: Vec<ProcessCount>,
}

/// Commands that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandCount {
    /// Their domain.
    pub domain: Domain,
    /// Their type, as it is stored.
    pub command_type: String,
    /// The version of their payloads; 0 where their messages name what is none.
    pub version: u32,
    /// PENDING, IN_PROGRESS or IN_TROUBLESHOOTING_QUEUE.
    pub status: CommandStatus,
    /// How many they are.
    pub count: u64,
}

/// Processes that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessCount {
    /// Their domain.
    pub domain: Domain,
    /// Their type, as it is stored.
    pub process_type: String,
    /// A step that they have sent a command for; `None` counts all of the type.
    pub step_name: Option<String>,
    /// How many they are.
    pub count: u64,
}

impl Inventory {
    pub(super) fn sorted(mut commands: Vec<CommandCount>, mut processes: Vec<ProcessCount>) -> Self {
        commands.sort_by(|a, b| {
            let key = |count: &CommandCount| (count.version, count.status.as_str());
            (&a.domain, &a.command_type, key(a)).cmp(&(&b.domain, &b.command_type, key(b)))
        });
        processes.sort_by(|a, b| {
            (&a.domain, &a.process_type, &a.step_name).cmp(&(&b.domain, &b.process_type, &b.step_name))
        });
        Self { commands, processes }
    }
}
