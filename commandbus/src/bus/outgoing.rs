//! From a typed command to what the store takes.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::{
    message::{
        Command, CommandId,
        envelope::{PayloadError, seal},
        group,
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
    let (command, id) = outgoing.into_command();
    seal_command(&command, id)
}

/// The same for a command that stays where it is.
pub(crate) fn seal_command<C: Command>(command: &C, id: Option<CommandId>) -> Result<NewCommand, PayloadError> {
    let spec = C::SPEC;
    let mut sealed =
        new_command(Cow::Borrowed(spec.name), seal(spec.name, command)?, spec.version, spec.max_attempts, id);
    if let Some(key) = command.group()? {
        join_group(&mut sealed, key);
    }
    Ok(sealed)
}

/// Puts a command into a group.
pub(super) fn join_group(command: &mut NewCommand, key: String) {
    command.headers.get_or_insert_default().insert(group::HEADER.to_owned(), key.into());
}

/// The one place where a message gets its headers.
pub(super) fn new_command(
    command_type: Cow<'static, str>,
    data: Box<RawValue>,
    version: u32,
    max_attempts: u32,
    id: Option<CommandId>,
) -> NewCommand {
    let mut headers = None;
    set_version(&mut headers, version);
    let command_id = id.unwrap_or_else(CommandId::new);
    NewCommand {
        command_id,
        command_type,
        // It begins something; what is sent because of it names it. The index leaves these out (V018).
        correlation_id: command_id.as_uuid(),
        data,
        reply_to: None,
        max_attempts,
        start: Start::Now,
        headers,
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::*;
    use crate::message::CommandSpec;

    #[derive(Serialize, Deserialize)]
    struct Debit {
        account: Value,
    }

    impl Command for Debit {
        type Reply = ();
        const SPEC: &'static CommandSpec = &CommandSpec::new("payments", "Debit");

        fn group(&self) -> Result<Option<String>, PayloadError> {
            group::group_key("Debit", &self.account)
        }
    }

    #[test]
    fn the_group_of_a_command_is_a_header_of_its_message() {
        let headers = |account| prepare(Debit { account }).map(|command| command.headers);
        assert_eq!(Value::from(headers(json!(17)).unwrap().unwrap()), json!({ "x-pgmq-group": "17" }));
        assert_eq!(headers(Value::Null).unwrap(), None);
        assert!(matches!(headers(json!([17])), Err(PayloadError::GroupKey { .. })));
    }
}
