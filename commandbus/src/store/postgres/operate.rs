//! Canceling, and an operator's verbs.

use std::{collections::HashSet, str::FromStr};

use serde_json::value::RawValue;
use sqlx::{Row, types::Json};
use uuid::Uuid;

use super::{PostgresStore, connections::Call, work::by_id};
use crate::{
    error::StoreError,
    message::{BatchId, CommandId, CommandStatus, Domain, UnknownStatus},
    store::{Canceled, OperatorAction, OperatorVerb, Resolution},
};

impl PostgresStore {
    pub(super) async fn cancel_commands(
        &self,
        domain: &Domain,
        ids: &[CommandId],
        by: &str,
        reason: &str,
    ) -> Result<Vec<Canceled>, StoreError> {
        self.ready().await?;
        let rows = sqlx::query("select command_id, status, canceled from commandbus.cancel_commands($1, $2, $3, $4)")
            .bind(domain.as_str())
            .bind(uuids(ids))
            .bind(by)
            .bind(reason)
            .call_all(&self.pool)
            .await?;
        let mut answers = Vec::with_capacity(rows.len());
        for row in &rows {
            let answer = match row.try_get("canceled")? {
                true => Canceled::Canceled,
                false => Canceled::Not(status(row.try_get("status")?)?),
            };
            answers.push((row.try_get::<Uuid, _>("command_id")?, answer));
        }
        let mut answers = by_id(answers);
        let mut answer = |id: &CommandId| {
            let Some(answer) = answers.get_mut(&id.as_uuid()) else { return Canceled::NotFound };
            // Named once more, it is no longer there to be canceled.
            let again = if *answer == Canceled::Canceled { Canceled::Not(CommandStatus::Canceled) } else { *answer };
            std::mem::replace(answer, again)
        };
        Ok(ids.iter().map(&mut answer).collect())
    }

    pub(super) async fn cancel_rest_of(
        &self,
        domain: &Domain,
        batch: BatchId,
        by: &str,
        reason: &str,
    ) -> Result<u64, StoreError> {
        self.ready().await?;
        let mut total = 0;
        loop {
            let canceled: i32 = sqlx::query_scalar("select commandbus.cancel_rest($1, $2, $3, $4)")
                .bind(domain.as_str())
                .bind(batch.as_uuid())
                .bind(by)
                .bind(reason)
                .call_one(&self.pool)
                .await?;
            if canceled == 0 {
                return Ok(total);
            }
            total += u64::from(canceled.unsigned_abs());
        }
    }

    pub(super) async fn resolve_parked(
        &self,
        domain: &Domain,
        actions: &[OperatorAction],
    ) -> Result<Vec<Resolution>, StoreError> {
        // The procedure wants each command once; a second verb finds what the first made of it.
        let mut seen = HashSet::with_capacity(actions.len());
        if actions.iter().all(|action| seen.insert(action.command_id)) {
            return self.resolve_at_once(domain, actions).await;
        }
        let mut answers = Vec::with_capacity(actions.len());
        for action in actions {
            answers.extend(self.resolve_at_once(domain, std::slice::from_ref(action)).await?);
        }
        Ok(answers)
    }

    async fn resolve_at_once(
        &self,
        domain: &Domain,
        actions: &[OperatorAction],
    ) -> Result<Vec<Resolution>, StoreError> {
        self.ready().await?;
        let column = |pick: fn(&OperatorVerb) -> Option<&RawValue>| -> Vec<Option<Json<&RawValue>>> {
            actions.iter().map(|action| pick(&action.verb).map(Json)).collect()
        };
        let rows = sqlx::query(
            "select command_id, status, done, gone from commandbus.resolve_parked($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(domain.as_str())
        .bind(actions.iter().map(|action| action.command_id.as_uuid()).collect::<Vec<_>>())
        .bind(actions.iter().map(|action| action.verb.as_str()).collect::<Vec<_>>())
        .bind(actions.iter().map(|action| action.operator.as_str()).collect::<Vec<_>>())
        .bind(actions.iter().map(|action| action.reason.as_deref()).collect::<Vec<_>>())
        .bind(column(|verb| match verb {
            OperatorVerb::Retry { payload } => payload.as_ref().map(|payload| &*payload.data),
            OperatorVerb::Cancel | OperatorVerb::Complete { .. } => None,
        }))
        .bind(column(|verb| match verb {
            OperatorVerb::Complete { result } => result.as_deref(),
            OperatorVerb::Cancel | OperatorVerb::Retry { .. } => None,
        }))
        .bind(actions.iter().map(|action| version(&action.verb)).collect::<Vec<_>>())
        .call_all(&self.pool)
        .await?;

        let mut answers = Vec::with_capacity(rows.len());
        for row in &rows {
            let answer = match (row.try_get("done")?, row.try_get("gone")?) {
                (true, _) => Resolution::Done,
                (false, true) => Resolution::MessageGone,
                (false, false) => Resolution::NotParked(status(row.try_get("status")?)?),
            };
            answers.push((row.try_get::<Uuid, _>("command_id")?, answer));
        }
        let answers = by_id(answers);
        Ok(actions
            .iter()
            .map(|action| answers.get(&action.command_id.as_uuid()).copied().unwrap_or(Resolution::NotFound))
            .collect())
    }
}

/// The version that the message of an edited payload is to name.
fn version(verb: &OperatorVerb) -> Option<i32> {
    match verb {
        OperatorVerb::Retry { payload: Some(payload) } => {
            payload.version.map(|version| i32::try_from(version).unwrap_or(i32::MAX))
        }
        _ => None,
    }
}

pub(super) fn uuids(ids: &[CommandId]) -> Vec<Uuid> {
    ids.iter().map(CommandId::as_uuid).collect()
}

/// Reads a status; one that this version does not know is an error of the database's content.
pub(super) fn status<S: FromStr<Err = UnknownStatus>>(text: &str) -> Result<S, sqlx::Error> {
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
