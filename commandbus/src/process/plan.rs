//! The shape of a table: what is sent together, what follows what, and what can be taken back.

use std::borrow::Cow;

use super::{Next, ProcessSpec};

/// A table without its functions; steps are places in it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    steps: Vec<Shape>,
}

/// One step of it.
#[derive(Debug, Clone, Copy)]
struct Shape {
    group: usize,
    has_undo: bool,
}

/// What comes after a group whose every step succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Onward {
    /// These are sent, in this order.
    Send(Vec<usize>),
    /// The process is done.
    Finish,
    /// It is taken back.
    Undo { code: Cow<'static, str>, message: String },
}

/// The process named a step that is not in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchStep(pub(crate) usize);

impl Plan {
    pub(crate) fn of<P>(spec: &ProcessSpec<P>) -> Self {
        let shape = |step: &super::StepSpec<P>| Shape { group: step.group, has_undo: step.undo.is_some() };
        Self { steps: spec.steps.iter().map(shape).collect() }
    }

    /// What a process begins with.
    pub(crate) fn first(&self) -> Vec<usize> {
        self.steps.iter().map(|step| step.group).min().map(|group| self.members(group)).unwrap_or_default()
    }

    /// What follows the group of `done`.
    pub(crate) fn after(&self, done: usize, next: Next<usize>) -> Result<Onward, NoSuchStep> {
        match next {
            Next::Continue => {
                let group = self.group_of(done)?;
                let later = self.steps.iter().map(|step| step.group).filter(|other| *other > group);
                Ok(later.min().map_or(Onward::Finish, |group| Onward::Send(self.members(group))))
            }
            Next::Step(step) => Ok(Onward::Send(self.members(self.group_of(step)?))),
            Next::Finish => Ok(Onward::Finish),
            Next::Undo { code, message } => Ok(Onward::Undo { code, message }),
        }
    }

    pub(crate) fn has_undo(&self, step: usize) -> bool {
        self.steps.get(step).is_some_and(|step| step.has_undo)
    }

    fn group_of(&self, step: usize) -> Result<usize, NoSuchStep> {
        self.steps.get(step).map(|step| step.group).ok_or(NoSuchStep(step))
    }

    fn members(&self, group: usize) -> Vec<usize> {
        (0..self.steps.len()).filter(|step| self.steps[*step].group == group).collect()
    }
}
