//! One group of replies and due processes on its way through a router.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use metrics::counter;
use tokio_util::sync::CancellationToken;

use super::{
    ProcessEntry,
    error::RouteError,
    instance::Turn,
    route::{IncomingReply, Reaction},
};
use crate::{
    bus::Bus,
    error::{StoreError, bounded},
    message::{CommandId, Domain, ProcessId, Reply},
    store::{Moved, ProcessMove, ProcessRecord, ReceivedReply, ReplyAside, ReplyFate, RoutingWork, StrayReplyReason},
    telemetry::{field, metric},
};

/// How long a reply that cannot be taken in is put off, by how often it has been tried; then it is parked.
const PUT_OFF: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(60)];

/// How long a due process that cannot be moved is put off.
const POSTPONED: Duration = Duration::from_secs(60);

/// In whose name the commands of a process that is taken back are canceled.
const CANCELED_BY: &str = "process";

/// What arrived for one process.
#[derive(Debug, Default)]
struct Mail {
    replies: Vec<IncomingReply>,
    is_due: bool,
}

/// A group; see the module.
pub(super) struct Group {
    bus: Bus,
    domain: Domain,
    entries: Arc<[&'static ProcessEntry]>,
    lease: Duration,
    stop: CancellationToken,
    mail: BTreeMap<ProcessId, Mail>,
    /// How often each message has been received.
    reads: HashMap<i64, u32>,
    asides: Vec<ReplyAside>,
}

impl Group {
    pub(super) fn new(
        bus: Bus,
        domain: Domain,
        entries: Arc<[&'static ProcessEntry]>,
        work: RoutingWork,
        lease: Duration,
        stop: CancellationToken,
    ) -> Self {
        let (mail, reads, asides) = (BTreeMap::new(), HashMap::new(), Vec::new());
        let mut group = Self { bus, domain, entries, lease, stop, mail, reads, asides };
        for received in work.replies {
            group.sort_in(&received);
        }
        for id in work.due {
            group.mail.entry(id).or_default().is_due = true;
        }
        group
    }

    fn sort_in(&mut self, received: &ReceivedReply) {
        let ReceivedReply { msg_id, reads, body } = received;
        match serde_json::from_str::<Reply>(body.get()) {
            Ok(reply) => match reply.correlation_id {
                Some(id) => {
                    self.reads.insert(*msg_id, *reads);
                    let mail = self.mail.entry(ProcessId::from_uuid(id)).or_default();
                    mail.replies.push(IncomingReply { msg_id: *msg_id, reply });
                }
                None => self.stray(*msg_id, None, Some(reply.command_id), StrayReplyReason::Foreign),
            },
            Err(_) => self.stray(*msg_id, None, None, StrayReplyReason::Malformed),
        }
    }

    /// Routes all of it. A store that does not answer is asked again for as long as the replies are ours; after that they
    /// come again by themselves.
    pub(super) async fn route(mut self) {
        let schedule = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_total_delay(Some(self.lease))
            .without_max_times()
            .with_jitter();
        let pauses = schedule.build();
        for pause in std::iter::once(Duration::ZERO).chain(pauses) {
            if !pause.is_zero() {
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
            match bounded(self.lease, "route", self.try_route()).await {
                Ok(()) => return,
                Err(error) if error.is_transient() => {
                    tracing::debug!({ field::DOMAIN } = %self.domain, %error, "replies wait for the store");
                }
                Err(error) => {
                    tracing::error!({ field::DOMAIN } = %self.domain, %error, "replies could not be routed; they come again");
                    return;
                }
            }
        }
    }

    async fn try_route(&mut self) -> Result<(), StoreError> {
        // What was moved by somebody else meanwhile is decided anew; each round, somebody makes progress.
        while !self.mail.is_empty() {
            self.route_round().await?;
        }
        self.set_aside().await
    }

    /// Decides on every process of the group, and moves those that are as they were when that was decided.
    async fn route_round(&mut self) -> Result<(), StoreError> {
        let ids: Vec<ProcessId> = self.mail.keys().copied().collect();
        let records = self.bus.store().processes().load(&self.domain, &ids).await?;
        let mut absent = ids;
        let mut turns = Vec::new();
        let mut postponed = Vec::new();
        for record in &records {
            absent.retain(|id| *id != record.process_id);
            turns.extend(self.decide(record, &mut postponed));
        }
        for id in absent {
            self.dispose(id, StrayReplyReason::Foreign);
        }
        if !postponed.is_empty() {
            self.bus.store().processes().postpone(&self.domain, &postponed, POSTPONED).await?;
        }
        self.advance(turns).await
    }

    /// What to do about one process. What needs no move is done with.
    fn decide(&mut self, record: &ProcessRecord, postponed: &mut Vec<ProcessId>) -> Option<Turn> {
        let id = record.process_id;
        let mail = self.mail.get(&id)?;
        let Some(entry) = self.entries.iter().find(|entry| entry.answers_to(&record.process_type)) else {
            if record.status.is_terminal() {
                self.dispose(id, StrayReplyReason::Late);
                return None;
            }
            if mail.is_due {
                postponed.push(id);
            }
            let (code, message) = unknown_type(&self.domain, &record.process_type);
            for incoming in self.mail.remove(&id).unwrap_or_default().replies {
                self.put_off(id, &incoming, code, &message);
            }
            return None;
        };
        let routed = (entry.route)(record, &mail.replies, mail.is_due);
        if let Some(error) = routed.due_error {
            tracing::warn!(
                { field::DOMAIN } = %self.domain, { field::PROCESS_ID } = %id, %error,
                "a process is late and could not be taken back; it is tried again in a minute",
            );
            postponed.push(id);
        }
        let mail = self.mail.remove(&id)?;
        let mut taken = Mail { is_due: mail.is_due && routed.turn.is_some(), ..Mail::default() };
        for (incoming, reaction) in mail.replies.into_iter().zip(routed.replies) {
            match reaction {
                Reaction::Taken => taken.replies.push(incoming),
                Reaction::Stray(reason) => {
                    self.stray(incoming.msg_id, Some(id), Some(incoming.reply.command_id), reason);
                }
                Reaction::Failed(error) => self.fail(id, &incoming, &error),
            }
        }
        if routed.turn.is_some() {
            self.mail.insert(id, taken);
        }
        routed.turn
    }

    /// Moves what was decided on. What remains in `mail` was stale.
    async fn advance(&mut self, turns: Vec<Turn>) -> Result<(), StoreError> {
        let (moves, cancels): (Vec<_>, Vec<_>) = turns.into_iter().map(|turn| (turn.movement, turn.cancels)).unzip();
        let moved = match self.bus.store().processes().advance(&self.domain, &moves).await {
            Err(error) if !error.is_transient() => self.advance_one_by_one(&moves, error).await?,
            moved => moved?,
        };
        let mut unwanted: BTreeMap<Domain, Vec<CommandId>> = BTreeMap::new();
        for ((change, moved), cancels) in moves.iter().zip(moved).zip(cancels) {
            if moved == Moved::Stale {
                continue;
            }
            self.mail.remove(&change.process_id);
            report(&self.domain, change);
            for (domain, id) in cancels {
                unwanted.entry(domain).or_default().push(id);
            }
        }
        for (domain, ids) in unwanted {
            let reason = "the process that sent it is being taken back";
            self.bus.store().cancel(&domain, &ids, CANCELED_BY, reason).await?;
        }
        Ok(())
    }

    /// A group that fails on the data of one member is moved member by member, and the replies of the bad one are put off.
    async fn advance_one_by_one(&mut self, moves: &[ProcessMove], error: StoreError) -> Result<Vec<Moved>, StoreError> {
        let mut answers = Vec::with_capacity(moves.len());
        for change in moves {
            let alone = std::slice::from_ref(change);
            let answer = match moves.len() {
                1 => Err(error.clone()),
                _ => self.bus.store().processes().advance(&self.domain, alone).await,
            };
            match answer {
                Ok(moved) => answers.extend(moved),
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    let id = change.process_id;
                    let mail = self.mail.remove(&id).unwrap_or_default();
                    for incoming in &mail.replies {
                        self.put_off(id, incoming, "UNWRITABLE", &error.to_string());
                    }
                    if mail.is_due {
                        self.bus.store().processes().postpone(&self.domain, &[id], POSTPONED).await?;
                    }
                    answers.push(Moved::Stale);
                }
            }
        }
        Ok(answers)
    }

    async fn set_aside(&mut self) -> Result<(), StoreError> {
        if !self.asides.is_empty() {
            self.bus.store().processes().set_aside(&self.domain, &self.asides).await?;
            self.asides.clear();
        }
        Ok(())
    }

    /// Everything that arrived for a process is stray.
    fn dispose(&mut self, id: ProcessId, reason: StrayReplyReason) {
        for incoming in self.mail.remove(&id).unwrap_or_default().replies {
            self.stray(incoming.msg_id, Some(id), Some(incoming.reply.command_id), reason);
        }
    }

    fn stray(
        &mut self,
        msg_id: i64,
        process_id: Option<ProcessId>,
        command_id: Option<CommandId>,
        reason: StrayReplyReason,
    ) {
        counter!(metric::STRAY_REPLIES, "domain" => self.domain.to_string(), "reason" => reason.as_str()).increment(1);
        tracing::warn!(
            { field::DOMAIN } = %self.domain, { field::MESSAGE_ID } = msg_id, { field::REASON } = reason.as_str(),
            "a reply changes nothing; it was recorded",
        );
        self.asides.push(ReplyAside { msg_id, process_id, command_id, fate: ReplyFate::Stray(reason) });
    }

    fn fail(&mut self, id: ProcessId, incoming: &IncomingReply, error: &RouteError) {
        self.put_off(id, incoming, error.code(), &error.to_string());
    }

    /// A reply that cannot be taken in now: another program may be able to, or an operator help.
    fn put_off(&mut self, id: ProcessId, incoming: &IncomingReply, code: &'static str, message: &str) {
        let reads = self.reads.get(&incoming.msg_id).copied().unwrap_or(1);
        let pause = PUT_OFF.get(reads.saturating_sub(1) as usize);
        let fate = match pause {
            Some(pause) => ReplyFate::Later(*pause),
            None => {
                counter!(metric::PARKED_REPLIES, "domain" => self.domain.to_string(), "code" => code).increment(1);
                ReplyFate::Park { code: code.into(), message: message.to_owned() }
            }
        };
        tracing::warn!(
            { field::DOMAIN } = %self.domain, { field::PROCESS_ID } = %id, { field::ERROR_CODE } = code, error = message,
            "a reply could not be taken in; {}",
            if pause.is_some() { "it is tried again" } else { "it waits for an operator, and its process with it" },
        );
        let command_id = Some(incoming.reply.command_id);
        self.asides.push(ReplyAside { msg_id: incoming.msg_id, process_id: Some(id), command_id, fate });
    }
}

fn unknown_type(domain: &Domain, process_type: &str) -> (&'static str, String) {
    let message = format!(
        "no process `{process_type}` of domain `{domain}` is linked into this router: deploy one that has it, or give \
         its new name the old one as an alias"
    );
    ("UNKNOWN_PROCESS", message)
}

fn report(domain: &Domain, change: &ProcessMove) {
    counter!(metric::ROUTED, "domain" => domain.to_string()).increment(change.answers.len() as u64);
    if change.status.is_terminal() {
        counter!(metric::PROCESSES_ENDED, "domain" => domain.to_string(), "status" => change.status.as_str())
            .increment(1);
    }
}
