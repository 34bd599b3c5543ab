//! Replies that no process takes in now, and what operators do with those that are parked.

use serde_json::value::{RawValue, to_raw_value};

use super::{
    clock::later,
    queue::Message,
    start::read,
    state::{RetriedReply, ShelvedReply, Transition},
};
use crate::{
    message::{CommandId, Domain, ProcessId},
    store::{ParkedReply, ReplyAside, ReplyFate, StrayReply, StrayReplyReason, Wake},
};

impl Transition<'_> {
    pub(super) fn set_aside(&mut self, domain: &Domain, aside: &ReplyAside) {
        let ReplyAside { msg_id, process_id, command_id, ref fate } = *aside;
        let now = self.now;
        let queue = self.process_replies(domain);
        if let ReplyFate::Later(pause) = fate {
            queue.hide_until(msg_id, later(now, *pause));
            return;
        }
        let Some(message) = queue.archive(msg_id, now).cloned() else { return };
        match fate {
            ReplyFate::Later(_) => {}
            ReplyFate::Stray(reason) => self.record_stray(domain, process_id, command_id, &message, *reason),
            ReplyFate::Park { code, message: why } => {
                self.state.last_parked_reply_id += 1;
                let id = self.state.last_parked_reply_id;
                let entry = ParkedReply {
                    parked_reply_id: id,
                    domain: domain.clone(),
                    process_id,
                    command_id,
                    reply: read(&message.body),
                    error_code: code.to_string(),
                    error_message: why.clone(),
                    parked_at: now,
                };
                self.state.parked_replies.insert(id, ShelvedReply { entry, message });
                self.stop_timeout(domain, process_id, command_id);
                self.recount_named(domain, process_id);
            }
        }
    }

    /// The reply to a command came in time; only the deadline of the process goes on.
    fn stop_timeout(&mut self, domain: &Domain, process_id: Option<ProcessId>, command_id: Option<CommandId>) {
        let key = process_id.map(|id| (domain.clone(), id));
        let Some(process) = key.and_then(|key| self.state.processes.get_mut(&key)) else { return };
        for step in process.steps.iter_mut().filter(|step| Some(step.command_id) == command_id) {
            step.due_at = step.due_at.filter(|_| step.outcome.is_some());
        }
        if process.ends_as.is_none() && !process.metadata.status.is_terminal() {
            process.due_at = process.next_timeout();
        }
    }

    /// Sends a parked reply again, with another result if one is given; `false` when there is none by this number.
    pub(super) fn retry_reply(
        &mut self,
        domain: &Domain,
        id: i64,
        result: Option<&RawValue>,
        operator: &str,
        reason: Option<&str>,
    ) -> bool {
        let now = self.now;
        if self.state.parked_replies.get(&id).is_none_or(|shelved| shelved.entry.domain != *domain) {
            return false;
        }
        let Some(ShelvedReply { entry, message }) = self.state.parked_replies.remove(&id) else { return false };
        let body = match result {
            None => message.body,
            Some(result) => {
                let mut reply = entry.reply.clone();
                if let Some(fields) = reply.as_object_mut() {
                    fields.insert("result".to_owned(), read(result));
                }
                to_raw_value(&reply).expect("a JSON value is JSON")
            }
        };
        self.process_replies(domain).push(body, message.headers, now, now);
        self.wake(Wake::Queue(domain.process_replies_queue()));
        self.recount_named(domain, entry.process_id);
        self.state.retried_replies.push(RetriedReply {
            parked: entry,
            edited: result.is_some(),
            operator: operator.to_owned(),
            reason: reason.map(ToOwned::to_owned),
            retried_at: now,
        });
        true
    }

    fn record_stray(
        &mut self,
        domain: &Domain,
        process_id: Option<ProcessId>,
        command_id: Option<CommandId>,
        message: &Message,
        reason: StrayReplyReason,
    ) {
        self.state.stray_replies.push(StrayReply {
            domain: domain.clone(),
            process_id,
            command_id,
            reply: read(&message.body),
            reason,
            recorded_at: self.now,
        });
    }

    fn recount_named(&mut self, domain: &Domain, process: Option<ProcessId>) {
        if let Some(id) = process {
            self.recount(&(domain.clone(), id));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        message::Domain,
        store::{ProcessStore, ReplyAside, ReplyFate, memory::MemoryStore},
    };

    #[tokio::test]
    async fn who_retried_a_reply_and_why_is_kept() {
        let (store, domain) = (MemoryStore::new(), Domain::from_static("transfers"));
        let msg_id = store.put(&domain.process_replies_queue(), &json!("no reply"));
        let fate = ReplyFate::Park { code: "UNDECODABLE".into(), message: "no reply".into() };
        let aside = ReplyAside { msg_id, process_id: None, command_id: None, fate };
        store.set_aside(&domain, &[aside]).await.unwrap();
        assert_eq!(store.retry_replies(&domain, &[1], None, "ada", Some("a test")).await.unwrap(), [true]);
        assert_eq!(store.retry_replies(&domain, &[1], None, "bob", None).await.unwrap(), [false]);
        let retried = store.retried_replies();
        assert_eq!(retried.len(), 1);
        let (operator, reason) = (&*retried[0].operator, retried[0].reason.as_deref());
        assert_eq!((operator, reason, retried[0].edited), ("ada", Some("a test"), false));
        assert_eq!(retried[0].parked.reply, json!("no reply"));
    }
}
