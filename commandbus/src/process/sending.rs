//! What a process sends.

use std::borrow::Cow;

use super::{Action, Process, ProcessSpec, StepSpec, plan::Plan};
use crate::{
    bus::new_command,
    message::{
        CommandSpec, ProcessId, StepRole,
        envelope::{PayloadError, seal},
    },
    store::process::{NewProcess, NewStep},
};

/// A process at its start, with the commands of its first steps.
///
/// # Errors
///
/// When its state, or one of these commands, cannot be stored.
pub(crate) fn new_process<P: Process>(process_id: ProcessId, state: &P) -> Result<NewProcess, PayloadError> {
    new_process_of(P::SPEC, process_id, state)
}

/// The same for a table that is not the one of its type.
pub(crate) fn new_process_of<P: Process>(
    spec: &'static ProcessSpec<P>,
    process_id: ProcessId,
    state: &P,
) -> Result<NewProcess, PayloadError> {
    let first = Plan::of(spec).first();
    let current_step = first.first().map_or("", |step| spec.steps[*step].name);
    let sent = first.iter().map(|step| {
        let step = &spec.steps[*step];
        new_step(spec, step, &step.action, StepRole::Step, 1, process_id, state)
    });
    Ok(NewProcess {
        process_id,
        process_type: Cow::Borrowed(spec.name),
        state: seal(spec.name, state)?,
        current_step: Cow::Borrowed(current_step),
        deadline: spec.deadline,
        steps: sent.collect::<Result<_, _>>()?,
    })
}

/// A command of a step: its own, or the one that takes it back.
pub(super) fn new_step<P>(
    spec: &ProcessSpec<P>,
    step: &StepSpec<P>,
    action: &Action<P>,
    role: StepRole,
    visit: u32,
    process_id: ProcessId,
    state: &P,
) -> Result<NewStep, PayloadError> {
    let payload = (action.payload)(state)?;
    let CommandSpec { name, version, max_attempts, .. } = *action.command;
    let mut command = new_command(Cow::Borrowed(name), payload, version, max_attempts, None);
    command.correlation_id = process_id.as_uuid();
    command.reply_to = Some(spec.domain.process_replies_queue());
    Ok(NewStep {
        domain: action.command.domain.clone(),
        command,
        step_name: Cow::Borrowed(step.name),
        role,
        visit,
        // What takes back is waited for as long as it takes.
        timeout: step.timeout.filter(|_| role == StepRole::Step),
    })
}
