//! What keeps a process waiting for an operator: its parked commands and replies.

use super::state::{CommandKey, ProcessKey, Transition};
use crate::message::{CommandStatus, Domain, ProcessId, ProcessStatus};

/// How the name of a queue of process replies ends.
const PROCESS_REPLIES: &str = "__process_replies";

impl Transition<'_> {
    /// Recounts the process that sent a command, if one did: the queue for its reply tells its domain.
    pub(super) fn recount_sender(&mut self, key: &CommandKey) {
        let command = self.command(key);
        let domain = command.reply_to.as_deref().and_then(|queue| queue.strip_suffix(PROCESS_REPLIES));
        let Some(domain) = domain.and_then(|name| Domain::new(name.to_owned()).ok()) else { return };
        if let Some(id) = command.correlation_id {
            self.recount(&(domain, ProcessId::from_uuid(id)));
        }
    }

    /// Counts what is parked of a process; nothing is of one that ended.
    pub(super) fn recount(&mut self, key: &ProcessKey) {
        let Some(parked) = self.count_parked(key) else { return };
        let now = self.now;
        let process = self.process(key);
        let metadata = &mut process.metadata;
        let (was_blocked, is_blocked) = (metadata.parked_count > 0, parked > 0);
        if metadata.parked_count != parked {
            metadata.parked_count = parked;
            metadata.updated_at = now;
        }
        metadata.status = match metadata.status {
            ProcessStatus::WaitingForReply if is_blocked => ProcessStatus::WaitingForTroubleshooting,
            ProcessStatus::WaitingForTroubleshooting if !is_blocked => ProcessStatus::WaitingForReply,
            other => other,
        };
        if was_blocked != is_blocked
            && let Some(batch) = metadata.batch_id.filter(|_| process.is_counted)
        {
            self.count_blocked_process(&(key.0.clone(), batch), is_blocked);
        }
    }

    fn count_parked(&self, key: &ProcessKey) -> Option<u32> {
        let process = self.state.processes.get(key)?;
        if process.metadata.status.is_terminal() {
            return Some(0);
        }
        let commands = process.open_steps().filter(|step| {
            self.state.command_of(step).is_some_and(|command| command.status == CommandStatus::InTroubleshooting)
        });
        let replies = self.state.parked_replies.values().map(|shelved| &shelved.entry);
        let own = replies.filter(|reply| reply.domain == key.0 && reply.process_id == Some(key.1));
        Some(u32::try_from(commands.count() + own.count()).expect("more than memory holds"))
    }
}
