//! Replies: sent as messages when asked for, kept for senders that wait.

use super::state::{CommandKey, Transition, UndeliveredReply};
use crate::{
    message::{CommandMetadata, CommandStatus, Outcome, Reply},
    store::Wake,
};

impl Transition<'_> {
    /// A reply without content.
    pub(super) fn reply(&mut self, key: &CommandKey, outcome: Outcome) -> Reply {
        blank(self.command(key), outcome)
    }

    /// Sends a reply where one was asked for, and keeps it. A reply that cannot be delivered undoes nothing.
    pub(super) fn answer(&mut self, key: &CommandKey, reply: Reply, keep: bool) {
        let now = self.now;
        if let Some(queue) = self.command(key).reply_to.clone() {
            if let Some(found) = self.state.queues.get_mut(&queue) {
                let body = serde_json::value::to_raw_value(&reply).expect("a reply is always JSON");
                found.push(body, None, now, now);
                self.wake(Wake::Queue(queue));
            } else {
                let undelivered =
                    UndeliveredReply { domain: key.0.clone(), queue, reply: reply.clone(), recorded_at: now };
                self.state.undelivered.push(undelivered);
            }
        }
        if keep {
            self.state.replies.insert(key.clone(), reply);
            self.wake(Wake::Reply(key.0.clone()));
        }
    }
}

/// What the row of a command tells of its end, when no reply was kept.
pub(super) fn from_row(command: &CommandMetadata) -> Option<Reply> {
    match command.status {
        CommandStatus::Completed => Some(blank(command, Outcome::Success)),
        CommandStatus::Canceled => Some(blank(command, Outcome::Canceled)),
        CommandStatus::Failed => Some(Reply {
            error_type: command.last_error_type.clone(),
            error_code: command.last_error_code.clone(),
            error_message: command.last_error_msg.clone(),
            ..blank(command, Outcome::Failed)
        }),
        CommandStatus::Pending | CommandStatus::InProgress | CommandStatus::InTroubleshooting => None,
    }
}

fn blank(command: &CommandMetadata, outcome: Outcome) -> Reply {
    Reply {
        command_id: command.command_id,
        correlation_id: command.correlation_id,
        outcome,
        result: None,
        error_type: None,
        error_code: None,
        error_message: None,
        error_details: None,
        reason: None,
    }
}
