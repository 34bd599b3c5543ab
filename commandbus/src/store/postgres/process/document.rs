//! What the procedures take: a JSON document for each member of a group, so that a large member does not count against
//! the others.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use sqlx::types::Json;
use uuid::Uuid;

use super::super::{milliseconds, send::EnvelopeRef};
use crate::{
    message::{Outcome, ProcessId, StepRole},
    store::{NewProcess, NewStep, ProcessMove, ReplyAside, ReplyFate, Start, StepAnswer},
};

/// The documents of what processes send.
pub(super) fn step_documents<'a>(steps: impl Iterator<Item = (ProcessId, &'a NewStep)>) -> Vec<Json<StepDocument<'a>>> {
    steps.map(|(process, step)| Json(StepDocument::new(process, step))).collect()
}

#[derive(Debug, Serialize)]
pub(super) struct ProcessDocument<'a> {
    process_id: Uuid,
    process_type: &'a str,
    current_step: &'a str,
    state: &'a RawValue,
    deadline_ms: Option<i64>,
}

impl<'a> From<&'a NewProcess> for ProcessDocument<'a> {
    fn from(process: &'a NewProcess) -> Self {
        Self {
            process_id: process.process_id.as_uuid(),
            process_type: &process.process_type,
            current_step: &process.current_step,
            state: &process.state,
            deadline_ms: process.deadline.map(milliseconds),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct StepDocument<'a> {
    process_id: Uuid,
    step_name: &'a str,
    kind: &'static str,
    undoes: Option<Uuid>,
    visit: u32,
    timeout_ms: Option<i64>,
    domain: &'a str,
    message: EnvelopeRef<'a>,
    headers: Option<&'a Map<String, Value>>,
    max_attempts: u32,
    delay_ms: Option<i64>,
    not_before: Option<DateTime<Utc>>,
}

impl<'a> StepDocument<'a> {
    fn new(process: ProcessId, step: &'a NewStep) -> Self {
        let (kind, undoes) = match step.role {
            StepRole::Step => ("STEP", None),
            StepRole::Undo { undoes } => ("UNDO", Some(undoes.as_uuid())),
        };
        Self {
            process_id: process.as_uuid(),
            step_name: &step.step_name,
            kind,
            undoes,
            visit: step.visit,
            timeout_ms: step.timeout.map(milliseconds),
            domain: step.domain.as_str(),
            message: EnvelopeRef::new(&step.domain, &step.command),
            headers: step.command.headers.as_ref(),
            max_attempts: step.command.max_attempts,
            delay_ms: match step.command.start {
                Start::After(pause) => Some(milliseconds(pause)),
                Start::Now | Start::At(_) => None,
            },
            not_before: match step.command.start {
                Start::At(at) => Some(at),
                Start::Now | Start::After(_) => None,
            },
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct MoveDocument<'a> {
    process_id: Uuid,
    revision: i64,
    status: &'static str,
    current_step: Option<&'a str>,
    state: &'a RawValue,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
    ends_as: Option<&'static str>,
    look_again_ms: Option<i64>,
    timed: bool,
}

impl<'a> From<&'a ProcessMove> for MoveDocument<'a> {
    fn from(change: &'a ProcessMove) -> Self {
        let cause = change.cause.as_ref();
        Self {
            process_id: change.process_id.as_uuid(),
            revision: change.revision,
            status: change.status.as_str(),
            current_step: change.current_step.as_deref(),
            state: &change.state,
            error_code: cause.map(|(code, _)| code.as_str()),
            error_message: cause.map(|(_, message)| message.as_str()),
            ends_as: change.ends_as.map(|status| status.as_str()),
            look_again_ms: change.look_again.map(milliseconds),
            timed: change.steps.iter().any(|step| step.timeout.is_some()),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct AnswerDocument<'a> {
    process_id: Uuid,
    msg_id: i64,
    command_id: Uuid,
    outcome: Outcome,
    data: Option<&'a Value>,
}

impl<'a> AnswerDocument<'a> {
    pub(super) fn new(process: ProcessId, answer: &'a StepAnswer) -> Self {
        Self {
            process_id: process.as_uuid(),
            msg_id: answer.msg_id,
            command_id: answer.command_id.as_uuid(),
            outcome: answer.outcome,
            data: answer.data.as_ref(),
        }
    }
}

#[derive(Debug, Default, Serialize)]
pub(super) struct AsideDocument<'a> {
    msg_id: i64,
    process_id: Option<Uuid>,
    command_id: Option<Uuid>,
    fate: &'static str,
    reason: Option<&'static str>,
    pause_ms: Option<i64>,
    error_code: Option<&'a str>,
    error_message: Option<&'a str>,
}

impl<'a> From<&'a ReplyAside> for AsideDocument<'a> {
    fn from(aside: &'a ReplyAside) -> Self {
        let about = Self {
            msg_id: aside.msg_id,
            process_id: aside.process_id.map(|id| id.as_uuid()),
            command_id: aside.command_id.map(|id| id.as_uuid()),
            ..Self::default()
        };
        match &aside.fate {
            ReplyFate::Stray(reason) => Self { fate: "STRAY", reason: Some(reason.as_str()), ..about },
            ReplyFate::Later(pause) => Self { fate: "LATER", pause_ms: Some(milliseconds(*pause)), ..about },
            ReplyFate::Park { code, message } => {
                Self { fate: "PARK", error_code: Some(code), error_message: Some(message), ..about }
            }
        }
    }
}
