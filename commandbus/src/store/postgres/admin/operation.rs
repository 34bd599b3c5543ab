//! Operations: recorded, gone on with, and found again.

use sqlx::{Row, postgres::PgRow, types::Json};

use crate::{
    error::StoreError,
    store::{
        Listing, NewOperation, Operation, OperationId, OperationStatus, OperationVerb, Page, ParkedFilter,
        postgres::{PostgresStore, connections::Call, work::count},
    },
};

const SELECT: &str = "
    select operation_id, verb, filter, operator, reason, status, total_count, done_count, skipped_count, created_at,
           updated_at, completed_at
    from commandbus.operation";

impl PostgresStore {
    pub(super) async fn record_operation(&self, new: &NewOperation) -> Result<Operation, StoreError> {
        self.ready().await?;
        sqlx::query("select commandbus.begin_operation($1, $2, $3, $4, $5, $6)")
            .bind(new.operation_id.as_uuid())
            .bind(new.verb.as_str())
            .bind(Json(&new.filter))
            .bind(&new.operator)
            .bind(new.reason.as_deref())
            .bind(new.result.as_deref().map(Json))
            .call(&self.pool)
            .await?;
        let recorded = self.find_operation(new.operation_id).await?;
        recorded.ok_or(StoreError::Unsupported("the operation was removed as soon as it had begun"))
    }

    pub(super) async fn go_on_with_operation(
        &self,
        id: OperationId,
        limit: u32,
    ) -> Result<Option<Operation>, StoreError> {
        self.ready().await?;
        sqlx::query("select commandbus.advance_operation($1, $2)")
            .bind(id.as_uuid())
            .bind(i32::try_from(limit).unwrap_or(i32::MAX))
            .call(&self.pool)
            .await?;
        self.find_operation(id).await
    }

    pub(super) async fn end_operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.ready().await?;
        sqlx::query(
            "update commandbus.operation
             set status = 'CANCELED', updated_at = clock_timestamp(), completed_at = clock_timestamp()
             where operation_id = $1 and status = 'RUNNING'",
        )
        .bind(id.as_uuid())
        .call(&self.pool)
        .await?;
        self.find_operation(id).await
    }

    pub(super) async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        self.ready().await?;
        let sql = format!("{SELECT} where operation_id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_uuid()).call_optional(&self.pool).await?;
        Ok(row.as_ref().map(operation).transpose()?)
    }

    pub(super) async fn list_operations(
        &self,
        page: Page<OperationId>,
    ) -> Result<Listing<Operation, OperationId>, StoreError> {
        self.ready().await?;
        let sql = format!("{SELECT} where $1::uuid is null or operation_id < $1 order by operation_id desc limit $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(page.after.map(|id| id.as_uuid()))
            .bind(i64::from(page.limit))
            .call_all(&self.pool)
            .await?;
        let items = rows.iter().map(operation).collect::<Result<Vec<Operation>, _>>()?;
        let next = items.last().map(|last| last.operation_id).filter(|_| items.len() >= page.limit as usize);
        Ok(Listing { items, next })
    }
}

fn operation(row: &PgRow) -> Result<Operation, sqlx::Error> {
    let unknown = |text: &str| sqlx::Error::Decode(format!("`{text}` is written by a newer version").into());
    let (verb, status): (&str, &str) = (row.try_get("verb")?, row.try_get("status")?);
    let Json(filter): Json<ParkedFilter> = row.try_get("filter")?;
    Ok(Operation {
        operation_id: OperationId::from_uuid(row.try_get("operation_id")?),
        verb: OperationVerb::read(verb).ok_or_else(|| unknown(verb))?,
        filter,
        operator: row.try_get("operator")?,
        reason: row.try_get("reason")?,
        status: OperationStatus::read(status).ok_or_else(|| unknown(status))?,
        total_count: count(row, "total_count")?,
        done_count: count(row, "done_count")?,
        skipped_count: count(row, "skipped_count")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        completed_at: row.try_get("completed_at")?,
    })
}
