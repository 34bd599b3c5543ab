//! The way forward: when the steps that were sent together are all done, and which of them was too late.

use super::course::{Course, Heading, SentCommand};

/// The first step of the group that has just been joined: nothing is in flight, and what comes next is to be asked.
pub(crate) fn joined(course: &Course) -> Option<usize> {
    if course.heading() != Heading::Forward || course.is_waiting() {
        return None;
    }
    course.newest().map(|newest| newest.step)
}

/// The oldest step that is overdue.
pub(crate) fn overdue(course: &Course) -> Option<&SentCommand> {
    course.steps_in_flight().find(|sent| sent.is_overdue)
}
