//! What operators ask about processes.

use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::super::{PostgresStore, connections::Call, operate::status};
use crate::{
    error::StoreError,
    message::{BatchId, CommandId, Domain, Outcome, ProcessId, ProcessMetadata, SentStep, StepRole},
    store::{Page, ParkedReply, ProcessFilter, StrayReply, StrayReplyReason},
};

const SELECT_PROCESSES: &str = "
    select p.domain, p.process_id, p.process_type, p.status, p.current_step, p.state, p.error_code, p.error_message,
           p.created_at, p.updated_at, p.completed_at, p.batch_id, p.parked_count, p.deadline_at
    from commandbus.process p
    where ($1::text is null or p.domain = $1)
      and ($2::uuid is null or p.process_id = $2)
      and ($3::text is null or p.process_type = $3)
      and ($4::text is null or p.status = $4)
      and ($5::uuid is null or p.batch_id = $5)
      and ($6::uuid is null or p.process_id < $6)
    order by p.process_id desc
    limit $7";

impl PostgresStore {
    pub(super) async fn select_processes(
        &self,
        filter: &ProcessFilter,
        id: Option<ProcessId>,
        page: Page<ProcessId>,
    ) -> Result<Vec<ProcessMetadata>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(SELECT_PROCESSES)
            .bind(filter.domain.as_ref().map(Domain::as_str))
            .bind(id.map(|id| id.as_uuid()))
            .bind(filter.process_type.as_deref())
            .bind(filter.status.map(|status| status.as_str()))
            .bind(filter.batch_id.map(|id| id.as_uuid()))
            .bind(page.after.map(|id| id.as_uuid()))
            .bind(i64::from(page.limit))
            .call_all(&self.pool)
            .await?;
        Ok(rows.iter().map(process).collect::<Result<_, _>>()?)
    }

    /// Processes by their ids, newest first.
    pub(in crate::store::postgres) async fn processes_by_id(
        &self,
        domains: &[String],
        ids: &[Uuid],
    ) -> Result<Vec<ProcessMetadata>, StoreError> {
        let rows = sqlx::query(
            "select p.domain, p.process_id, p.process_type, p.status, p.current_step, p.state, p.error_code,
                    p.error_message, p.created_at, p.updated_at, p.completed_at, p.batch_id, p.parked_count, p.deadline_at
             from commandbus.process p where p.domain = any($1) and p.process_id = any($2) order by p.process_id desc",
        )
        .bind(domains)
        .bind(ids)
        .call_all(&self.pool)
        .await?;
        Ok(rows.iter().map(process).collect::<Result<_, _>>()?)
    }

    pub(super) async fn list_steps(&self, domain: &Domain, id: ProcessId) -> Result<Vec<SentStep>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(
            "select step_name, kind, undoes, visit, command_domain, command_id, command_type, command_data, sent_at,
                    due_at, reply_outcome, reply_data, received_at
             from commandbus.process_audit where domain = $1 and process_id = $2 order by id",
        )
        .bind(domain.as_str())
        .bind(id.as_uuid())
        .call_all(&self.pool)
        .await?;
        Ok(rows.iter().map(step).collect::<Result<_, _>>()?)
    }

    pub(super) async fn list_stray_replies(
        &self,
        domain: &Domain,
        id: ProcessId,
    ) -> Result<Vec<StrayReply>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(
            "select command_id, reply, reason, recorded_at
             from commandbus.stray_reply where domain = $1 and process_id = $2 order by id",
        )
        .bind(domain.as_str())
        .bind(id.as_uuid())
        .call_all(&self.pool)
        .await?;
        let stray = |row: &PgRow| {
            Ok(StrayReply {
                domain: domain.clone(),
                process_id: Some(id),
                command_id: command_id(row)?,
                reply: row.try_get("reply")?,
                reason: read::<StrayReplyReason>(row.try_get("reason")?)?,
                recorded_at: row.try_get("recorded_at")?,
            })
        };
        Ok(rows.iter().map(stray).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn list_parked_replies(
        &self,
        domain: &Domain,
        page: Page<i64>,
    ) -> Result<Vec<ParkedReply>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(
            "select parked_reply_id, process_id, command_id, reply, error_code, error_message, parked_at
             from commandbus.parked_reply
             where domain = $1 and retried_at is null and ($2::bigint is null or parked_reply_id > $2)
             order by parked_reply_id limit $3",
        )
        .bind(domain.as_str())
        .bind(page.after)
        .bind(i64::from(page.limit))
        .call_all(&self.pool)
        .await?;
        let parked = |row: &PgRow| {
            Ok(ParkedReply {
                parked_reply_id: row.try_get("parked_reply_id")?,
                domain: domain.clone(),
                process_id: row.try_get::<Option<Uuid>, _>("process_id")?.map(ProcessId::from_uuid),
                command_id: command_id(row)?,
                reply: row.try_get("reply")?,
                error_code: row.try_get("error_code")?,
                error_message: row.try_get("error_message")?,
                parked_at: row.try_get("parked_at")?,
            })
        };
        Ok(rows.iter().map(parked).collect::<Result<_, sqlx::Error>>()?)
    }
}

fn process(row: &PgRow) -> Result<ProcessMetadata, sqlx::Error> {
    Ok(ProcessMetadata {
        domain: domain(row.try_get("domain")?)?,
        process_id: ProcessId::from_uuid(row.try_get("process_id")?),
        process_type: row.try_get("process_type")?,
        status: status(row.try_get("status")?)?,
        current_step: row.try_get("current_step")?,
        state: row.try_get("state")?,
        error_code: row.try_get("error_code")?,
        error_message: row.try_get("error_message")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        completed_at: row.try_get("completed_at")?,
        batch_id: row.try_get::<Option<Uuid>, _>("batch_id")?.map(BatchId::from_uuid),
        parked_count: row.try_get::<i32, _>("parked_count")?.unsigned_abs(),
        deadline_at: row.try_get("deadline_at")?,
    })
}

fn step(row: &PgRow) -> Result<SentStep, sqlx::Error> {
    let undoes: Option<Uuid> = row.try_get("undoes")?;
    let outcome: Option<&str> = row.try_get("reply_outcome")?;
    Ok(SentStep {
        step_name: row.try_get("step_name")?,
        role: undoes.map_or(StepRole::Step, |id| StepRole::Undo { undoes: CommandId::from_uuid(id) }),
        visit: row.try_get::<i32, _>("visit")?.unsigned_abs(),
        command_domain: row.try_get::<Option<String>, _>("command_domain")?.map(domain).transpose()?,
        command_id: CommandId::from_uuid(row.try_get("command_id")?),
        command_type: row.try_get("command_type")?,
        command_data: row.try_get("command_data")?,
        sent_at: row.try_get("sent_at")?,
        due_at: row.try_get("due_at")?,
        outcome: outcome.map(read::<Outcome>).transpose()?,
        reply_data: row.try_get("reply_data")?,
        received_at: row.try_get("received_at")?,
    })
}

fn command_id(row: &PgRow) -> Result<Option<CommandId>, sqlx::Error> {
    Ok(row.try_get::<Option<Uuid>, _>("command_id")?.map(CommandId::from_uuid))
}

fn domain(text: String) -> Result<Domain, sqlx::Error> {
    Domain::new(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Reads a name as serde writes it.
fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_value(text.into()).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
