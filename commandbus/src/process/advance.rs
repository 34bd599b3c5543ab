//! The way forward: when the steps that were sent together are all done, and which of them was too late.

use super::course::{Course, Heading, SentCommand};

/// The first step of the group that has just been joined: nothing is in flight, and what comes next is to be asked.
pub(crate) fn joined(course: &Course) -> Option<usize> {
    if course.heading() != Heading::Forward || course.is_waiting() {
        return None;
    }
    course.newest().map(|newest| newest.step)
}

/// The oldest step that is overdue; one that is being taken back is waited for anyway.
pub(crate) fn overdue(course: &Course) -> Option<&SentCommand> {
    let is_forward = course.heading() == Heading::Forward;
    course.steps_in_flight().find(|sent| is_forward && sent.is_overdue)
}
