//! What is not over.

use std::collections::{BTreeSet, HashMap};

use super::{queue::Message, state::State};
use crate::{
    message::{CommandMetadata, CommandStatus, version::version_of},
    store::{CommandCount, Inventory, ProcessCount},
};

impl State {
    pub(super) fn inventory(&self) -> Inventory {
        let mut commands = HashMap::new();
        for (key, command) in &self.commands {
            if let Some(message) = self.message_of(command) {
                let version = message.headers.as_ref().map_or(1, version_of);
                *commands.entry((&key.0, command.command_type.as_str(), version, command.status)).or_insert(0) += 1;
            }
        }
        let mut processes = HashMap::new();
        for process in self.processes.values().filter(|process| !process.metadata.status.is_terminal()) {
            let steps: BTreeSet<Option<&str>> =
                process.steps.iter().map(|step| Some(step.step_name.as_str())).chain([None]).collect();
            for step in steps {
                let key = (&process.metadata.domain, process.metadata.process_type.as_str(), step);
                *processes.entry(key).or_insert(0) += 1;
            }
        }
        let commands = commands.into_iter().map(|((domain, command_type, version, status), count)| CommandCount {
            domain: domain.clone(),
            command_type: command_type.to_owned(),
            version,
            status,
            count,
        });
        let processes = processes.into_iter().map(|((domain, process_type, step_name), count)| ProcessCount {
            domain: domain.clone(),
            process_type: process_type.to_owned(),
            step_name: step_name.map(str::to_owned),
            count,
        });
        Inventory::sorted(commands.collect(), processes.collect())
    }

    /// The message of a command that is not over.
    fn message_of(&self, command: &CommandMetadata) -> Option<&Message> {
        match command.status {
            CommandStatus::Pending | CommandStatus::InProgress => {
                self.queues.get(&command.domain.commands_queue())?.find(command.msg_id?)
            }
            CommandStatus::InTroubleshooting => {
                self.parked.get(&(command.domain.clone(), command.command_id)).map(|shelved| &shelved.message)
            }
            _ => None,
        }
    }
}
