//! Commands whose type is only known at run time.

use std::borrow::Cow;

use serde_json::Value;

use super::{Bus, SendError, Sending, outgoing::new_command};
use crate::message::{CommandSpec, Domain, envelope::seal};

/// A command by name, for senders that forward what others wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct UntypedCommand {
    /// The domain whose queue carries it.
    pub domain: Domain,
    /// The name of its type.
    pub command_type: String,
    /// The command itself.
    pub data: Value,
    /// The version of its type that the data are written in, from 1.
    pub version: u32,
}

impl UntypedCommand {
    /// A command of this name.
    pub fn new(domain: Domain, command_type: impl Into<String>, data: Value) -> Self {
        Self { domain, command_type: command_type.into(), data, version: 1 }
    }

    /// Says which version of its type the data are written in.
    #[must_use]
    pub fn with_version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
}

impl Bus {
    /// Sends a command by name. Takes the options of [`Sending`]; the reply comes as JSON.
    pub fn send_untyped(&self, command: UntypedCommand) -> Sending<UntypedCommand> {
        let UntypedCommand { domain, command_type, data, version } = command;
        let draft = if command_type.is_empty() || command_type.contains('\0') {
            Err(SendError::InvalidCommandType { command_type })
        } else {
            seal(&command_type, &data)
                .map(|data| {
                    new_command(Cow::Owned(command_type), data, version, CommandSpec::DEFAULT_MAX_ATTEMPTS, None)
                })
                .map_err(SendError::from)
        };
        Sending::new(self.clone(), domain, draft)
    }
}
