//! Concurrent sends share transactions.
//!
//! There is no timer: what waits when a lane becomes free goes next, so one sender alone never waits, and a commit's
//! time is what groups the others. Two lanes, because one can fill its group while the other commits.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use backon::{ExponentialBuilder, Retryable};
use tokio::sync::oneshot;

use super::{Inner, SendError, lock};
use crate::{
    error::{StoreError, bounded},
    message::Domain,
    store::{Acceptance, NewCommand, Store},
};

/// More lanes add nothing on two cores, and each holds a connection.
const LANES: usize = 2;

/// Larger groups gain nothing and make each member wait longer.
const GROUP: usize = 500;

/// Bytes of payload in a group, so that large commands do not hold up small ones.
const GROUP_BYTES: usize = 4 << 20;

/// How long a group may take: one on a connection that hangs must not hold up what waits behind it for ever. Whether it
/// was sent is not known then.
const PATIENCE: Duration = Duration::from_secs(30);

/// A group that failed on one member is cut into this many: a conflict costs a lock time-out at each level, and eight
/// ways there are three levels to the one member instead of nine.
const CUTS: usize = 8;

/// What waits to be sent, by domain.
#[derive(Default)]
pub(super) struct GroupCommit(Mutex<HashMap<Domain, Lanes>>);

#[derive(Default)]
struct Lanes {
    waiting: VecDeque<Waiting>,
    running: usize,
}

struct Waiting {
    command: NewCommand,
    answer: oneshot::Sender<Answer>,
}

enum Answer {
    Outcome(Result<Acceptance, StoreError>),
    /// The lanes ended before they took it; it is the sender's again.
    Untaken(NewCommand),
}

impl Inner {
    /// Sends a command in the next group of its domain and answers after the commit.
    pub(super) async fn send_grouped(
        self: &Arc<Self>,
        domain: &Domain,
        mut command: NewCommand,
    ) -> Result<Acceptance, SendError> {
        let id = command.command_id;
        loop {
            let (answer, outcome) = oneshot::channel();
            if let Some(lane) = self.enqueue(domain, Waiting { command, answer }) {
                tokio::spawn(lane.run());
            }
            command = match outcome.await {
                Ok(Answer::Outcome(outcome)) => return Ok(outcome?),
                Ok(Answer::Untaken(command)) => command,
                Err(_) => return Err(SendError::Interrupted { id }),
            };
        }
    }

    /// Puts a command in line; answers a lane to run if one is free.
    fn enqueue(self: &Arc<Self>, domain: &Domain, waiting: Waiting) -> Option<Lane> {
        let mut domains = lock(&self.sends.0);
        if !domains.contains_key(domain) {
            domains.insert(domain.clone(), Lanes::default());
        }
        let lanes = domains.get_mut(domain)?;
        lanes.waiting.push_back(waiting);
        (lanes.running < LANES).then(|| {
            lanes.running += 1;
            Lane { inner: Arc::clone(self), domain: domain.clone() }
        })
    }
}

/// One of the lanes of a domain: takes groups while there are any.
struct Lane {
    inner: Arc<Inner>,
    domain: Domain,
}

impl Lane {
    async fn run(self) {
        loop {
            // Behind those who were just answered: they may send again, and go with this group in place of the next.
            tokio::task::yield_now().await;
            let Some(group) = self.take() else { return };
            let Err((error, group)) = send(&*self.inner.store, &self.domain, group).await else { continue };
            if concerns_one_member(&error) {
                // Beside the lane: whoever waits behind the group has no part in its trouble.
                tokio::spawn(isolate(Arc::clone(&self.inner.store), self.domain.clone(), group));
            } else {
                refuse(group, &error);
            }
        }
    }

    fn take(&self) -> Option<Vec<Waiting>> {
        let mut domains = lock(&self.inner.sends.0);
        let waiting = &mut domains.get_mut(&self.domain)?.waiting;
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(next) = waiting.front() {
            bytes += next.command.data.get().len();
            if group.len() == GROUP || (bytes > GROUP_BYTES && !group.is_empty()) {
                break;
            }
            // Its sender may have dropped the future in the meantime.
            group.extend(waiting.pop_front().filter(|next| !next.answer.is_closed()));
        }
        (!group.is_empty()).then_some(group)
    }
}

impl Drop for Lane {
    /// A lane also ends with the runtime it was spawned on. Whoever is still in line then, or came while the last lane
    /// was ending, gets the command back and starts a lane of its own.
    fn drop(&mut self) {
        let mut domains = lock(&self.inner.sends.0);
        let Some(lanes) = domains.get_mut(&self.domain) else { return };
        lanes.running -= 1;
        if lanes.running == 0 {
            for Waiting { command, answer } in lanes.waiting.drain(..) {
                let _ = answer.send(Answer::Untaken(command));
            }
        }
    }
}

/// Sends a group and answers its members; gives it back with the error when nothing was sent.
async fn send(store: &dyn Store, domain: &Domain, mut group: Vec<Waiting>) -> Result<(), (StoreError, Vec<Waiting>)> {
    // One order for all, so that two groups never wait for each other in a circle.
    group.sort_by_key(|member| member.command.command_id);
    let (commands, answers): (Vec<_>, Vec<_>) = group.into_iter().map(|member| (member.command, member.answer)).unzip();
    match bounded(PATIENCE, "send", store.send(domain, &commands)).await {
        Ok(accepted) => {
            for (answer, acceptance) in answers.into_iter().zip(accepted) {
                let _ = answer.send(Answer::Outcome(Ok(acceptance)));
            }
            Ok(())
        }
        Err(error) => {
            let group =
                commands.into_iter().zip(answers).map(|(command, answer)| Waiting { command, answer }).collect();
            Err((error, group))
        }
    }
}

/// Finds the members that a group failed on: the others are sent, these fail alone.
async fn isolate(store: Arc<dyn Store>, domain: Domain, group: Vec<Waiting>) {
    // Level by level, so that the parts without fault are through before anyone waits a second time.
    let mut parts = VecDeque::from(cut(group));
    while let Some(part) = parts.pop_front() {
        let Err((error, mut part)) = send(&*store, &domain, part).await else { continue };
        if !concerns_one_member(&error) {
            refuse(part, &error);
        } else if part.len() > 1 {
            parts.extend(cut(part));
        } else if matches!(error, StoreError::Conflict { .. }) {
            part.drain(..).for_each(|member| drop(tokio::spawn(insist(Arc::clone(&store), domain.clone(), member))));
        } else {
            refuse(part, &error);
        }
    }
}

fn cut(group: Vec<Waiting>) -> Vec<Vec<Waiting>> {
    let size = group.len().div_ceil(CUTS).max(1);
    let mut rest = group.into_iter();
    std::iter::from_fn(|| Some(rest.by_ref().take(size).collect::<Vec<_>>()).filter(|part| !part.is_empty())).collect()
}

/// Sends a command that somebody's open transaction is in the way of.
async fn insist(store: Arc<dyn Store>, domain: Domain, member: Waiting) {
    let Waiting { command, mut answer } = member;
    let commands = [command];
    let accepted = tokio::select! {
        accepted = while_busy(|| store.send(&domain, &commands)) => accepted,
        () = answer.closed() => return,
    };
    let outcome = accepted.map(|accepted| accepted.first().copied().unwrap_or(Acceptance::Sent));
    let _ = answer.send(Answer::Outcome(outcome));
}

fn refuse(group: Vec<Waiting>, error: &StoreError) {
    for member in group {
        let _ = member.answer.send(Answer::Outcome(Err(error.clone())));
    }
}

/// Whether the error may come from one member while the others could be sent.
fn concerns_one_member(error: &StoreError) -> bool {
    matches!(error, StoreError::Data { .. } | StoreError::Conflict { .. })
}

/// Repeats a call for about three seconds while a conflicting transaction is in its way.
pub(super) async fn while_busy<T, F>(call: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let schedule = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(1))
        .with_max_times(6)
        .with_jitter();
    call.retry(schedule).when(|error| matches!(error, StoreError::Conflict { .. })).await
}
