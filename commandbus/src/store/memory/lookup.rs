//! What operators and senders ask for.

use std::{cmp::Reverse, collections::HashMap};

use super::{reply, state::State};
use crate::{
    message::{CommandId, CommandMetadata, Domain, ProcessId, ProcessMetadata, Reply},
    store::{CommandFilter, Page, Parked, ParkedFilter, ParkedGroup, ParkedReply, ProcessFilter, StrayReply},
};

impl State {
    pub(super) fn list_commands(&self, filter: &CommandFilter, page: Page<CommandId>) -> Vec<CommandMetadata> {
        let mut found: Vec<&CommandMetadata> = self
            .commands
            .values()
            .filter(|command| {
                passes(filter.domain.as_ref(), &command.domain)
                    && passes(filter.command_type.as_ref(), &command.command_type)
                    && passes(filter.status.as_ref(), &command.status)
                    && (filter.batch_id.is_none() || filter.batch_id == command.batch_id)
                    && (filter.correlation_id.is_none() || filter.correlation_id == command.correlation_id)
                    && filter.sent_from.is_none_or(|from| command.created_at >= from)
                    && filter.sent_before.is_none_or(|before| command.created_at < before)
                    && page.after.is_none_or(|last| command.command_id < last)
            })
            .collect();
        found.sort_by_key(|command| Reverse(command.command_id));
        found.into_iter().take(page.limit as usize).map(|command| self.told(command)).collect()
    }

    pub(super) fn replies_to(&self, domain: &Domain, ids: &[CommandId]) -> Vec<Reply> {
        ids.iter()
            .filter_map(|id| {
                let key = (domain.clone(), *id);
                self.replies.get(&key).cloned().or_else(|| reply::from_row(self.commands.get(&key)?))
            })
            .collect()
    }

    /// What is parked, oldest first.
    pub(super) fn list_parked(&self, filter: &ParkedFilter) -> Vec<&Parked> {
        let mut found: Vec<&Parked> = self
            .parked
            .values()
            .map(|shelved| &shelved.entry)
            .filter(|parked| {
                passes(filter.domain.as_ref(), &parked.domain)
                    && passes(filter.command_type.as_ref(), &parked.command_type)
                    && passes(filter.fingerprint.as_ref(), &parked.fingerprint)
                    && passes(filter.command_id.as_ref(), &parked.command_id)
                    && filter.command_ids.as_ref().is_none_or(|ids| ids.contains(&parked.command_id))
                    && (filter.error_code.is_none() || filter.error_code == parked.error_code)
                    && (filter.batch_id.is_none() || filter.batch_id == parked.batch_id)
            })
            .collect();
        found.sort_by_key(|parked| parked.parked_id);
        found
    }

    pub(super) fn list_processes(&self, filter: &ProcessFilter, page: Page<ProcessId>) -> Vec<ProcessMetadata> {
        let mut found: Vec<&ProcessMetadata> = self
            .processes
            .values()
            .map(|process| &process.metadata)
            .filter(|process| {
                passes(filter.domain.as_ref(), &process.domain)
                    && passes(filter.process_type.as_ref(), &process.process_type)
                    && passes(filter.status.as_ref(), &process.status)
                    && (filter.batch_id.is_none() || filter.batch_id == process.batch_id)
                    && page.after.is_none_or(|last| process.process_id < last)
            })
            .collect();
        found.sort_by_key(|process| Reverse(process.process_id));
        found.into_iter().take(page.limit as usize).cloned().collect()
    }

    pub(super) fn strays_of(&self, domain: &Domain, id: ProcessId) -> Vec<StrayReply> {
        let strays = self.stray_replies.iter();
        strays.filter(|stray| stray.domain == *domain && stray.process_id == Some(id)).cloned().collect()
    }

    /// Oldest first.
    pub(super) fn list_parked_replies(&self, domain: &Domain, page: Page<i64>) -> Vec<ParkedReply> {
        let found = self.parked_replies.values().map(|shelved| &shelved.entry).filter(|reply| reply.domain == *domain);
        let behind = found.filter(|reply| page.after.is_none_or(|last| reply.parked_reply_id > last));
        behind.take(page.limit as usize).cloned().collect()
    }

    pub(super) fn group_parked(&self, filter: &ParkedFilter) -> Vec<ParkedGroup> {
        let mut groups: Vec<ParkedGroup> = Vec::new();
        let mut place = HashMap::new();
        for parked in self.list_parked(filter) {
            let at = *place.entry((&parked.domain, &parked.fingerprint)).or_insert_with(|| {
                groups.push(ParkedGroup {
                    domain: parked.domain.clone(),
                    command_type: parked.command_type.clone(),
                    fingerprint: parked.fingerprint.clone(),
                    error_code: parked.error_code.clone(),
                    example: parked.error_msg.clone(),
                    count: 0,
                    oldest: parked.parked_at,
                });
                groups.len() - 1
            });
            groups[at].count += 1;
        }
        // Stable, so that among equals the one that began first comes first.
        groups.sort_by_key(|group| Reverse(group.count));
        groups
    }
}

fn passes<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
    wanted.is_none_or(|wanted| wanted == found)
}
