//! The way back: what was done is undone, newest first, one at a time.

use super::{
    course::{Course, Heading, SentCommand},
    plan::Plan,
};
use crate::message::{CommandId, Domain, Outcome, ProcessStatus, StepRole};

/// What a process that is being taken back does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Back {
    /// It waits for what is in flight.
    Wait,
    /// It undoes this step, which this command did.
    Undo { step: usize, undoes: CommandId },
    /// Everything is undone that can be.
    End(ProcessStatus),
}

/// Decides that; `None` for a process that is not being taken back.
pub(crate) fn next(course: &Course, plan: &Plan) -> Option<Back> {
    let Heading::Back { ends_as } = course.heading() else { return None };
    if course.is_waiting() {
        return Some(Back::Wait);
    }
    let is_undone =
        |done: &SentCommand| course.sent().iter().any(|sent| sent.role == StepRole::Undo { undoes: done.command_id });
    let to_undo = course.sent().iter().rev().find(|sent| {
        sent.is_step() && sent.outcome == Some(Outcome::Success) && plan.has_undo(sent.step) && !is_undone(sent)
    });
    Some(to_undo.map_or(Back::End(ends_as), |done| Back::Undo { step: done.step, undoes: done.command_id }))
}

/// What is to be canceled, since it would only have to be undone.
pub(crate) fn cancels(course: &Course) -> Vec<(Domain, CommandId)> {
    if !matches!(course.heading(), Heading::Back { .. }) {
        return Vec::new();
    }
    course.steps_in_flight().map(|sent| (sent.domain.clone(), sent.command_id)).collect()
}
