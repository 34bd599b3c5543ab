//! Settling: how a delivery ended, if its token is still current.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    clock::later,
    state::{CommandKey, Transition},
};
use crate::{
    message::{CommandStatus, Domain, EventType, Failure, Outcome, envelope},
    store::{ParkReason, Settled, Settlement, Token, Verdict, Wake},
};

impl Transition<'_> {
    pub(super) fn settle(&mut self, domain: &Domain, settlement: &Settlement) -> Settled {
        let Some(key) = self.held_by(domain, &settlement.token) else { return Settled::Stale };
        if let Some(cause) = unsettleable(&settlement.verdict) {
            self.park(&key, ParkReason::Unsettleable, &Failure::permanent("UNSETTLEABLE", cause));
            return Settled::Unsettleable;
        }
        match &settlement.verdict {
            Verdict::Complete { result, keep } => {
                let msg_id = settlement.token.msg_id;
                self.commands_queue(&key.0).delete(msg_id);
                let reply_to = self.command(&key).reply_to.clone();
                let details = json!({ "msg_id": msg_id, "reply_to": reply_to, "has_result": result.is_some() });
                self.record(domain, key.1.as_uuid(), EventType::Completed, details);
                let mut reply = self.reply(&key, Outcome::Success);
                reply.result.clone_from(result);
                self.answer(&key, reply, *keep);
                self.enter(&key, CommandStatus::Completed);
            }
            Verdict::Retry { failure, after } => self.retry_later(&key, failure, *after),
            Verdict::Park { reason, failure } => self.park(&key, *reason, failure),
            Verdict::Fail { failure, keep } => {
                self.archive(&key);
                self.remember(&key, failure);
                let details = self.failure_details(&key, "BUSINESS_RULE", failure);
                self.record(domain, key.1.as_uuid(), EventType::BusinessRuleFailed, details);
                let mut reply = self.reply(&key, Outcome::Failed);
                reply.error_type = Some(failure.kind.as_str().to_owned());
                reply.error_code = Some(failure.code.to_string());
                reply.error_message = Some(failure.message.clone());
                reply.error_details.clone_from(&failure.details);
                self.answer(&key, reply, *keep);
                self.enter(&key, CommandStatus::Failed);
            }
            Verdict::GiveBack { after } => {
                self.command(&key).attempts -= 1;
                self.show_again(&key, *after);
            }
        }
        Settled::Recorded
    }

    /// Hides the message of a delivery anew; `false` when its token is no longer current.
    pub(super) fn renew(&mut self, domain: &Domain, token: &Token, lease: Duration) -> bool {
        let Some(key) = self.held_by(domain, token) else { return false };
        let lease_ends = later(self.now, lease);
        self.commands_queue(&key.0).hide_until(token.msg_id, lease_ends);
        let now = self.now;
        let command = self.command(&key);
        command.lease_expires_at = Some(lease_ends);
        command.updated_at = now;
        true
    }

    /// The fence: the command of a token that is current.
    fn held_by(&self, domain: &Domain, token: &Token) -> Option<CommandKey> {
        let key = (domain.clone(), token.command_id);
        let command = self.state.commands.get(&key)?;
        let current = command.status == CommandStatus::InProgress
            && command.msg_id == Some(token.msg_id)
            && command.delivery == token.delivery;
        current.then_some(key)
    }

    fn retry_later(&mut self, key: &CommandKey, failure: &Failure, after: Duration) {
        self.remember(key, failure);
        let command = self.command(key);
        let details = json!({
            "msg_id": command.msg_id,
            "attempt": command.attempts,
            "max_attempts": command.max_attempts,
            "error_type": failure.kind,
            "error_code": failure.code,
            "error_msg": failure.message,
            "retry_in_s": after.as_secs_f64(),
        });
        self.record(&key.0, key.1.as_uuid(), EventType::Failed, details);
        self.show_again(key, after);
    }

    /// Puts a command back among those that wait.
    fn show_again(&mut self, key: &CommandKey, after: Duration) {
        let visible_at = later(self.now, after);
        if let Some(msg_id) = self.command(key).msg_id {
            self.commands_queue(&key.0).hide_until(msg_id, visible_at);
        }
        self.enter(key, CommandStatus::Pending);
        self.wake(Wake::Queue(key.0.commands_queue()));
    }

    pub(super) fn remember(&mut self, key: &CommandKey, failure: &Failure) {
        let command = self.command(key);
        command.last_error_type = Some(failure.kind.as_str().to_owned());
        command.last_error_code = Some(failure.code.to_string());
        command.last_error_msg = Some(failure.message.clone());
    }

    pub(super) fn failure_details(&mut self, key: &CommandKey, reason: &str, failure: &Failure) -> Value {
        let command = self.command(key);
        json!({
            "msg_id": command.msg_id,
            "attempt": command.attempts,
            "max_attempts": command.max_attempts,
            "reason": reason,
            "error_type": failure.kind,
            "error_code": failure.code,
            "error_msg": failure.message,
            "error_details": failure.details,
        })
    }
}

/// Why PostgreSQL could not hold what is to be recorded, if it could not.
fn unsettleable(verdict: &Verdict) -> Option<String> {
    let failure = match verdict {
        Verdict::Complete { result, .. } => {
            return envelope::check("the result", result.as_ref()?.get()).err().map(|error| error.to_string());
        }
        Verdict::GiveBack { .. } => return None,
        Verdict::Retry { failure, .. } | Verdict::Park { failure, .. } | Verdict::Fail { failure, .. } => failure,
    };
    let written = serde_json::to_string(failure).ok()?;
    envelope::check("the failure", &written).err().map(|error| error.to_string())
}
