//! From a typed command to what the store takes.

use std::borrow::Cow;

use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    message::{
        Command, CommandId,
        envelope::{PayloadError, seal},
        version::set_version,
    },
    store::{NewCommand, Start},
};

/// A command that is about to be sent: a plain one, or one [with an id](super::CommandExt::with_id).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    label = "not a command",
    note = "write `#[command(domain = \"..\")]` on its definition, with `#[derive(Serialize, Deserialize)]`"
)]
pub trait IntoCommand {
    /// The type of the command.
    type Command: Command;

    /// The command, and the id it is to have if one was chosen.
    fn into_command(self) -> (Self::Command, Option<CommandId>);
}

impl<C: Command> IntoCommand for C {
    type Command = C;

    fn into_command(self) -> (C, Option<CommandId>) {
        (self, None)
    }
}

/// A command with an id of the sender's choice, so that sending it twice is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithId<C> {
    /// The command.
    pub command: C,
    /// Its id.
    pub id: CommandId,
}

impl<C: Command> IntoCommand for WithId<C> {
    type Command = C;

    fn into_command(self) -> (C, Option<CommandId>) {
        (self.command, Some(self.id))
    }
}

/// Encodes a command with every option at the default of its type.
pub(super) fn prepare<M: IntoCommand>(outgoing: M) -> Result<NewCommand, PayloadError> {
    let spec = <M::Command as Command>::SPEC;
    let (command, id) = outgoing.into_command();
    Ok(new_command(Cow::Borrowed(spec.name), seal(spec.name, &command)?, spec.version, spec.max_attempts, id))
}

/// The one place where a message gets its headers.
pub(crate) fn new_command(
    command_type: Cow<'static, str>,
    data: Box<RawValue>,
    version: u32,
    max_attempts: u32,
    id: Option<CommandId>,
) -> NewCommand {
    let mut headers = None;
    set_version(&mut headers, version);
    NewCommand {
        command_id: id.unwrap_or_else(CommandId::new),
        command_type,
        correlation_id: Uuid::now_v7(),
        data,
        reply_to: None,
        max_attempts,
        start: Start::Now,
        headers,
    }
}
