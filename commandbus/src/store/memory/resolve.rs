//! Ending what has not run, and what operators do with what is parked.

use serde_json::{json, value::RawValue};

use super::state::{CommandKey, Shelved, Transition};
use crate::{
    message::{BatchId, CommandId, CommandStatus, Domain, Envelope, EventType, Outcome, version::set_version},
    store::{Canceled, EditedPayload, OperatorAction, OperatorVerb, Resolution, Wake},
};

impl Transition<'_> {
    pub(super) fn cancel(&mut self, domain: &Domain, id: CommandId, by: &str, reason: &str) -> Canceled {
        let key = (domain.clone(), id);
        match self.state.commands.get(&key).map(|command| command.status) {
            None => return Canceled::NotFound,
            Some(CommandStatus::Pending) => {}
            Some(status) => return Canceled::Not(status),
        }
        self.archive(&key);
        let details = json!({ "by": by, "reason": reason });
        self.record(domain, id.as_uuid(), EventType::Canceled, details);
        let mut reply = self.reply(&key, Outcome::Canceled);
        reply.reason = Some(reason.to_owned());
        self.answer(&key, reply, true);
        self.enter(&key, CommandStatus::Canceled);
        Canceled::Canceled
    }

    pub(super) fn cancel_rest(&mut self, domain: &Domain, batch: BatchId, by: &str, reason: &str) -> u64 {
        let commands = self.state.commands.values();
        let rest: Vec<CommandId> = commands
            .filter(|command| command.domain == *domain && command.batch_id == Some(batch))
            .map(|command| command.command_id)
            .collect();
        let ends = rest.into_iter().map(|id| self.cancel(domain, id, by, reason));
        ends.filter(|end| *end == Canceled::Canceled).count() as u64
    }

    pub(super) fn resolve(&mut self, domain: &Domain, action: &OperatorAction) -> Resolution {
        let key = (domain.clone(), action.command_id);
        let Some(status) = self.state.commands.get(&key).map(|command| command.status) else {
            return Resolution::NotFound;
        };
        let Some(shelved) = self.state.parked.remove(&key) else {
            return Resolution::NotParked(status);
        };
        match &action.verb {
            OperatorVerb::Retry { payload } => self.send_again(&key, action, shelved, payload.as_ref()),
            OperatorVerb::Cancel => {
                let reply_to = self.command(&key).reply_to.clone();
                let details = json!({ "operator": action.operator, "reason": action.reason, "reply_to": reply_to });
                self.record(domain, key.1.as_uuid(), EventType::OperatorCancel, details);
                let mut reply = self.reply(&key, Outcome::Canceled);
                reply.reason.clone_from(&action.reason);
                self.answer(&key, reply, true);
                self.enter(&key, CommandStatus::Canceled);
            }
            OperatorVerb::Complete { result } => {
                let reply_to = self.command(&key).reply_to.clone();
                let details = json!({
                    "operator": action.operator,
                    "reason": action.reason,
                    "has_result_data": result.is_some(),
                    "reply_to": reply_to,
                });
                self.record(domain, key.1.as_uuid(), EventType::OperatorComplete, details);
                let mut reply = self.reply(&key, Outcome::Success);
                reply.result.clone_from(result);
                self.answer(&key, reply, true);
                self.enter(&key, CommandStatus::Completed);
            }
        }
        Resolution::Done
    }

    fn send_again(
        &mut self,
        key: &CommandKey,
        action: &OperatorAction,
        shelved: Shelved,
        payload: Option<&EditedPayload>,
    ) {
        let now = self.now;
        let Shelved { entry, mut message } = shelved;
        if let Some(version) = payload.and_then(|payload| payload.version) {
            set_version(&mut message.headers, version);
        }
        let body = match payload {
            None => message.body,
            Some(payload) => {
                let before = entry.payload.unwrap_or_default();
                // What was first sent stays known, however often it is edited.
                self.state.payloads_before_edit.entry(key.clone()).or_insert(before);
                self.envelope_with(key, &payload.data)
            }
        };
        let new_msg_id = self.commands_queue(&key.0).push(body, message.headers, now, now);
        let command = self.command(key);
        command.msg_id = Some(new_msg_id);
        command.attempts = 0;
        command.last_error_type = None;
        command.last_error_code = None;
        command.last_error_msg = None;
        let details = json!({
            "operator": action.operator,
            "reason": action.reason,
            "new_msg_id": new_msg_id,
            "edited": payload.is_some(),
        });
        self.record(&key.0, key.1.as_uuid(), EventType::OperatorRetry, details);
        self.enter(key, CommandStatus::Pending);
        self.wake(Wake::Queue(key.0.commands_queue()));
    }

    fn envelope_with(&mut self, key: &CommandKey, payload: &RawValue) -> Box<RawValue> {
        let command = self.command(key);
        let envelope = Envelope {
            domain: command.domain.clone(),
            command_type: command.command_type.clone(),
            command_id: command.command_id,
            correlation_id: command.correlation_id.unwrap_or_default(),
            data: payload.to_owned(),
            reply_to: command.reply_to.clone(),
        };
        serde_json::value::to_raw_value(&envelope).expect("an envelope is always JSON")
    }
}
