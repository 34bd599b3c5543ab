//! Groups: one command of a group at a time, in the order they were sent.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::state::{CommandKey, State, Transition};
use crate::{
    message::{CommandId, CommandMetadata, Domain, group::HEADER},
    store::{NewCommand, Parked, Wake},
};

/// The commands of a group that have not ended, by the messages they were sent in. A parked one stays, and holds those
/// behind it.
#[derive(Debug, Default)]
pub(super) struct Group {
    members: BTreeMap<i64, Member>,
    /// The member whose turn it is: nobody sees the message of any other.
    turn: Option<CommandId>,
}

#[derive(Debug)]
struct Member {
    command_id: CommandId,
    visible_at: DateTime<Utc>,
}

/// The group that a command is to join, as PostgreSQL reads it from the headers.
pub(super) fn group_of(command: &NewCommand) -> Option<String> {
    match command.headers.as_ref()?.get(HEADER)? {
        Value::Null => None,
        Value::String(key) => Some(key.clone()),
        other => Some(other.to_string()),
    }
}

impl Transition<'_> {
    /// Adds a command that is being sent to its group; its message is seen when its turn comes.
    pub(super) fn join_group(&mut self, key: &CommandKey, group: String, msg_id: i64, visible_at: DateTime<Utc>) {
        self.commands_queue(&key.0).hide_until(msg_id, DateTime::<Utc>::MAX_UTC);
        let joined = self.state.groups.entry((key.0.clone(), group.clone())).or_default();
        joined.members.insert(msg_id, Member { command_id: key.1, visible_at });
        self.give_turn(&key.0, group);
    }

    /// Takes a command that has ended out of its group.
    pub(super) fn leave_group(&mut self, key: &CommandKey) {
        let Some(group) = self.command(key).group.take() else { return };
        if let Some(left) = self.state.groups.get_mut(&(key.0.clone(), group.clone())) {
            left.members.retain(|_, member| member.command_id != key.1);
            left.turn = left.turn.filter(|turn| *turn != key.1);
        }
        self.give_turn(&key.0, group);
    }

    /// Gives the turn to the first member where nobody has it.
    fn give_turn(&mut self, domain: &Domain, group: String) {
        let State { groups, queues, .. } = &mut *self.state;
        let key = (domain.clone(), group);
        let Some(found) = groups.get_mut(&key).filter(|group| group.turn.is_none()) else { return };
        let Some((msg_id, first)) = found.members.first_key_value() else {
            groups.remove(&key);
            return;
        };
        found.turn = Some(first.command_id);
        if let Some(queue) = queues.get_mut(&domain.commands_queue()) {
            queue.hide_until(*msg_id, first.visible_at);
        }
        self.wake(Wake::Queue(domain.commands_queue()));
    }
}

impl State {
    /// A command as it is told, with what it waits for.
    pub(super) fn told(&self, command: &CommandMetadata) -> CommandMetadata {
        let group = self.group(&command.domain, command.group.as_ref());
        let turn = group.and_then(|group| group.turn).filter(|turn| *turn != command.command_id);
        CommandMetadata { held_behind: turn, ..command.clone() }
    }

    /// A parked command as it is told, with how many wait for it.
    pub(super) fn told_parked(&self, parked: &Parked) -> Parked {
        let behind = self.group(&parked.domain, parked.group.as_ref()).map_or(0, |group| group.members.len() - 1);
        Parked { holds: u32::try_from(behind).unwrap_or(u32::MAX), ..parked.clone() }
    }

    fn group(&self, domain: &Domain, group: Option<&String>) -> Option<&Group> {
        self.groups.get(&(domain.clone(), group?.clone()))
    }
}
