//! Processes, batches and the audit trail, by pages.

use sqlx::{QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    error::StoreError,
    message::{AuditEvent, BatchId, BatchMetadata, BatchType, ProcessId, ProcessMetadata},
    store::{
        AuditFilter, BatchCursor, BatchFilter, Listing, Page, ProcessFilter,
        postgres::{
            PostgresStore,
            ask::{batch, domain},
            connections::Call,
        },
    },
};

/// How many rows a page looks at, of processes in each domain.
const BUDGET: i64 = 20_000;

impl PostgresStore {
    pub(super) async fn find_processes(
        &self,
        filter: &ProcessFilter,
        page: Page<ProcessId>,
    ) -> Result<Listing<ProcessMetadata, ProcessId>, StoreError> {
        let domains = self.domains_of(filter.domain.as_ref()).await?;
        let after = page.after.map(|id| id.as_uuid());
        let mut sql = QueryBuilder::new("select s.process_id from unnest(");
        sql.push_bind(&domains);
        sql.push(
            "::text[]) as d(domain) cross join lateral (select w.process_id from (select p.* from commandbus.process p",
        );
        sql.push(" where p.domain = d.domain");
        if let Some(after) = after {
            sql.push(" and p.process_id < ").push_bind(after);
        }
        if let Some(batch) = filter.batch_id {
            sql.push(" and p.batch_id = ").push_bind(batch.as_uuid());
        } else {
            sql.push(format!(" order by p.process_id desc limit {BUDGET}"));
        }
        sql.push(") as w where true");
        if let Some(status) = filter.status {
            sql.push(" and w.status = ").push_bind(status.as_str());
        }
        if let Some(process_type) = &filter.process_type {
            sql.push(" and w.process_type = ").push_bind(process_type);
        }
        sql.push(format!(" order by w.process_id desc limit {}", page.limit));
        sql.push(format!(") as s order by s.process_id desc limit {}", page.limit));
        let mut ids: Vec<Uuid> = sql.build_query_scalar().call_all(&self.pool).await?;

        let mut next = ids.last().copied().filter(|_| ids.len() >= page.limit as usize);
        if next.is_none() && filter.batch_id.is_none() {
            next = sqlx::query_scalar(
                "select s.process_id from unnest($1::text[]) as d(domain) cross join lateral (
                     select p.process_id from commandbus.process p
                     where p.domain = d.domain and ($2::uuid is null or p.process_id < $2)
                     order by p.process_id desc offset $3 limit 1
                 ) as s order by s.process_id desc limit 1",
            )
            .bind(&domains)
            .bind(after)
            .bind(BUDGET - 1)
            .call_optional(&self.pool)
            .await?;
            ids.retain(|id| next.is_none_or(|next| *id >= next));
        }
        let items = self.processes_by_id(&domains, &ids).await?;
        Ok(Listing { items, next: next.map(ProcessId::from_uuid) })
    }

    pub(super) async fn list_batches(
        &self,
        filter: &BatchFilter,
        page: Page<BatchCursor>,
    ) -> Result<Listing<BatchMetadata, BatchCursor>, StoreError> {
        let domains = self.domains_of(filter.domain.as_ref()).await?;
        let kind = filter.batch_type.map(|kind| match kind {
            BatchType::Command => "COMMAND",
            BatchType::Process => "PROCESS",
        });
        let mut sql = QueryBuilder::new("select s.batch_id from unnest(");
        sql.push_bind(&domains);
        sql.push("::text[]) as d(domain) cross join lateral (select b.created_at, b.batch_id from commandbus.batch b");
        sql.push(" where b.domain = d.domain");
        if let Some(kind) = kind {
            sql.push(" and b.batch_type = ").push_bind(kind);
        }
        if let Some(has_ended) = filter.has_ended {
            sql.push(" and (b.status in ('COMPLETED', 'COMPLETED_WITH_FAILURES')) = ").push_bind(has_ended);
        }
        if let Some(BatchCursor { created_at, batch_id }) = page.after {
            sql.push(" and b.created_at <= ").push_bind(created_at);
            sql.push(" and (b.created_at, b.batch_id) < (").push_bind(created_at);
            sql.push(", ").push_bind(batch_id.as_uuid()).push(")");
        }
        sql.push(format!(" order by b.created_at desc, b.batch_id desc limit {}", page.limit));
        sql.push(format!(") as s order by s.created_at desc, s.batch_id desc limit {}", page.limit));
        let ids: Vec<Uuid> = sql.build_query_scalar().call_all(&self.pool).await?;
        let rows = sqlx::query(
            "select b.* from unnest($1::text[]) as d(domain)
             join commandbus.batch_status b on b.domain = d.domain and b.batch_id = any($2)
             order by b.created_at desc, b.batch_id desc",
        )
        .bind(&domains)
        .bind(&ids)
        .call_all(&self.pool)
        .await?;
        let items = rows.iter().map(batch).collect::<Result<Vec<BatchMetadata>, _>>()?;
        let next = items
            .last()
            .filter(|_| ids.len() >= page.limit as usize)
            .map(|last| BatchCursor { created_at: last.created_at, batch_id: last.batch_id });
        Ok(Listing { items, next })
    }

    pub(super) async fn find_batches_of_id(&self, id: BatchId) -> Result<Vec<BatchMetadata>, StoreError> {
        let domains = self.domains_of(None).await?;
        let rows = sqlx::query("select * from commandbus.batch_status where domain = any($1) and batch_id = $2")
            .bind(domains)
            .bind(id.as_uuid())
            .call_all(&self.pool)
            .await?;
        Ok(rows.iter().map(batch).collect::<Result<_, _>>()?)
    }

    pub(super) async fn find_audit(
        &self,
        filter: &AuditFilter,
        page: Page<i64>,
    ) -> Result<Listing<AuditEvent, i64>, StoreError> {
        self.ready().await?;
        let mut sql = QueryBuilder::new(
            "select e.* from (select a.audit_id, a.domain, a.command_id, a.event_type, a.ts,
                                     coalesce(a.details_json, '{}') as details
                              from commandbus.audit a where true",
        );
        if let Some(subject) = filter.subject {
            sql.push(" and a.command_id = ").push_bind(subject);
        }
        if let Some(after) = page.after {
            sql.push(" and a.audit_id < ").push_bind(after);
        }
        sql.push(format!(" order by a.audit_id desc limit {BUDGET}) as e where true"));
        if let Some(domain) = &filter.domain {
            sql.push(" and e.domain = ").push_bind(domain.as_str().to_owned());
        }
        if let Some(event) = &filter.event {
            sql.push(" and e.event_type = ").push_bind(event);
        }
        if let Some(operator) = &filter.operator {
            sql.push(" and coalesce(e.details->>'operator', e.details->>'by') = ").push_bind(operator);
        }
        sql.push(format!(" order by e.audit_id desc limit {}", page.limit));
        let rows = sql.build().call_all(&self.pool).await?;
        let items = rows.iter().map(event).collect::<Result<Vec<AuditEvent>, _>>()?;
        let mut next = items.last().map(|last| last.audit_id).filter(|_| items.len() >= page.limit as usize);
        if next.is_none() && filter.subject.is_none() {
            next = sqlx::query_scalar(
                "select a.audit_id from commandbus.audit a where $1::bigint is null or a.audit_id < $1
                 order by a.audit_id desc offset $2 limit 1",
            )
            .bind(page.after)
            .bind(BUDGET - 1)
            .call_optional(&self.pool)
            .await?;
        }
        Ok(Listing { items, next })
    }
}

fn event(row: &PgRow) -> Result<AuditEvent, sqlx::Error> {
    Ok(AuditEvent {
        audit_id: row.try_get("audit_id")?,
        domain: domain(row)?,
        subject: row.try_get("command_id")?,
        event: row.try_get("event_type")?,
        at: row.try_get("ts")?,
        details: row.try_get("details")?,
    })
}
