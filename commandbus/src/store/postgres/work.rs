//! Receiving, renewing, and folding batch counts.

use std::{collections::HashMap, time::Duration};

use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Row, postgres::PgRow, types::Json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{PostgresStore, connections::Call, lease_seconds, milliseconds};
use crate::{
    error::StoreError,
    message::{BatchId, CommandId, Domain},
    store::{Delivery, Received, Stray, StrayReason, Token},
};

impl PostgresStore {
    /// Whether a message is visible, or a group is to give a turn.
    pub(super) async fn look_for_work(&self, domain: &Domain) -> Result<bool, sqlx::Error> {
        // With now(), which an index is asked for; the name of a domain has nothing to be quoted.
        let look = format!(
            "select exists (select from pgmq.\"q_{}\" q where q.vt <= now())
                 or exists (select from commandbus.group_due d where d.domain = $1)",
            domain.commands_queue(),
        );
        sqlx::query_scalar(AssertSqlSafe(look)).bind(domain.as_str()).call_one(&self.engine).await
    }

    pub(super) async fn receive_commands(
        &self,
        domain: &Domain,
        limit: usize,
        lease: Duration,
    ) -> Result<Received, StoreError> {
        self.ensure(domain, [domain.commands_queue()]).await?;
        let mark = self.low_water.mark(domain, limit);
        let start = Instant::now();
        let mut rows = self.receive_above(mark, domain, limit, lease).await?;
        match rows.iter().filter_map(|row| row.try_get("msg_id").ok()).max() {
            Some(last) if rows.len() >= limit => self.low_water.full(domain, mark, last, start.elapsed()),
            _ => self.low_water.short(domain),
        }
        if mark > 0 && rows.len() < limit {
            // What was received is not lost when this fails: the next receive tries again.
            rows.extend(self.receive_above(0, domain, limit - rows.len(), lease).await.unwrap_or_default());
        }

        let mut received = Received::default();
        for row in &rows {
            let stray = |reason| -> Result<Stray, StoreError> { Ok(Stray { msg_id: row.try_get("msg_id")?, reason }) };
            match row.try_get("kind")? {
                "DELIVERY" => received.deliveries.push(delivery(domain, row)?),
                "PARKED" => received.parked.push(CommandId::from_uuid(row.try_get("command_id")?)),
                "HELD" => received.held += 1,
                "ABSENT" => received.strays.push(stray(StrayReason::Absent)?),
                "SUPERSEDED" => received.strays.push(stray(StrayReason::Superseded)?),
                "MALFORMED" => received.strays.push(stray(StrayReason::Malformed)?),
                _ => received.strays.push(stray(StrayReason::NotAwaited)?),
            }
        }
        // They come in the order of their ids; whoever was sent first is handled first.
        received.deliveries.sort_by_key(|delivery| delivery.token.msg_id);
        Ok(received)
    }

    async fn receive_above(
        &self,
        mark: i64,
        domain: &Domain,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<PgRow>, StoreError> {
        sqlx::query("select * from commandbus.receive_commands($1, $2, $3, $4)")
            .bind(domain.as_str())
            .bind(i32::try_from(limit).unwrap_or(i32::MAX))
            .bind(lease_seconds(lease))
            .bind(mark)
            .call_all(&self.engine)
            .await
            .inspect_err(|error| self.forget_missing_queue(&domain.commands_queue(), error))
            .map_err(StoreError::from)
    }

    pub(super) async fn renew_leases(
        &self,
        domain: &Domain,
        deliveries: &[Token],
        lease: Duration,
    ) -> Result<Vec<bool>, StoreError> {
        if deliveries.is_empty() {
            return Ok(Vec::new());
        }
        let current: Vec<i32> = sqlx::query_scalar("select commandbus.renew_leases($1, $2, $3, $4, $5)")
            .bind(domain.as_str())
            .bind(deliveries.iter().map(|token| token.command_id.as_uuid()).collect::<Vec<_>>())
            .bind(deliveries.iter().map(|token| token.msg_id).collect::<Vec<_>>())
            .bind(deliveries.iter().map(|token| token.delivery).collect::<Vec<_>>())
            .bind(milliseconds(lease))
            .call_one(&self.engine)
            .await?;
        let mut answers = vec![false; deliveries.len()];
        for position in current {
            answers[position as usize - 1] = true;
        }
        Ok(answers)
    }

    pub(super) async fn fold(&self, domain: &Domain) -> Result<usize, StoreError> {
        self.ready().await?;
        let folded: i32 = sqlx::query_scalar("select commandbus.fold_batches($1)")
            .bind(domain.as_str())
            .call_one(&self.engine)
            .await?;
        Ok(usize::try_from(folded).unwrap_or_default())
    }
}

fn delivery(domain: &Domain, row: &PgRow) -> Result<Delivery, StoreError> {
    let data: Option<Json<Box<RawValue>>> = row.try_get("data")?;
    let headers: Option<Json<serde_json::Map<String, serde_json::Value>>> = row.try_get("headers").unwrap_or_default();
    Ok(Delivery {
        token: Token {
            command_id: CommandId::from_uuid(row.try_get("command_id")?),
            msg_id: row.try_get("msg_id")?,
            delivery: row.try_get("delivery")?,
        },
        domain: domain.clone(),
        command_type: row.try_get("command_type")?,
        correlation_id: row.try_get("correlation_id")?,
        // An envelope without data is for the handler's type to refuse.
        data: data.map_or_else(|| RawValue::NULL.to_owned(), |Json(data)| data),
        headers: headers.map(|Json(headers)| headers).unwrap_or_default(),
        reply_to: row.try_get("reply_to")?,
        attempt: count(row, "attempt")?,
        max_attempts: count(row, "max_attempts")?,
        batch_id: row.try_get::<Option<Uuid>, _>("batch_id")?.map(BatchId::from_uuid),
        sent_at: row.try_get("sent_at")?,
    })
}

/// A count, which the database keeps as a signed integer.
pub(super) fn count(row: &PgRow, column: &str) -> Result<u32, sqlx::Error> {
    row.try_get::<i32, _>(column).map(|number| u32::try_from(number).unwrap_or_default())
}

/// Answers by id, for callers that ask in an order of their own.
pub(super) fn by_id<T>(rows: impl IntoIterator<Item = (Uuid, T)>) -> HashMap<Uuid, T> {
    rows.into_iter().collect()
}
