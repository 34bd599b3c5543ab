//! Receiving: what is run, held, parked or put aside.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{
    clock::later,
    queue::Message,
    state::{CommandKey, Transition},
};
use crate::{
    message::{CommandId, CommandStatus, Domain, EventType, Failure},
    store::{Delivery, ParkReason, Received, Stray, StrayReason, Token},
};

/// What is read of a message. The rest of the envelope only repeats the command's row.
#[derive(Deserialize)]
struct Head {
    command_id: CommandId,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

/// What a visible message is good for.
enum Use {
    /// Nothing.
    Stray(StrayReason),
    /// Something later, when the pause is over.
    Hold,
    /// Nothing any more: workers died on it too often.
    Park(CommandKey),
    /// To be run.
    Run(CommandKey, Head),
}

impl Transition<'_> {
    pub(super) fn receive(&mut self, domain: &Domain, limit: usize, lease: Duration) -> Received {
        let now = self.now;
        let mut received = Received::default();
        if self.state.paused.contains(domain) {
            return received;
        }
        // All of them are judged as they are found: what becomes of one changes nothing for those that came with it.
        let visible = self.commands_queue(domain).visible(limit, now);
        let uses: Vec<_> = visible.iter().map(|message| self.use_of(domain, message)).collect();
        for (message, purpose) in visible.into_iter().zip(uses) {
            match purpose {
                Use::Stray(reason) => {
                    self.commands_queue(domain).archive(message.msg_id, now);
                    received.strays.push(Stray { msg_id: message.msg_id, reason });
                }
                Use::Hold => {
                    self.commands_queue(domain).hold(message.msg_id);
                    received.held += 1;
                }
                Use::Park(key) => {
                    let failure = Failure::transient(
                        "UNSETTLED",
                        "every attempt was received and never settled: the workers that had it died or lost their lease",
                    );
                    self.park(&key, ParkReason::Unsettled, &failure);
                    received.parked.push(key.1);
                }
                Use::Run(key, head) => received.deliveries.push(self.deliver(&key, message, head, lease)),
            }
        }
        received
    }

    fn use_of(&self, domain: &Domain, message: &Message) -> Use {
        let Ok(head) = serde_json::from_str::<Head>(message.body.get()) else {
            return Use::Stray(StrayReason::Malformed);
        };
        let key = (domain.clone(), head.command_id);
        let Some(command) = self.state.commands.get(&key) else {
            return Use::Stray(StrayReason::Absent);
        };
        if !command.status.may_become(CommandStatus::InProgress) {
            return Use::Stray(StrayReason::NotAwaited);
        }
        if command.msg_id != Some(message.msg_id) {
            return Use::Stray(StrayReason::Superseded);
        }
        if command.batch_id.is_some_and(|batch| self.is_batch_paused(domain, batch)) {
            return Use::Hold;
        }
        if command.attempts >= command.max_attempts {
            return Use::Park(key);
        }
        Use::Run(key, head)
    }

    fn deliver(&mut self, key: &CommandKey, message: Message, head: Head, lease: Duration) -> Delivery {
        let lease_ends = later(self.now, lease);
        self.commands_queue(&key.0).lease(message.msg_id, lease_ends);
        self.enter(key, CommandStatus::InProgress);
        let command = self.command(key);
        command.attempts += 1;
        command.delivery += 1;
        command.lease_expires_at = Some(lease_ends);
        let delivery = Delivery {
            token: Token { command_id: key.1, msg_id: message.msg_id, delivery: command.delivery },
            domain: key.0.clone(),
            command_type: command.command_type.clone(),
            correlation_id: command.correlation_id,
            data: head.data.unwrap_or_else(|| RawValue::NULL.to_owned()),
            headers: message.headers.unwrap_or_default(),
            reply_to: command.reply_to.clone(),
            attempt: command.attempts,
            max_attempts: command.max_attempts,
            batch_id: command.batch_id,
            sent_at: command.created_at,
        };
        let details = json!({
            "msg_id": message.msg_id,
            "attempt": delivery.attempt,
            "max_attempts": delivery.max_attempts,
        });
        self.record(&key.0, key.1.as_uuid(), EventType::Received, details);
        delivery
    }
}
