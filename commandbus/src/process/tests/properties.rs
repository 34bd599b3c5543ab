//! What holds for every table and every order of events.

use std::collections::HashSet;

use proptest::{collection::vec, prelude::*};

use super::*;

/// What happens to a process; `usize`s pick one of what there is.
#[derive(Debug, Clone)]
enum Event {
    /// Replies that are routed as one group.
    Replies(Vec<Telling>),
    /// A router decides on such a group, and dies before it has recorded anything.
    Crash(Vec<Telling>),
    TimeOut(usize),
    Deadline,
    /// It is looked at.
    Due,
}

#[derive(Debug, Clone)]
enum Telling {
    /// To something in flight, in whatever order.
    Answer(usize, Outcome),
    /// To anything that was ever sent.
    Again(usize, Outcome),
    /// A success that the process cannot read.
    Garbled(usize),
    Foreign,
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![6 => Just(Outcome::Success), 1 => Just(Outcome::Failed), 1 => Just(Outcome::Canceled)]
}

fn tellings() -> impl Strategy<Value = Vec<Telling>> {
    let telling = prop_oneof![
        8 => (any::<usize>(), outcomes()).prop_map(|(pick, outcome)| Telling::Answer(pick, outcome)),
        2 => (any::<usize>(), outcomes()).prop_map(|(pick, outcome)| Telling::Again(pick, outcome)),
        1 => any::<usize>().prop_map(Telling::Garbled),
        1 => Just(Telling::Foreign),
    ];
    vec(telling, 1..4)
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        12 => tellings().prop_map(Event::Replies),
        2 => tellings().prop_map(Event::Crash),
        1 => any::<usize>().prop_map(Event::TimeOut),
        1 => Just(Event::Due),
    ];
    // A deadline passes once, in few of the runs, anywhere.
    (vec(event, 0..25), prop::option::weighted(0.2, any::<prop::sample::Index>())).prop_map(|(mut events, deadline)| {
        if let Some(at) = deadline {
            events.insert(at.index(events.len() + 1), Event::Deadline);
        }
        events
    })
}

/// For each step whether it opens a group of its own, and whether it has an undo.
fn tables() -> impl Strategy<Value = Vec<(usize, bool)>> {
    vec((prop::bool::weighted(0.6), prop::bool::weighted(0.7)), 1..=6).prop_map(|steps| {
        let mut group = 0;
        steps
            .into_iter()
            .map(|(opens, has_undo)| {
                group += usize::from(opens);
                (group, has_undo)
            })
            .collect()
    })
}

fn scripts() -> impl Strategy<Value = Vec<Branch>> {
    let branch = prop_oneof![
        8 => Just(Branch::Continue),
        2 => any::<usize>().prop_map(Branch::Step),
        1 => Just(Branch::Finish),
        1 => Just(Branch::Undo),
    ];
    vec(branch, 0..10)
}

proptest! {
    #[test]
    fn whatever_happens_a_process_ends_and_leaves_nothing_undone(
        steps in tables(), branches in scripts(), events in events(), last in vec(outcomes(), 1..8),
    ) {
        let within = |branch| match branch { Branch::Step(step) => Branch::Step(step % steps.len()), other => other };
        let script = Scripted { heard: Vec::new(), branches: branches.into_iter().map(within).collect() };
        let mut trial = Trial::new(Run::of(table(&steps), &script), &steps);
        for event in &events {
            trial.meet(event)?;
        }
        // From here on everything in flight is answered, and then there must be an end.
        for outcome in last.iter().cycle().take(100) {
            if trial.run.status().is_terminal() {
                break;
            }
            trial.meet(&Event::Replies(vec![Telling::Answer(0, *outcome)]))?;
        }
        trial.check_end()?;
    }
}

/// A run, and what has been seen of it.
struct Trial<'a> {
    run: Run,
    steps: &'a [(usize, bool)],
    /// How many commands had been sent when it was first seen on its way back.
    turned_at: Option<usize>,
}

impl<'a> Trial<'a> {
    fn new(run: Run, steps: &'a [(usize, bool)]) -> Self {
        Self { run, steps, turned_at: None }
    }

    fn meet(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let had_ended = self.run.status().is_terminal();
        let known = self.run.0.sent.len();
        let revision = self.run.0.record.revision;
        let (replies, is_due) = match event {
            Event::Replies(tellings) => (self.messages(tellings), false),
            Event::Crash(tellings) => {
                let replies = self.messages(tellings);
                let mut shapes = Vec::new();
                for _ in 0..2 {
                    let routed =
                        crate::process::route::route_of(self.run.0.spec(), &self.run.0.record, &replies, false);
                    shapes.push(routed.turn.map(|turn| {
                        let sends: Vec<_> = turn.movement.steps.iter().map(name_of).collect();
                        (sends, turn.movement.status, turn.movement.state.get().to_owned(), turn.cancels.len())
                    }));
                }
                prop_assert_eq!(&shapes[0], &shapes[1], "the same is decided each time");
                return Ok(());
            }
            Event::TimeOut(pick) => {
                let open: Vec<_> =
                    self.open().filter(|sent| sent.timeout.is_some()).map(|sent| sent.command.command_id).collect();
                let Some(late) = choose(&open, *pick) else { return Ok(()) };
                self.run.0.record_of(late).unwrap().is_overdue = true;
                (Vec::new(), true)
            }
            Event::Deadline => {
                self.run.0.record.is_overdue = true;
                (Vec::new(), true)
            }
            Event::Due => (Vec::new(), true),
        };
        let routed = self.run.0.route(&replies, is_due);

        prop_assert_eq!(routed.replies.len(), replies.len());
        prop_assert!(routed.due_error.is_none(), "{:?}", routed);
        if had_ended {
            prop_assert!(routed.turn.is_none(), "terminal is terminal");
            let late = |reaction: &Reaction| matches!(reaction, Reaction::Stray(StrayReplyReason::Late));
            prop_assert!(routed.replies.iter().all(late), "{:?}", routed.replies);
        }
        let taken = routed.replies.iter().filter(|reaction| matches!(reaction, Reaction::Taken)).count();
        if let Some(turn) = &routed.turn {
            prop_assert_eq!(turn.movement.revision, revision);
            prop_assert_eq!(turn.movement.answers.len(), taken);
            let unwinding = self.run.status() == ProcessStatus::Compensating;
            let open: Vec<_> = self
                .open()
                .filter(|sent| sent.role == StepRole::Step && unwinding)
                .map(|sent| sent.command.command_id)
                .collect();
            prop_assert_eq!(turn.cancels.iter().map(|(_, id)| *id).collect::<Vec<_>>(), open);
            prop_assert_eq!(turn.movement.look_again.is_some(), !turn.cancels.is_empty());
        } else {
            prop_assert_eq!(taken, 0);
        }
        self.check_sent(known)
    }

    fn open(&self) -> impl Iterator<Item = &NewStep> {
        self.run.0.in_flight()
    }

    /// Replies as they would come; the same command may be answered twice in a group.
    fn messages(&mut self, tellings: &[Telling]) -> Vec<IncomingReply> {
        let open: Vec<_> = self.open().map(|sent| sent.command.command_id).collect();
        let all: Vec<_> = self.run.0.sent.iter().map(|sent| sent.command.command_id).collect();
        let mut message = |telling: &Telling| match telling {
            Telling::Answer(pick, outcome) => choose(&open, *pick).map(|id| self.run.reply(id, *outcome)),
            Telling::Again(pick, outcome) => choose(&all, *pick).map(|id| self.run.reply(id, *outcome)),
            Telling::Garbled(pick) => choose(&open, *pick)
                .map(|id| self.run.message(&format!(r#"{{"command_id":"{id}","outcome":"SUCCESS","result":7}}"#))),
            Telling::Foreign => Some(self.run.reply(CommandId::new(), Outcome::Success)),
        };
        tellings.iter().filter_map(&mut message).collect()
    }

    /// What must hold between any two moves; `known` commands had been sent before the last one.
    fn check_sent(&mut self, known: usize) -> Result<(), TestCaseError> {
        let ledger = &self.run.0;
        let (open, status) = (self.open().count(), ledger.record.status);
        prop_assert_eq!(open == 0, status.is_terminal(), "it waits for something until it has ended: {}", status);

        let new = &ledger.sent[known..];
        if new.iter().any(|sent| sent.role == StepRole::Step) {
            prop_assert!(self.turned_at.is_none(), "no step is sent on the way back");
        }
        let undo_in_flight = self.open().any(|sent| sent.role != StepRole::Step);
        prop_assert!(!undo_in_flight || open == 1, "an undo is in flight alone: {}", self.run.waiting());

        // Each sending is one whole group, each of its steps once; or one undo.
        for visit in 1..=ledger.sent.iter().map(|sent| sent.visit).max().unwrap_or(0) {
            let members: Vec<_> = ledger.sent.iter().filter(|sent| sent.visit == visit).collect();
            if members.iter().any(|sent| sent.role != StepRole::Step) {
                prop_assert_eq!(members.len(), 1);
                continue;
            }
            let places: Vec<_> = members.iter().map(|sent| place(sent)).collect();
            let group = self.steps[places[0]].0;
            let whole: Vec<_> = (0..self.steps.len()).filter(|at| self.steps[*at].0 == group).collect();
            prop_assert_eq!(places, whole);
        }

        // Each undo takes back a success of a step that has one, once, and never one newer than the undo before.
        let mut before = usize::MAX;
        for sent in &ledger.sent {
            let StepRole::Undo { undoes } = sent.role else { continue };
            let target = ledger.record.steps.iter().position(|step| step.command_id == undoes).unwrap();
            prop_assert!(target < before, "the newest first, and each once: {}", self.run.sent());
            before = target;
            prop_assert_eq!(ledger.record.steps[target].role, StepRole::Step);
            prop_assert_eq!(ledger.record.steps[target].outcome, Some(Outcome::Success));
            prop_assert!(self.steps[place(&ledger.sent[target])].1);
            prop_assert_eq!(place(&ledger.sent[target]), place(sent));
        }

        let ids: HashSet<_> = ledger.sent.iter().map(|sent| sent.command.command_id).collect();
        prop_assert_eq!(ids.len(), ledger.sent.len(), "each command has an id of its own");
        if ledger.record.ends_as.is_some() && self.turned_at.is_none() {
            self.turned_at = Some(ledger.sent.len());
        }
        Ok(())
    }

    fn check_end(&self) -> Result<(), TestCaseError> {
        let record = &self.run.0.record;
        prop_assert!(record.status.is_terminal(), "it never ends: {}", self.run.sent());
        let undos = record.steps.iter().filter(|step| step.role != StepRole::Step);
        let all_undone = undos.clone().all(|step| step.outcome == Some(Outcome::Success));
        let code = self.run.code();
        match record.status {
            ProcessStatus::Completed => {
                prop_assert_eq!((undos.count(), code), (0, None));
                prop_assert!(record.steps.iter().all(|step| step.outcome == Some(Outcome::Success)));
                return Ok(());
            }
            ProcessStatus::Failed => prop_assert!(!all_undone),
            ProcessStatus::Compensated => prop_assert!(all_undone && code == Some("CHANGED_MIND")),
            other => {
                prop_assert_eq!(other, ProcessStatus::Canceled);
                prop_assert!(all_undone && code.is_some_and(|code| code != "CHANGED_MIND"));
            }
        }
        let to_undo = record.steps.iter().zip(&self.run.0.sent).filter(|(step, sent)| {
            step.role == StepRole::Step && step.outcome == Some(Outcome::Success) && self.steps[place(sent)].1
        });
        prop_assert_eq!(to_undo.count(), undos.count(), "whatever succeeded is undone: {}", self.run.sent());
        Ok(())
    }
}

fn choose(ids: &[CommandId], pick: usize) -> Option<CommandId> {
    ids.get(pick.checked_rem(ids.len())?).copied()
}

fn place(sent: &NewStep) -> usize {
    NAMES.iter().position(|name| *name == sent.step_name).unwrap()
}
