//! What a router does with processes.

use std::{collections::HashSet, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{
    super::{PostgresStore, connections::Call, lease_seconds, operate::status},
    document::{AnswerDocument, MoveDocument, step_documents},
};
use crate::{
    error::StoreError,
    message::{CommandId, Domain, Outcome, ProcessId, StepRole},
    store::{Moved, ProcessMove, ProcessRecord, ReceivedReply, RoutingWork, StepRecord},
};

impl PostgresStore {
    pub(super) async fn receive_replies_of(
        &self,
        domain: &Domain,
        limit: usize,
        lease: Duration,
    ) -> Result<RoutingWork, StoreError> {
        let queue = domain.process_replies_queue();
        self.ensure(domain, [queue.clone()]).await?;
        let rows = sqlx::query("select * from commandbus.receive_replies($1, $2, $3)")
            .bind(domain.as_str())
            .bind(i32::try_from(limit).unwrap_or(i32::MAX))
            .bind(lease_seconds(lease))
            .call_all(&self.engine)
            .await
            .inspect_err(|error| self.forget_missing_queue(&queue, error))?;

        let mut work = RoutingWork::default();
        for row in &rows {
            match row.try_get("kind")? {
                "REPLY" => work.replies.push(received(row)?),
                "DUE" => work.due.push(ProcessId::from_uuid(row.try_get("process_id")?)),
                _ => {
                    let wait_ms: i64 = row.try_get("wait_ms")?;
                    work.next_due = Some(Duration::from_millis(wait_ms.max(0).unsigned_abs()));
                }
            }
        }
        Ok(work)
    }

    pub(super) async fn load_processes(
        &self,
        domain: &Domain,
        ids: &[ProcessId],
    ) -> Result<Vec<ProcessRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query("select * from commandbus.load_processes($1, $2)")
            .bind(domain.as_str())
            .bind(ids.iter().map(ProcessId::as_uuid).collect::<Vec<_>>())
            .call_all(&self.engine)
            .await?;
        Ok(rows.iter().map(record).collect::<Result<_, _>>()?)
    }

    pub(super) async fn advance_processes(
        &self,
        domain: &Domain,
        moves: &[ProcessMove],
    ) -> Result<Vec<Moved>, StoreError> {
        if moves.is_empty() {
            return Ok(Vec::new());
        }
        let commands: HashSet<&Domain> =
            moves.iter().flat_map(|change| &change.steps).map(|step| &step.domain).collect();
        for domain in commands {
            self.ensure(domain, [domain.commands_queue()]).await?;
        }
        let answers = moves
            .iter()
            .flat_map(|change| change.answers.iter().map(|answer| AnswerDocument::new(change.process_id, answer)));
        let steps = moves.iter().flat_map(|change| change.steps.iter().map(|step| (change.process_id, step)));
        let moved: Vec<Uuid> = sqlx::query_scalar("select commandbus.advance_processes($1, $2, $3, $4)")
            .bind(domain.as_str())
            .bind(moves.iter().map(|change| Json(MoveDocument::from(change))).collect::<Vec<_>>())
            .bind(answers.map(Json).collect::<Vec<_>>())
            .bind(step_documents(steps))
            .call_one(&self.engine)
            .await?;
        let moved: HashSet<Uuid> = moved.into_iter().collect();
        let answer = |change: &ProcessMove| {
            if moved.contains(&change.process_id.as_uuid()) { Moved::Recorded } else { Moved::Stale }
        };
        Ok(moves.iter().map(answer).collect())
    }
}

fn received(row: &PgRow) -> Result<ReceivedReply, sqlx::Error> {
    let Json(body): Json<Box<RawValue>> = row.try_get("message")?;
    let reads: i32 = row.try_get("reads")?;
    Ok(ReceivedReply { msg_id: row.try_get("msg_id")?, reads: reads.unsigned_abs(), body })
}

/// A command that a process sent, as `load_processes` writes it.
#[derive(Debug, Deserialize)]
struct StepRow {
    command_id: CommandId,
    domain: Domain,
    step_name: String,
    #[serde(flatten)]
    role: StepRole,
    visit: u32,
    outcome: Option<Outcome>,
    is_overdue: bool,
}

fn record(row: &PgRow) -> Result<ProcessRecord, sqlx::Error> {
    let Json(state): Json<Box<RawValue>> = row.try_get("state")?;
    let Json(steps): Json<Vec<StepRow>> = row.try_get("steps")?;
    let ends_as: Option<&str> = row.try_get("ends_as")?;
    let code: Option<String> = row.try_get("error_code")?;
    let message: Option<String> = row.try_get("error_message")?;
    Ok(ProcessRecord {
        process_id: ProcessId::from_uuid(row.try_get("process_id")?),
        process_type: row.try_get("process_type")?,
        status: status(row.try_get("status")?)?,
        state,
        cause: code.map(|code| (code, message.unwrap_or_default())),
        ends_as: ends_as.map(status).transpose()?,
        revision: row.try_get("revision")?,
        is_overdue: row.try_get("is_overdue")?,
        steps: steps.into_iter().map(StepRecord::from).collect(),
    })
}

impl From<StepRow> for StepRecord {
    fn from(row: StepRow) -> Self {
        let StepRow { command_id, domain, step_name, role, visit, outcome, is_overdue } = row;
        Self { command_id, domain, step_name, role, visit, outcome, is_overdue }
    }
}
