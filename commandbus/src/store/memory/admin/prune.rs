//! Removing what is over: all at once, for nobody waits for a mutex that long.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    message::{BatchId, CommandMetadata, Domain},
    store::{
        Prunable, PruneChunk, Pruned,
        memory::state::{CommandKey, ProcessKey, State, Transition},
    },
};

impl Transition<'_> {
    pub(super) fn prune(&mut self, chunk: &PruneChunk) -> Pruned {
        let PruneChunk { before, dry_run, .. } = *chunk;
        let state = &mut *self.state;
        match chunk.what {
            Prunable::Results => prune_results(state, before, dry_run),
            Prunable::Processes => prune_processes(state, before, dry_run),
            Prunable::Commands => prune_commands(state, before, dry_run),
            Prunable::Batches => prune_batches(state, before, dry_run),
            Prunable::Archives => prune_archives(state, before, dry_run),
            Prunable::StrayReplies => {
                let is_over = |at: DateTime<Utc>| at < before;
                let found = state.stray_replies.iter().filter(|stray| is_over(stray.recorded_at)).count();
                if !dry_run {
                    state.stray_replies.retain(|stray| !is_over(stray.recorded_at));
                }
                Pruned { stray_replies: found as u64, ..Pruned::default() }
            }
            Prunable::ParkedReplies => {
                let found = state.retried_replies.iter().filter(|retried| retried.retried_at < before).count();
                if !dry_run {
                    state.retried_replies.retain(|retried| retried.retried_at >= before);
                }
                Pruned { parked_replies: found as u64, ..Pruned::default() }
            }
            Prunable::UndeliveredReplies => {
                let found = state.undelivered.iter().filter(|reply| reply.recorded_at < before).count();
                if !dry_run {
                    state.undelivered.retain(|reply| reply.recorded_at >= before);
                }
                Pruned { undelivered_replies: found as u64, ..Pruned::default() }
            }
            Prunable::Operations => {
                let is_over = |at: Option<DateTime<Utc>>| at.is_some_and(|ended| ended < before);
                let found = state.operations.values().filter(|open| is_over(open.operation.completed_at)).count();
                if !dry_run {
                    state.operations.retain(|_, open| !is_over(open.operation.completed_at));
                }
                Pruned { operations: found as u64, ..Pruned::default() }
            }
        }
    }
}

/// Whether the batch that a member names, if any, ended before then.
fn is_batch_over(state: &State, domain: &Domain, batch: Option<BatchId>, before: DateTime<Utc>) -> bool {
    let batch = batch.and_then(|id| state.batches.get(&(domain.clone(), id)));
    batch.is_none_or(|batch| batch.metadata.completed_at.is_some_and(|ended| ended < before))
}

fn is_command_over(state: &State, command: &CommandMetadata, before: DateTime<Utc>) -> bool {
    command.status.is_terminal()
        && command.updated_at < before
        && is_batch_over(state, &command.domain, command.batch_id, before)
        && !is_reply_awaited(state, command)
}

/// Whether a process has yet to take in the reply.
fn is_reply_awaited(state: &State, command: &CommandMetadata) -> bool {
    let Some(domain) = command.reply_to.as_deref().and_then(|queue| queue.strip_suffix("__process_replies")) else {
        return false;
    };
    state.processes.values().any(|process| {
        process.metadata.domain.as_str() == domain
            && process.steps.iter().any(|step| step.command_id == command.command_id && step.outcome.is_none())
    })
}

fn prune_results(state: &mut State, before: DateTime<Utc>, dry_run: bool) -> Pruned {
    // They are written when their command ends.
    let over: Vec<CommandKey> = state
        .replies
        .keys()
        .filter(|key| state.commands.get(*key).is_none_or(|command| command.updated_at < before))
        .cloned()
        .collect();
    if !dry_run {
        over.iter().for_each(|key| drop(state.replies.remove(key)));
    }
    Pruned { results: over.len() as u64, ..Pruned::default() }
}

fn prune_processes(state: &mut State, before: DateTime<Utc>, dry_run: bool) -> Pruned {
    let is_over = |state: &State, key: &ProcessKey| {
        let process = &state.processes[key].metadata;
        process.status.is_terminal()
            && process.completed_at.unwrap_or(process.updated_at) < before
            && is_batch_over(state, &process.domain, process.batch_id, before)
    };
    let over: Vec<ProcessKey> = state.processes.keys().filter(|key| is_over(state, key)).cloned().collect();
    let steps = over.iter().map(|key| state.processes[key].steps.len() as u64).sum();
    if !dry_run {
        over.iter().for_each(|key| drop(state.processes.remove(key)));
    }
    Pruned { processes: over.len() as u64, process_steps: steps, ..Pruned::default() }
}

fn prune_commands(state: &mut State, before: DateTime<Utc>, dry_run: bool) -> Pruned {
    let commands = state.commands.iter();
    let over: Vec<CommandKey> =
        commands.filter(|(_, command)| is_command_over(state, command, before)).map(|(key, _)| key.clone()).collect();
    let audit_events = over.iter().map(|(domain, id)| events_of(state, domain, id.as_uuid())).sum();
    if !dry_run {
        for key in &over {
            state.commands.remove(key);
            state.replies.remove(key);
            state.payloads_before_edit.remove(key);
            state.audit.remove(&(key.0.clone(), key.1.as_uuid()));
        }
    }
    Pruned { commands: over.len() as u64, audit_events, ..Pruned::default() }
}

fn prune_batches(state: &mut State, before: DateTime<Utc>, dry_run: bool) -> Pruned {
    let commands = state.commands.values().filter_map(|command| Some((command.domain.clone(), command.batch_id?)));
    let processes = state.processes.values().map(|process| &process.metadata);
    let processes = processes.filter_map(|process| Some((process.domain.clone(), process.batch_id?)));
    // A dry run has left the members there.
    let held: HashSet<_> = if dry_run { HashSet::new() } else { commands.chain(processes).collect() };
    let batches = state.batches.iter();
    let over: Vec<_> = batches
        .filter(|(key, batch)| batch.metadata.completed_at.is_some_and(|ended| ended < before) && !held.contains(*key))
        .map(|(key, _)| key.clone())
        .collect();
    let audit_events = over.iter().map(|(domain, id)| events_of(state, domain, id.as_uuid())).sum();
    if !dry_run {
        for key in &over {
            state.batches.remove(key);
            state.audit.remove(&(key.0.clone(), key.1.as_uuid()));
        }
    }
    Pruned { batches: over.len() as u64, audit_events, ..Pruned::default() }
}

fn prune_archives(state: &mut State, before: DateTime<Utc>, dry_run: bool) -> Pruned {
    let awaited: HashSet<(String, i64)> = state
        .commands
        .values()
        .filter(|command| !is_command_over(state, command, before))
        .filter_map(|command| Some((command.domain.commands_queue(), command.msg_id?)))
        .collect();
    let mut found = 0;
    for (name, queue) in &mut state.queues {
        for msg_id in queue.archived_before(before) {
            if awaited.contains(&(name.clone(), msg_id)) {
                continue;
            }
            found += 1;
            if !dry_run {
                queue.delete_archived(msg_id);
            }
        }
    }
    Pruned { archived_messages: found, ..Pruned::default() }
}

fn events_of(state: &State, domain: &Domain, subject: Uuid) -> u64 {
    state.audit.get(&(domain.clone(), subject)).map_or(0, |events| events.len() as u64)
}
