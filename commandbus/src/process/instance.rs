//! One process between two records: its state, where it is, and what it does about replies and the passing of time.

use std::{borrow::Cow, sync::Arc, time::Duration};

use serde_json::value::RawValue;

use super::{
    Next, Process, ProcessSpec, StepSpec,
    advance::{self, joined},
    cause::{self, Cause},
    compensation::{self, Back},
    course::{Course, Heading, SentCommand},
    error::{RouteError, guarded},
    plan::{Onward, Plan},
    sending::new_step,
};
use crate::{
    message::{CommandId, Domain, Outcome, ProcessId, ProcessStatus, Reply, StepRole, envelope::seal},
    store::process::{NewStep, ProcessMove, ProcessRecord, StepAnswer, StepRecord, StrayReplyReason},
};

/// How long what was canceled is waited for before it is canceled again: the router that was to do it may have died.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// A process that is being moved. After an error it is in no state to go on, and to be made from its record again.
pub(crate) struct Instance<P: Process> {
    spec: &'static ProcessSpec<P>,
    plan: Plan,
    process_id: ProcessId,
    revision: i64,
    is_overdue: bool,
    state: P,
    sealed: Box<RawValue>,
    course: Course,
    cause: Option<Cause>,
    answers: Vec<StepAnswer>,
    sends: Vec<NewStep>,
}

/// What became of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reception {
    /// It is part of the move.
    Taken,
    /// It changes nothing.
    Stray(StrayReplyReason),
}

/// A move, and what the router does after it.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// The move.
    pub(crate) movement: ProcessMove,
    /// Commands to cancel once it is recorded, each in its domain: one that has not run yet then never will.
    pub(crate) cancels: Vec<(Domain, CommandId)>,
}

impl<P: Process> Instance<P> {
    /// The process of a record.
    pub(crate) fn from_record(spec: &'static ProcessSpec<P>, record: &ProcessRecord) -> Result<Self, RouteError> {
        let state = guarded(spec.name, || "reading the state".to_owned(), || serde_json::from_str(record.state.get()))?
            .map_err(|source| RouteError::State { process_type: spec.name, source: Arc::new(source) })?;
        let sent = record.steps.iter().map(|step| sent_command(spec, step)).collect::<Result<_, _>>()?;
        Ok(Self {
            spec,
            plan: Plan::of(spec),
            process_id: record.process_id,
            revision: record.revision,
            is_overdue: record.is_overdue,
            state,
            sealed: record.state.clone(),
            course: Course::new(heading(record), sent),
            cause: record.cause.clone(),
            answers: Vec::new(),
            sends: Vec::new(),
        })
    }

    /// Takes in a reply, and does what follows from it.
    pub(crate) fn reply(&mut self, msg_id: i64, reply: &Reply) -> Result<Reception, RouteError> {
        let (step, role) = match self.course.answer(reply.command_id, reply.outcome) {
            Ok(answered) => answered,
            Err(reason) => return Ok(Reception::Stray(reason)),
        };
        let (command_id, outcome) = (reply.command_id, reply.outcome);
        self.answers.push(StepAnswer { msg_id, command_id, outcome, data: cause::data_of(reply) });
        match (role, outcome) {
            // While it is being taken back, too: an undo may need what the reply says.
            (StepRole::Step, Outcome::Success) => self.learn(step, reply)?,
            (StepRole::Step, Outcome::Failed | Outcome::Canceled) => {
                let cause = cause::of_reply(self.spec.steps[step].name, reply);
                self.turn_back(ProcessStatus::Canceled, cause);
            }
            (StepRole::Undo { .. }, Outcome::Success) => {}
            (StepRole::Undo { .. }, Outcome::Failed | Outcome::Canceled) => self.course.undo_failed(),
        }
        self.proceed()?;
        Ok(Reception::Taken)
    }

    /// Takes notice of the time: what is late is taken back. A process that has ended is never late.
    pub(crate) fn due(&mut self) -> Result<(), RouteError> {
        if self.is_overdue {
            self.turn_back(ProcessStatus::Canceled, cause::of_deadline(self.spec.deadline));
        }
        if let Some(late) = advance::overdue(&self.course) {
            let StepSpec { name, timeout, .. } = self.spec.steps[late.step];
            self.turn_back(ProcessStatus::Canceled, cause::of_timeout(name, timeout));
        }
        self.proceed()
    }

    /// Whether nothing can move it any more.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.course.heading(), Heading::Ended(_))
    }

    /// Everything since the record, as one move.
    pub(crate) fn into_turn(self) -> Turn {
        let cancels = compensation::cancels(&self.course);
        let (status, ends_as) = match self.course.heading() {
            Heading::Forward => (ProcessStatus::WaitingForReply, None),
            Heading::Back { ends_as } => (ProcessStatus::Compensating, Some(ends_as)),
            Heading::Ended(status) => (status, None),
        };
        let movement = ProcessMove {
            process_id: self.process_id,
            revision: self.revision,
            status,
            current_step: self.course.newest().map(|newest| Cow::Borrowed(self.spec.steps[newest.step].name)),
            state: self.sealed,
            cause: self.cause,
            ends_as,
            answers: self.answers,
            steps: self.sends,
            look_again: (!cancels.is_empty()).then_some(LOOK_AGAIN),
        };
        Turn { movement, cancels }
    }

    /// Lets the process learn from a reply, and writes the state that it has then.
    fn learn(&mut self, step: usize, reply: &Reply) -> Result<(), RouteError> {
        let StepSpec { name, on: Some(on), .. } = self.spec.steps[step] else { return Ok(()) };
        let process_type = self.spec.name;
        let place = || format!("taking in the reply to step `{name}`");
        guarded(process_type, place, || on(&mut self.state, reply.result.as_deref()))?
            .map_err(|source| RouteError::Reply { process_type, step: name, source: Arc::new(source) })?;
        self.sealed = guarded(process_type, || "writing the state".to_owned(), || seal(process_type, &self.state))??;
        Ok(())
    }

    /// Sends what is to be sent now, or ends.
    fn proceed(&mut self) -> Result<(), RouteError> {
        if let Some(done) = joined(&self.course) {
            self.go_on(done)?;
        }
        match compensation::next(&self.course, &self.plan) {
            Some(Back::Undo { step, undoes }) => self.send(&[step], StepRole::Undo { undoes })?,
            Some(Back::End(status)) => self.course.end(status),
            Some(Back::Wait) | None => {}
        }
        Ok(())
    }

    /// After a group whose every step succeeded.
    fn go_on(&mut self, done: usize) -> Result<(), RouteError> {
        let process_type = self.spec.name;
        let next = match self.spec.next {
            Some(next) => guarded(process_type, || "`next`".to_owned(), || next(&self.state, done))?,
            None => Next::Continue,
        };
        let onward = self.plan.after(done, next).map_err(|no| RouteError::NoSuchStep { process_type, index: no.0 })?;
        match onward {
            // It would only have to be canceled, or undone.
            Onward::Send(_) if self.is_overdue => {
                self.turn_back(ProcessStatus::Canceled, cause::of_deadline(self.spec.deadline));
            }
            Onward::Send(steps) => self.send(&steps, StepRole::Step)?,
            Onward::Finish => self.course.end(ProcessStatus::Completed),
            Onward::Undo { code, message } => {
                self.turn_back(ProcessStatus::Compensated, (code.into_owned(), message));
            }
        }
        Ok(())
    }

    /// The first cause stays.
    fn turn_back(&mut self, ends_as: ProcessStatus, cause: Cause) {
        if self.course.turn_back(ends_as) {
            self.cause = Some(cause::storable(cause));
        }
    }

    fn send(&mut self, steps: &[usize], role: StepRole) -> Result<(), RouteError> {
        let (spec, process_id, visit) = (self.spec, self.process_id, self.course.next_visit());
        for index in steps {
            let step = &spec.steps[*index];
            let (action, what) = match (role, &step.undo) {
                (StepRole::Step, _) => (&step.action, "step"),
                (StepRole::Undo { .. }, Some(undo)) => (undo, "the undo of step"),
                (StepRole::Undo { .. }, None) => continue,
            };
            let place = || format!("the command of {what} `{}`", step.name);
            let make = || new_step(spec, step, action, role, visit, process_id, &self.state);
            let new = guarded(spec.name, place, make)??;
            self.course.push(SentCommand {
                command_id: new.command.command_id,
                domain: new.domain.clone(),
                step: *index,
                role,
                visit,
                outcome: None,
                is_overdue: false,
            });
            self.sends.push(new);
        }
        Ok(())
    }
}

fn sent_command<P>(spec: &ProcessSpec<P>, record: &StepRecord) -> Result<SentCommand, RouteError> {
    let step = spec
        .step_named(&record.step_name)
        .ok_or_else(|| RouteError::UnknownStep { process_type: spec.name, step: record.step_name.clone() })?;
    Ok(SentCommand {
        command_id: record.command_id,
        domain: record.domain.clone(),
        step,
        role: record.role,
        visit: record.visit,
        outcome: record.outcome,
        is_overdue: record.is_overdue,
    })
}

fn heading(record: &ProcessRecord) -> Heading {
    match (record.status, record.ends_as) {
        (status, _) if status.is_terminal() => Heading::Ended(status),
        (_, Some(ends_as)) => Heading::Back { ends_as },
        // Another implementation turned it back.
        (ProcessStatus::Compensating, None) => Heading::Back { ends_as: ProcessStatus::Canceled },
        _ => Heading::Forward,
    }
}
