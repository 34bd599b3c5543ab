//! A small router: decides for both stores what replies and passing time make of a process.

use std::collections::BTreeMap;

use commandbus::{
    message::{CommandId, Outcome, ProcessId, ProcessStatus, StepRole},
    store::{
        Moved, NewProcess, NewStep, ProcessMove, ProcessRecord, ReceivedReply, ReplyAside, ReplyFate, StepAnswer,
        StepRecord, StrayReplyReason,
    },
};
use serde_json::json;

use super::{
    step::Plan,
    twins::{MINUTE, PAYMENTS, Twins, same},
};
use crate::contract::world::{
    debit,
    process::{TRANSFERS, answer, parked_as, read_reply},
    raw, read,
};

const LEASE: std::time::Duration = MINUTE;

/// What becomes of the replies that are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Routing {
    TakeIn,
    /// Takes them in, and tries the same once more.
    TakeInTwice,
    Later,
    Park,
}

impl Twins {
    fn new_step(&mut self, process: ProcessId, name: String, visit: u32, plan: Plan) -> NewStep {
        let mut command = debit(100);
        command.command_id = CommandId::from_uuid(self.draw());
        command.correlation_id = process.as_uuid();
        command.reply_to = Some(TRANSFERS.process_replies_queue());
        command.max_attempts = 2;
        self.commands.push(command.command_id);
        let timeout = plan.timeout.map(|minutes| MINUTE * minutes);
        NewStep { domain: PAYMENTS.clone(), command, step_name: name.into(), role: StepRole::Step, visit, timeout }
    }

    fn visit(&mut self, process: ProcessId, visit: u32, plan: Plan) -> Vec<NewStep> {
        (0..plan.width).map(|member| self.new_step(process, format!("step{visit}{member}"), visit, plan)).collect()
    }

    pub(super) fn new_process(&mut self, plan: Plan) -> NewProcess {
        let process_id = ProcessId::from_uuid(self.draw());
        self.processes.push(process_id);
        NewProcess {
            process_id,
            process_type: "Transfer".into(),
            state: raw(json!(plan)),
            current_step: "step10".into(),
            deadline: plan.deadline.map(|minutes| MINUTE * minutes),
            steps: self.visit(process_id, 1, plan),
        }
    }

    /// Receives what there is to route, and deals with it.
    pub(super) async fn route(&mut self, routing: Routing) -> Result<(), String> {
        let [memory, postgres] = self.stores();
        let found = memory.processes().receive_replies(&TRANSFERS, 100, LEASE).await.unwrap();
        let mut other = postgres.processes().receive_replies(&TRANSFERS, 100, LEASE).await.unwrap();
        // Of one settled group, the replies may be in any order.
        let said = |replies: &[ReceivedReply]| {
            let mut said: Vec<_> = replies.iter().map(|reply| (read(&reply.body).to_string(), reply.reads)).collect();
            said.sort();
            said
        };
        same("replies to route", &said(&found.replies), &said(&other.replies))?;
        let sorted = |mut ids: Vec<ProcessId>| {
            ids.sort();
            ids
        };
        same("processes that are due", &sorted(found.due.clone()), &sorted(other.due))?;
        same("whether one will be due", &found.next_due.is_some(), &other.next_due.is_some())?;
        let pairs: Vec<[ReceivedReply; 2]> = found
            .replies
            .into_iter()
            .map(|reply| {
                let is_same = |twin: &ReceivedReply| read(&twin.body) == read(&reply.body) && twin.reads == reply.reads;
                let place = other.replies.iter().position(is_same).expect("both found the same");
                [reply, other.replies.remove(place)]
            })
            .collect();
        match routing {
            Routing::Later => self.set_aside(&pairs, &ReplyFate::Later(MINUTE)).await,
            Routing::Park => {
                // What the process does not wait for could not be parked by a router.
                let (open, strays) = self.split(pairs).await;
                self.record_strays(&strays).await;
                self.set_aside(&open, &parked_as("UNDECODABLE")).await;
            }
            Routing::TakeIn | Routing::TakeInTwice => {
                let (open, strays) = self.split(pairs).await;
                self.record_strays(&strays).await;
                let moves = self.moves(&open, &found.due).await;
                let mut first = Some(Moved::Recorded);
                for _ in 0..1 + usize::from(routing == Routing::TakeInTwice) {
                    for [one, twin] in &moves {
                        let one = memory.processes().advance(&TRANSFERS, std::slice::from_ref(one)).await.unwrap();
                        let twin = postgres.processes().advance(&TRANSFERS, std::slice::from_ref(twin)).await.unwrap();
                        same("a move", &one, &twin)?;
                        same("a move", &one[0], &first.unwrap_or(Moved::Stale))?;
                    }
                    first = None;
                }
            }
        }
        Ok(())
    }

    /// Those replies that a process waits for, the first for each command, and the others with why.
    async fn split(
        &self,
        pairs: Vec<[ReceivedReply; 2]>,
    ) -> (Vec<[ReceivedReply; 2]>, Vec<([ReceivedReply; 2], StrayReplyReason)>) {
        let records = self.stores()[0].processes().load(&TRANSFERS, &self.processes).await.unwrap();
        let mut open = Vec::new();
        let mut strays = Vec::new();
        let mut seen = Vec::new();
        for pair in pairs {
            let reply = read_reply(&pair[0]);
            let record = records.iter().find(|record| Some(record.process_id.as_uuid()) == reply.correlation_id);
            let step = |record: &ProcessRecord| {
                record.steps.iter().find(|step| step.command_id == reply.command_id).map(|step| step.outcome)
            };
            let why = match record.map(|record| (record.status.is_terminal(), step(record))) {
                None | Some((_, None)) => Some(StrayReplyReason::Foreign),
                Some((true, _)) => Some(StrayReplyReason::Late),
                Some((_, Some(Some(_)))) => Some(StrayReplyReason::Duplicate),
                _ if seen.contains(&reply.command_id) => Some(StrayReplyReason::Duplicate),
                _ => None,
            };
            seen.push(reply.command_id);
            match why {
                Some(why) => strays.push((pair, why)),
                None => open.push(pair),
            }
        }
        (open, strays)
    }

    async fn record_strays(&self, strays: &[([ReceivedReply; 2], StrayReplyReason)]) {
        for (pair, why) in strays {
            self.set_aside(std::slice::from_ref(pair), &ReplyFate::Stray(*why)).await;
        }
    }

    async fn set_aside(&self, pairs: &[[ReceivedReply; 2]], fate: &ReplyFate) {
        for (side, store) in self.stores().into_iter().enumerate() {
            let asides: Vec<ReplyAside> = pairs
                .iter()
                .map(|pair| {
                    let reply = read_reply(&pair[side]);
                    ReplyAside {
                        msg_id: pair[side].msg_id,
                        process_id: reply.correlation_id.map(ProcessId::from_uuid),
                        command_id: Some(reply.command_id),
                        fate: fate.clone(),
                    }
                })
                .collect();
            store.processes().set_aside(&TRANSFERS, &asides).await.unwrap();
        }
    }

    /// The moves that the replies make, and of what is due, for either store.
    async fn moves(&mut self, pairs: &[[ReceivedReply; 2]], due: &[ProcessId]) -> Vec<[ProcessMove; 2]> {
        let mut answers: BTreeMap<ProcessId, [Vec<StepAnswer>; 2]> =
            due.iter().map(|id| (*id, Default::default())).collect();
        for pair in pairs {
            let id = read_reply(&pair[0]).correlation_id.expect("it was found by it");
            let of = answers.entry(ProcessId::from_uuid(id)).or_default();
            of[0].push(answer(&pair[0]));
            of[1].push(answer(&pair[1]));
        }
        let mut moves = Vec::new();
        for (id, [one, twin]) in answers {
            let is_due = due.contains(&id);
            let record = self.stores()[0].processes().load(&TRANSFERS, &[id]).await.unwrap().remove(0);
            let decided = self.decide(record, &one, is_due).await;
            moves.push([ProcessMove { answers: one, ..decided.clone() }, ProcessMove { answers: twin, ..decided }]);
        }
        moves
    }

    async fn decide(&mut self, mut record: ProcessRecord, answers: &[StepAnswer], is_due: bool) -> ProcessMove {
        for step in &mut record.steps {
            let answered = answers.iter().find(|answer| answer.command_id == step.command_id);
            step.outcome = step.outcome.or(answered.map(|answer| answer.outcome));
        }
        let plan: Plan = serde_json::from_str(record.state.get()).unwrap();
        let is_step = |step: &&StepRecord| step.role == StepRole::Step;
        let has_failed = |step: &StepRecord| step.outcome.is_some_and(|outcome| outcome != Outcome::Success);
        let (id, mut ends_as, mut cause) = (record.process_id, record.ends_as, record.cause);
        if ends_as.is_none() && (is_due || record.steps.iter().filter(is_step).any(has_failed)) {
            ends_as = Some(ProcessStatus::Canceled);
            cause = Some((if is_due { "STEP_TIMEOUT" } else { "NO_COVER" }.to_owned(), "as it is".to_owned()));
        }
        let in_flight: Vec<CommandId> =
            record.steps.iter().filter(|step| step.outcome.is_none()).map(|step| step.command_id).collect();
        let visit = record.steps.iter().map(|step| step.visit).max().unwrap_or_default() + 1;
        let (status, steps) = if !in_flight.is_empty() {
            if ends_as.is_some() {
                for store in self.stores() {
                    store.cancel(&PAYMENTS, &in_flight, "router", "it is taken back").await.unwrap();
                }
            }
            (ends_as.map_or(ProcessStatus::WaitingForReply, |_| ProcessStatus::Compensating), Vec::new())
        } else if let Some(end) = ends_as {
            let is_undone = |done: &&StepRecord| {
                !record.steps.iter().any(|step| step.role == StepRole::Undo { undoes: done.command_id })
            };
            let succeeded = |step: &&StepRecord| step.outcome == Some(Outcome::Success);
            let next = record.steps.iter().rev().filter(is_step).filter(succeeded).find(is_undone);
            match next.map(|done| (done.step_name.clone(), done.command_id)) {
                Some((name, undoes)) => {
                    let step = self.new_step(id, name, visit, Plan { timeout: None, ..plan });
                    (ProcessStatus::Compensating, vec![NewStep { role: StepRole::Undo { undoes }, ..step }])
                }
                None if record.steps.iter().any(|step| !is_step(&step) && has_failed(step)) => {
                    (ProcessStatus::Failed, Vec::new())
                }
                None => (end, Vec::new()),
            }
        } else if visit > plan.visits {
            (ProcessStatus::Completed, Vec::new())
        } else {
            (ProcessStatus::WaitingForReply, self.visit(id, visit, plan))
        };
        ProcessMove {
            process_id: id,
            revision: record.revision,
            status,
            current_step: Some(format!("step{}", visit.min(9)).into()),
            state: record.state,
            cause,
            ends_as: ends_as.filter(|_| !status.is_terminal()),
            answers: Vec::new(),
            steps,
            look_again: None,
        }
    }

    /// Sends parked replies to the router again.
    pub(super) async fn retry_replies(&self, with_result: bool) -> Result<(), String> {
        let result = with_result.then(|| raw(json!({ "by": "hand" })));
        let mut answers = Vec::new();
        for store in self.stores() {
            let parked = store.processes().parked_replies(&TRANSFERS, commandbus::store::Page::first(2)).await.unwrap();
            let ids: Vec<i64> = parked.iter().map(|reply| reply.parked_reply_id).collect();
            let processes = store.processes();
            let retried = processes.retry_replies(&TRANSFERS, &ids, result.as_deref(), "ada", None).await.unwrap();
            let again = processes.retry_replies(&TRANSFERS, &ids, None, "bob", None).await.unwrap();
            answers.push((retried, again));
        }
        same("parked replies, retried", &answers[0], &answers[1])
    }
}
