//! Commands whose type is only known at run time.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    Bus, SendError, Sending,
    outgoing::{join_group, new_command},
};
use crate::{
    message::{
        CommandSpec, Domain,
        envelope::{PayloadError, seal},
        group::group_key,
    },
    store::NewCommand,
};

/// A command by name, for senders that forward what others wrote.
///
/// ```
/// # use commandbus::prelude::*;
/// use commandbus::bus::UntypedCommand;
///
/// # async fn example(bus: Bus) -> Result<(), Box<dyn std::error::Error>> {
/// let label = UntypedCommand::new("parcels".parse()?, "PrintLabel", serde_json::json!({"order": 7}));
/// let reply: serde_json::Value = bus.send_untyped(label).max_attempts(5).await?.reply().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct UntypedCommand {
    /// The domain whose queue carries it.
    pub domain: Domain,
    /// The name of its type.
    pub command_type: String,
    /// The command itself.
    pub data: Value,
    /// The group that it belongs to, if any.
    pub group: Option<String>,
    /// The version of its type that the data are written in, from 1.
    pub version: u32,
}

impl UntypedCommand {
    /// A command of this name.
    pub fn new(domain: Domain, command_type: impl Into<String>, data: Value) -> Self {
        Self { domain, command_type: command_type.into(), data, group: None, version: 1 }
    }

    /// Puts it into a group: commands of one group run one at a time, in the order they were sent.
    #[must_use]
    pub fn group(mut self, key: impl Into<String>) -> Self {
        self.group = Some(key.into());
        self
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
        let UntypedCommand { domain, command_type, data, group, version } = command;
        let draft = if command_type.is_empty() || command_type.contains('\0') {
            Err(SendError::InvalidCommandType { command_type })
        } else {
            untyped(command_type, &data, version, group).map_err(SendError::from)
        };
        Sending::new(self.clone(), domain, draft)
    }
}

fn untyped(
    command_type: String,
    data: &Value,
    version: u32,
    group: Option<String>,
) -> Result<NewCommand, PayloadError> {
    let data = seal(&command_type, data)?;
    let key = group_key(&command_type, &group)?;
    let mut command = new_command(Cow::Owned(command_type), data, version, CommandSpec::DEFAULT_MAX_ATTEMPTS, None);
    if let Some(key) = key {
        join_group(&mut command, key);
    }
    Ok(command)
}
