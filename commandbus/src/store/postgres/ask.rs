//! What operators and senders ask. Listings are paged by key, so that they stay fast however much there is.

use serde_json::{Value, json, value::RawValue};
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{
    PostgresStore,
    connections::Call,
    operate::{status, uuids},
    work::count,
};
use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, BatchType, CommandId, CommandMetadata, Domain, Reply},
    store::{CommandFilter, Page, Parked, ParkedFilter, ParkedGroup},
};

/// What a listing tells of commands, and where it finds it.
pub(super) const COMMAND_COLUMNS: &str = "
           c.domain, c.command_id, c.command_type, c.status, c.attempts, c.max_attempts, c.delivery, c.msg_id,
           c.correlation_id, nullif(c.reply_queue, '') as reply_to, c.batch_id, c.last_error_type, c.last_error_code,
           c.last_error_msg, c.lease_expires_at, c.created_at, c.updated_at, m.group_key,
           nullif(coalesce(
               (select h.command_id from commandbus.grouped_command h
                where h.domain = m.domain and h.group_key = m.group_key and h.released),
               (select h.command_id from commandbus.grouped_command h
                where h.domain = m.domain and h.group_key = m.group_key order by h.position limit 1)
           ), c.command_id) as held_behind
    from commandbus.command c
    left join commandbus.grouped_command m on m.domain = c.domain and m.command_id = c.command_id";

const WHICH_COMMANDS: &str = "
    where ($1::text is null or c.domain = $1)
      and ($2::uuid is null or c.command_id = $2)
      and ($3::text is null or c.command_type = $3)
      and ($4::text is null or c.status = $4)
      and ($5::uuid is null or c.batch_id = $5)
      and ($6::uuid is null or c.correlation_id = $6)
      and ($7::uuid is null or c.command_id < $7)
      and ($9::timestamptz is null or c.created_at >= $9)
      and ($10::timestamptz is null or c.created_at < $10)
    order by c.command_id desc
    limit $8";

/// What is parked, as long as its command still is: writers in other languages resolve commands without this list.
const PARKED: &str = "
    from commandbus.troubleshooting t
    join commandbus.command c on c.domain = t.domain and c.command_id = t.command_id
        and c.status = 'IN_TROUBLESHOOTING_QUEUE'
    left join commandbus.grouped_command m on m.domain = c.domain and m.command_id = c.command_id
    where ($1::text is null or t.domain = $1)
      and ($2::text is null or t.command_type = $2)
      and ($3::text is null or t.error_code = $3)
      and ($4::text is null or t.fingerprint = $4)
      and ($5::uuid is null or t.batch_id = $5)
      and ($6::uuid is null or t.command_id = $6)
      and ($7::uuid[] is null or t.command_id = any($7))";

macro_rules! bind_parked_filter {
    ($query:expr, $filter:expr) => {
        $query
            .bind($filter.domain.as_ref().map(Domain::as_str))
            .bind($filter.command_type.as_deref())
            .bind($filter.error_code.as_deref())
            .bind($filter.fingerprint.as_deref())
            .bind($filter.batch_id.map(|id| id.as_uuid()))
            .bind($filter.command_id.map(|id| id.as_uuid()))
            .bind($filter.command_ids.as_deref().map(uuids))
    };
}

impl PostgresStore {
    pub(super) async fn find_command(
        &self,
        domain: &Domain,
        id: CommandId,
    ) -> Result<Option<CommandMetadata>, StoreError> {
        if !self.ready().await?.reads {
            let row = sqlx::query("select * from commandbus.sender_commands($1, $2)")
                .bind(domain.as_str())
                .bind(uuids(&[id]))
                .call_optional(&self.pool)
                .await?;
            return Ok(row.as_ref().map(command).transpose()?);
        }
        let filter = CommandFilter { domain: Some(domain.clone()), ..CommandFilter::default() };
        Ok(self.select_commands(&filter, Some(id), Page::first(1)).await?.pop())
    }

    pub(super) async fn list_commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        self.select_commands(filter, None, page).await
    }

    async fn select_commands(
        &self,
        filter: &CommandFilter,
        id: Option<CommandId>,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandMetadata>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("select {COMMAND_COLUMNS} {WHICH_COMMANDS}")))
            .bind(filter.domain.as_ref().map(Domain::as_str))
            .bind(id.map(|id| id.as_uuid()))
            .bind(filter.command_type.as_deref())
            .bind(filter.status.map(|status| status.as_str()))
            .bind(filter.batch_id.map(|id| id.as_uuid()))
            .bind(filter.correlation_id)
            .bind(page.after.map(|id| id.as_uuid()))
            .bind(i64::from(page.limit))
            .bind(filter.sent_from)
            .bind(filter.sent_before)
            .call_all(&self.pool)
            .await?;
        Ok(rows.iter().map(command).collect::<Result<_, _>>()?)
    }

    pub(super) async fn find_replies(&self, domain: &Domain, ids: &[CommandId]) -> Result<Vec<Reply>, StoreError> {
        let replies: Vec<Json<Reply>> = sqlx::query_scalar(if self.ready().await?.reads {
            "select coalesce(r.reply, commandbus.reply(
                        c.command_id, c.correlation_id,
                        case c.status when 'COMPLETED' then 'SUCCESS' else c.status end,
                        p_error_code => c.last_error_code, p_error_msg => c.last_error_msg))
             from commandbus.command c
             left join commandbus.result r on r.domain = c.domain and r.command_id = c.command_id
             where c.domain = $1 and c.command_id = any($2) and c.status in ('COMPLETED', 'FAILED', 'CANCELED')"
        } else {
            "select commandbus.sender_replies($1, $2)"
        })
        .bind(domain.as_str())
        .bind(uuids(ids))
        .call_all(&self.pool)
        .await?;
        Ok(replies.into_iter().map(|Json(reply)| reply).collect())
    }

    pub(super) async fn list_audit(&self, domain: &Domain, subject: Uuid) -> Result<Vec<AuditEvent>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query(
            "select audit_id, event_type, ts, coalesce(details_json, '{}') as details
             from commandbus.audit where domain = $1 and command_id = $2 order by audit_id",
        )
        .bind(domain.as_str())
        .bind(subject)
        .call_all(&self.pool)
        .await?;
        let event = |row: &PgRow| {
            Ok(AuditEvent {
                audit_id: row.try_get("audit_id")?,
                domain: domain.clone(),
                subject,
                event: row.try_get("event_type")?,
                at: row.try_get("ts")?,
                details: row.try_get("details")?,
            })
        };
        Ok(rows.iter().map(event).collect::<Result<_, sqlx::Error>>()?)
    }

    pub(super) async fn find_batches(
        &self,
        domain: &Domain,
        ids: &[BatchId],
    ) -> Result<Vec<BatchMetadata>, StoreError> {
        let rows = sqlx::query(if self.ready().await?.reads {
            "select * from commandbus.batch_status where domain = $1 and batch_id = any($2)"
        } else {
            "select * from commandbus.sender_batches($1, $2)"
        })
        .bind(domain.as_str())
        .bind(ids.iter().map(BatchId::as_uuid).collect::<Vec<_>>())
        .call_all(&self.pool)
        .await?;
        Ok(rows.iter().map(batch).collect::<Result<_, _>>()?)
    }

    pub(super) async fn list_parked(&self, filter: &ParkedFilter, page: Page<i64>) -> Result<Vec<Parked>, StoreError> {
        self.ready().await?;
        // The payload lies in the archive of the domain's queue, so a listing over all domains goes one by one.
        let sql = format!(
            "select t.*, c.correlation_id, c.attempts, c.max_attempts, m.group_key,
                    (select count(*)::int from commandbus.grouped_command h
                     where h.domain = m.domain and h.group_key = m.group_key and not h.released) as holds,
                    commandbus.archived_payload(c.queue_name, c.msg_id) as payload,
                    commandbus.archived_version(c.queue_name, c.msg_id) as version
             {PARKED} and ($8::bigint is null or t.parked_id > $8) order by t.parked_id limit $9"
        );
        let rows = bind_parked_filter!(sqlx::query(sqlx::AssertSqlSafe(sql)), filter)
            .bind(page.after)
            .bind(i64::from(page.limit))
            .call_all(&self.pool)
            .await?;
        Ok(rows.iter().map(parked).collect::<Result<_, _>>()?)
    }

    pub(super) async fn count_of_parked(&self, filter: &ParkedFilter) -> Result<u64, StoreError> {
        self.ready().await?;
        let sql = format!("select count(*) {PARKED}");
        let count: i64 =
            bind_parked_filter!(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)), filter).call_one(&self.pool).await?;
        Ok(count.unsigned_abs())
    }

    pub(super) async fn list_parked_groups(&self, filter: &ParkedFilter) -> Result<Vec<ParkedGroup>, StoreError> {
        self.ready().await?;
        let sql = format!(
            "select t.domain, t.command_type, t.fingerprint, min(t.error_code) as error_code, min(t.error_msg) as example,
                    count(*) as count, min(t.parked_at) as oldest
             {PARKED} group by t.domain, t.command_type, t.fingerprint order by count(*) desc, min(t.parked_at)"
        );
        let rows = bind_parked_filter!(sqlx::query(sqlx::AssertSqlSafe(sql)), filter).call_all(&self.pool).await?;
        let group = |row: &PgRow| {
            Ok(ParkedGroup {
                domain: domain(row)?,
                command_type: row.try_get("command_type")?,
                fingerprint: row.try_get("fingerprint")?,
                error_code: row.try_get("error_code")?,
                example: row.try_get("example")?,
                count: row.try_get::<i64, _>("count")?.unsigned_abs(),
                oldest: row.try_get("oldest")?,
            })
        };
        Ok(rows.iter().map(group).collect::<Result<_, sqlx::Error>>()?)
    }
}

/// JSON for people to look at. What others have put there may be more than is read, too deep or with numbers too great;
/// one such must not hide the others of a list.
pub(super) fn shown(row: &PgRow, column: &str) -> Result<Option<Value>, sqlx::Error> {
    let raw: Option<Json<Box<RawValue>>> = row.try_get(column)?;
    let read = |Json(raw): Json<Box<RawValue>>| {
        serde_json::from_str(raw.get())
            .unwrap_or_else(|error| json!({ "unreadable": format!("{} bytes of JSON: {error}", raw.get().len()) }))
    };
    Ok(raw.map(read))
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

pub(super) fn domain(row: &PgRow) -> Result<Domain, sqlx::Error> {
    Domain::new(row.try_get::<String, _>("domain")?).map_err(undecodable)
}

fn batch_id(row: &PgRow) -> Result<Option<BatchId>, sqlx::Error> {
    Ok(row.try_get::<Option<Uuid>, _>("batch_id")?.map(BatchId::from_uuid))
}

pub(super) fn command(row: &PgRow) -> Result<CommandMetadata, sqlx::Error> {
    Ok(CommandMetadata {
        domain: domain(row)?,
        command_id: CommandId::from_uuid(row.try_get("command_id")?),
        command_type: row.try_get("command_type")?,
        status: status(row.try_get("status")?)?,
        attempts: count(row, "attempts")?,
        max_attempts: count(row, "max_attempts")?,
        delivery: row.try_get("delivery")?,
        msg_id: row.try_get("msg_id")?,
        correlation_id: row.try_get("correlation_id")?,
        reply_to: row.try_get("reply_to")?,
        batch_id: batch_id(row)?,
        group: row.try_get("group_key")?,
        held_behind: row.try_get::<Option<Uuid>, _>("held_behind")?.map(CommandId::from_uuid),
        last_error_type: row.try_get("last_error_type")?,
        last_error_code: row.try_get("last_error_code")?,
        last_error_msg: row.try_get("last_error_msg")?,
        lease_expires_at: row.try_get("lease_expires_at")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

pub(super) fn batch(row: &PgRow) -> Result<BatchMetadata, sqlx::Error> {
    let id: Uuid = row.try_get("batch_id")?;
    Ok(BatchMetadata {
        domain: domain(row)?,
        batch_id: BatchId::from_uuid(id),
        name: row.try_get("name")?,
        custom_data: shown(row, "custom_data")?,
        batch_type: match row.try_get("batch_type")? {
            "PROCESS" => BatchType::Process,
            _ => BatchType::Command,
        },
        status: row.try_get::<&str, _>("status")?.parse().map_err(undecodable)?,
        total_count: count(row, "total_count")?,
        completed_count: count(row, "completed_count")?,
        failed_count: count(row, "failed_count")?,
        canceled_count: count(row, "canceled_count")?,
        in_troubleshooting_count: count(row, "in_troubleshooting_count")?,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        completed_at: row.try_get("completed_at")?,
        paused_at: row.try_get("paused_at")?,
    })
}

fn parked(row: &PgRow) -> Result<Parked, sqlx::Error> {
    Ok(Parked {
        parked_id: row.try_get("parked_id")?,
        domain: domain(row)?,
        command_id: CommandId::from_uuid(row.try_get("command_id")?),
        command_type: row.try_get("command_type")?,
        batch_id: batch_id(row)?,
        correlation_id: row.try_get("correlation_id")?,
        reason: row.try_get("reason")?,
        error_type: row.try_get("error_type")?,
        error_code: row.try_get("error_code")?,
        error_msg: row.try_get("error_msg")?,
        error_details: row.try_get("error_details")?,
        fingerprint: row.try_get("fingerprint")?,
        attempts: count(row, "attempts")?,
        max_attempts: count(row, "max_attempts")?,
        parked_at: row.try_get("parked_at")?,
        group: row.try_get("group_key")?,
        holds: count(row, "holds")?,
        payload: shown(row, "payload")?,
        version: count(row, "version")?,
    })
}
