//! Commands by what is known of them. However many there are, a page looks at a bounded number of rows: where what is
//! asked for is rare, it may be short, and the next one goes on behind what was looked at.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{
    error::StoreError,
    message::{CommandId, CommandMetadata, CommandStatus, Domain},
    store::{
        CommandFilter, Count, Listing, Page,
        postgres::{
            PostgresStore,
            ask::{COMMAND_COLUMNS, command, shown},
            connections::Call,
            operate::uuids,
        },
    },
};

/// How many rows of each domain a page looks at.
const BUDGET: i64 = 20_000;

/// Up to how many messages of a domain are looked through for the few commands that have not ended.
const FEW: i64 = 20_000;

/// Ids in order, and the id behind which there may be more.
type Found = (Vec<CommandId>, Option<CommandId>);

impl PostgresStore {
    pub(super) async fn find_commands(
        &self,
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Listing<CommandMetadata, CommandId>, StoreError> {
        let domains = self.domains_of(filter.domain.as_ref()).await?;
        let (ids, next) = self.ids_of(&domains, filter, page).await?;
        let mut sql = QueryBuilder::new(format!("select {COMMAND_COLUMNS} where c.domain = any("));
        sql.push_bind(&domains).push(") and c.command_id = any(").push_bind(uuids(&ids)).push(")");
        // Another domain may have the same id.
        push_filter(&mut sql, filter, "c");
        sql.push(" order by c.command_id desc");
        let rows = sql.build().call_all(&self.pool).await?;
        Ok(Listing { items: rows.iter().map(command).collect::<Result<_, _>>()?, next })
    }

    pub(super) async fn count_found_commands(&self, filter: &CommandFilter, cap: u32) -> Result<Count, StoreError> {
        let domains = self.domains_of(filter.domain.as_ref()).await?;
        let (ids, next) = self.ids_of(&domains, filter, Page::first(cap.saturating_add(1))).await?;
        let cap = u64::from(cap);
        let found = ids.len() as u64;
        Ok(Count { count: found.min(cap), is_capped: found > cap || next.is_some() })
    }

    /// The domains that a filter asks for.
    pub(super) async fn domains_of(&self, domain: Option<&Domain>) -> Result<Vec<String>, StoreError> {
        self.ready().await?;
        if let Some(domain) = domain {
            return Ok(vec![domain.to_string()]);
        }
        let domains = sqlx::query_scalar(
            "select distinct regexp_replace(m.queue_name, '__(commands|replies|process_replies)$', '') from pgmq.meta m
             where m.queue_name ~ '__(commands|replies|process_replies)$' order by 1",
        );
        Ok(domains.call_all(&self.pool).await?)
    }

    async fn ids_of(
        &self,
        domains: &[String],
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Found, StoreError> {
        let ids = self.select_ids(domains, filter, page).await?;
        if ids.len() >= page.limit as usize || !is_bounded(filter) {
            let next = ids.last().copied().filter(|_| ids.len() >= page.limit as usize);
            return Ok((ids, next));
        }
        let Some(reached) = self.reached(domains, filter, page).await? else { return Ok((ids, None)) };
        if matches!(filter.status, Some(CommandStatus::Pending | CommandStatus::InProgress))
            && let Some(ids) = self.ids_of_messages(domains, filter, page).await?
        {
            let next = ids.last().copied().filter(|_| ids.len() >= page.limit as usize);
            return Ok((ids, next));
        }
        // Domains that were looked through farther tell the rest on the next page.
        Ok((ids.into_iter().filter(|id| *id >= reached).collect(), Some(reached)))
    }

    async fn select_ids(
        &self,
        domains: &[String],
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Vec<CommandId>, StoreError> {
        let mut sql = QueryBuilder::new("select s.command_id from unnest(");
        sql.push_bind(domains).push(
            "::text[]) as d(domain) cross join lateral (select w.command_id from (select c.* from commandbus.command c",
        );
        if filter.status == Some(CommandStatus::InTroubleshooting) {
            sql.push(" join commandbus.troubleshooting t on t.domain = c.domain and t.command_id = c.command_id");
        }
        sql.push(" where c.domain = d.domain");
        push_range(&mut sql, filter, page.after);
        if is_bounded(filter) {
            sql.push(format!(" order by c.command_id desc limit {BUDGET}"));
        }
        sql.push(") as w where true");
        push_filter(&mut sql, filter, "w");
        sql.push(format!(" order by w.command_id desc limit {}", page.limit));
        sql.push(format!(") as s order by s.command_id desc limit {}", page.limit));
        let ids: Vec<Uuid> = sql.build_query_scalar().call_all(&self.pool).await?;
        Ok(ids.into_iter().map(CommandId::from_uuid).collect())
    }

    /// The last id that every domain was looked at down to; `None` when all were looked through.
    async fn reached(
        &self,
        domains: &[String],
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Option<CommandId>, StoreError> {
        let mut sql = QueryBuilder::new("select s.command_id from unnest(");
        sql.push_bind(domains);
        sql.push("::text[]) as d(domain) cross join lateral (select c.command_id from commandbus.command c");
        sql.push(" where c.domain = d.domain");
        push_range(&mut sql, filter, page.after);
        sql.push(format!(
            " order by c.command_id desc offset {BUDGET} - 1 limit 1) as s order by s.command_id desc limit 1"
        ));
        let id: Option<Uuid> = sql.build_query_scalar().call_optional(&self.pool).await?;
        Ok(id.map(CommandId::from_uuid))
    }

    /// The same, found from the messages; `None` when these are too many.
    async fn ids_of_messages(
        &self,
        domains: &[String],
        filter: &CommandFilter,
        page: Page<CommandId>,
    ) -> Result<Option<Vec<CommandId>>, StoreError> {
        let mut ids = Vec::new();
        for domain in domains {
            let queue = format!("pgmq.\"q_{domain}__commands\"");
            let is_there: bool =
                sqlx::query_scalar("select to_regclass($1) is not null").bind(&queue).call_one(&self.pool).await?;
            if !is_there {
                continue;
            }
            let few = format!("select count(*) from (select from {queue} limit {FEW} + 1) as q");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(few)).call_one(&self.pool).await?;
            if count > FEW {
                return Ok(None);
            }
            let mut sql = QueryBuilder::new(format!(
                "select c.command_id from (
                     select q.id::uuid as id
                     from (select q.message->>'command_id' as id from {queue} q offset 0) as q
                     where q.id ~ '^[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}$' offset 0
                 ) as q join commandbus.command c on c.domain = '{domain}' and c.command_id = q.id where true"
            ));
            push_range(&mut sql, filter, page.after);
            push_filter(&mut sql, filter, "c");
            sql.push(format!(" order by c.command_id desc limit {}", page.limit));
            let found: Vec<Uuid> = sql.build_query_scalar().call_all(&self.pool).await?;
            ids.extend(found.into_iter().map(CommandId::from_uuid));
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        ids.truncate(page.limit as usize);
        Ok(Some(ids))
    }

    pub(super) async fn find_commands_of_id(&self, id: CommandId) -> Result<Vec<CommandMetadata>, StoreError> {
        let domains = self.domains_of(None).await?;
        let sql = format!("select {COMMAND_COLUMNS} where c.domain = any($1) and c.command_id = $2");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(domains).bind(id.as_uuid()).call_all(&self.pool).await?;
        Ok(rows.iter().map(command).collect::<Result<_, _>>()?)
    }

    pub(super) async fn find_payload(
        &self,
        domain: &Domain,
        id: CommandId,
    ) -> Result<Option<serde_json::Value>, StoreError> {
        self.ready().await?;
        let sql = format!(
            "select coalesce((select q.message->'data' from pgmq.\"q_{domain}__commands\" q where q.msg_id = c.msg_id),
                             (select a.message->'data' from pgmq.\"a_{domain}__commands\" a where a.msg_id = c.msg_id)) as data
             from commandbus.command c where c.domain = $1 and c.command_id = $2"
        );
        let row =
            sqlx::query(AssertSqlSafe(sql)).bind(domain.as_str()).bind(id.as_uuid()).call_optional(&self.pool).await?;
        Ok(row.map(|row| shown(&row, "data")).transpose()?.flatten())
    }
}

/// Whether rows would have to be looked through that no index narrows down to what is asked for.
fn is_bounded(filter: &CommandFilter) -> bool {
    filter.batch_id.is_none()
        && filter.correlation_id.is_none()
        && filter.status != Some(CommandStatus::InTroubleshooting)
}

/// What an index finds.
fn push_range(sql: &mut QueryBuilder<Postgres>, filter: &CommandFilter, after: Option<CommandId>) {
    if let Some(after) = after {
        sql.push(" and c.command_id < ").push_bind(after.as_uuid());
    }
    if let Some(batch) = filter.batch_id {
        sql.push(" and c.batch_id = ").push_bind(batch.as_uuid());
    }
    if let Some(correlation_id) = filter.correlation_id {
        // The index leaves out the command that began it, whose own id it is.
        sql.push(" and (c.command_id = ").push_bind(correlation_id);
        sql.push(" or c.correlation_id <> c.command_id and c.correlation_id = ").push_bind(correlation_id).push(")");
    }
    if let Some(from) = filter.sent_from {
        sql.push(" and c.command_id >= ").push_bind(first_id_of(from, -DRIFT_MS));
    }
    if let Some(before) = filter.sent_before {
        sql.push(" and c.command_id < ").push_bind(first_id_of(before, DRIFT_MS));
    }
}

/// What is looked at row by row.
fn push_filter(sql: &mut QueryBuilder<Postgres>, filter: &CommandFilter, table: &str) {
    if let Some(status) = filter.status {
        sql.push(format!(" and {table}.status = ")).push_bind(status.as_str());
    }
    if let Some(command_type) = &filter.command_type {
        sql.push(format!(" and {table}.command_type = ")).push_bind(command_type.clone());
    }
    if let Some(correlation_id) = filter.correlation_id {
        sql.push(format!(" and {table}.correlation_id = ")).push_bind(correlation_id);
    }
    if let Some(from) = filter.sent_from {
        sql.push(format!(" and {table}.created_at >= ")).push_bind(from);
    }
    if let Some(before) = filter.sent_before {
        sql.push(format!(" and {table}.created_at < ")).push_bind(before);
    }
}

/// How long before its row an id may be drawn, or, with clocks that differ, after it.
const DRIFT_MS: i64 = 60_000;

/// The least id that is drawn so long after a moment.
fn first_id_of(at: DateTime<Utc>, later_ms: i64) -> Uuid {
    let millis = at.timestamp_millis().saturating_add(later_ms).clamp(0, (1 << 48) - 1).unsigned_abs();
    Uuid::from_u128(u128::from(millis) << 80)
}
