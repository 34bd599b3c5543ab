//! Settling a group, and what becomes of it when one member is bad.

use std::collections::HashSet;

use serde_json::value::RawValue;
use sqlx::{PgConnection, postgres::PgArguments, query::QueryAs, types::Json};
use uuid::Uuid;

use super::{PostgresStore, connections::Call, milliseconds};
use crate::{
    error::StoreError,
    message::{Domain, Failure},
    store::{ParkReason, Settled, SettledGroup, Settlement, Verdict},
};

/// One settlement, as the procedure takes it.
#[derive(Default)]
struct Line<'a> {
    verdict: &'static str,
    result: Option<&'a RawValue>,
    keep: bool,
    reason: Option<&'static str>,
    failure: Option<&'a Failure>,
    pause_ms: Option<i64>,
}

impl<'a> From<&'a Verdict> for Line<'a> {
    fn from(verdict: &'a Verdict) -> Self {
        match verdict {
            Verdict::Complete { result, keep } => {
                Self { verdict: "COMPLETE", result: result.as_deref(), keep: *keep, ..Self::default() }
            }
            Verdict::Retry { failure, after } => Self {
                verdict: "RETRY",
                failure: Some(failure),
                pause_ms: Some(milliseconds(*after)),
                ..Self::default()
            },
            Verdict::Park { reason, failure } => {
                Self { verdict: "PARK", reason: Some(reason.as_str()), failure: Some(failure), ..Self::default() }
            }
            Verdict::Fail { failure, keep } => {
                Self { verdict: "FAIL", failure: Some(failure), keep: *keep, ..Self::default() }
            }
            Verdict::GiveBack { after } => {
                Self { verdict: "GIVE_BACK", pause_ms: Some(milliseconds(*after)), ..Self::default() }
            }
        }
    }
}

/// The call of `settle_commands`; it answers with the commands whose delivery was no longer current, and with whether
/// counts of batches were left behind.
fn settle_commands<'q>(
    domain: &'q Domain,
    settlements: &[&'q Settlement],
    transactional: bool,
) -> QueryAs<'q, sqlx::Postgres, (Vec<Uuid>, bool), PgArguments> {
    let lines: Vec<Line<'q>> = settlements.iter().map(|settlement| Line::from(&settlement.verdict)).collect();
    let failure = |pick: fn(&'q Failure) -> &'q str| column(&lines, |line| line.failure.map(pick));
    sqlx::query_as(
        "select * from commandbus.settle_commands($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(domain.as_str())
    .bind(settlements.iter().map(|settlement| settlement.token.command_id.as_uuid()).collect::<Vec<_>>())
    .bind(settlements.iter().map(|settlement| settlement.token.msg_id).collect::<Vec<_>>())
    .bind(settlements.iter().map(|settlement| settlement.token.delivery).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.verdict).collect::<Vec<_>>())
    .bind(column(&lines, |line| line.result.map(Json)))
    .bind(column(&lines, |line| line.keep.then_some(true)))
    .bind(column(&lines, |line| line.reason))
    .bind(failure(|failure| failure.kind.as_str()))
    .bind(failure(|failure| &failure.code))
    .bind(failure(|failure| &failure.message))
    .bind(column(&lines, |line| line.failure.and_then(|failure| failure.details.as_ref()).map(Json)))
    .bind(column(&lines, |line| line.pause_ms))
    .bind(transactional)
}

/// What few settlements have: nothing at all when none of these does, which is nearly always.
fn column<'l, 'q, T>(lines: &'l [Line<'q>], field: impl Fn(&'l Line<'q>) -> Option<T>) -> Option<Vec<Option<T>>> {
    let column: Vec<Option<T>> = lines.iter().map(field).collect();
    column.iter().any(Option::is_some).then_some(column)
}

impl PostgresStore {
    pub(super) async fn settle_group(
        &self,
        domain: &Domain,
        settlements: &[Settlement],
    ) -> Result<SettledGroup, StoreError> {
        // The procedure wants each command once; whoever settles twice is late the second time.
        let mut seen = HashSet::with_capacity(settlements.len());
        let firsts: Vec<&Settlement> =
            settlements.iter().filter(|settlement| seen.insert(settlement.token.command_id)).collect();
        if firsts.len() < settlements.len() {
            return self.settle_one_by_one(domain, settlements).await;
        }
        match self.settle_at_once(domain, &firsts).await {
            Err(StoreError::Data { .. }) => self.settle_one_by_one(domain, settlements).await,
            answer => answer,
        }
    }

    async fn settle_at_once(&self, domain: &Domain, group: &[&Settlement]) -> Result<SettledGroup, StoreError> {
        if group.is_empty() {
            return Ok(SettledGroup { answers: Vec::new(), unfolded: false });
        }
        let (stale, unfolded) = settle_commands(domain, group, false).call_one(&self.engine).await?;
        let answer = |settlement: &&Settlement| match stale.contains(&settlement.token.command_id.as_uuid()) {
            true => Settled::Stale,
            false => Settled::Recorded,
        };
        Ok(SettledGroup { answers: group.iter().map(answer).collect(), unfolded })
    }

    /// A group is not a fate: the member whose data the database refuses is parked, the others are settled.
    async fn settle_one_by_one(&self, domain: &Domain, settlements: &[Settlement]) -> Result<SettledGroup, StoreError> {
        let mut settled = SettledGroup { answers: Vec::with_capacity(settlements.len()), unfolded: false };
        for settlement in settlements {
            let (answer, unfolded) = self.settle_alone(domain, settlement).await?;
            settled.answers.push(answer);
            settled.unfolded |= unfolded;
        }
        Ok(settled)
    }

    async fn settle_alone(&self, domain: &Domain, settlement: &Settlement) -> Result<(Settled, bool), StoreError> {
        let refused = match self.settle_at_once(domain, &[settlement]).await {
            Err(StoreError::Data { code, message }) => format!("the outcome could not be written: {message} ({code})"),
            settled => return settled.map(|settled| (settled.answers[0], settled.unfolded)),
        };
        let failure = Failure::permanent("UNSETTLEABLE", refused);
        let verdict = Verdict::Park { reason: ParkReason::Unsettleable, failure };
        let parked = Settlement { token: settlement.token, verdict };
        let settled = self.settle_at_once(domain, &[&parked]).await?;
        let answer = match settled.answers[0] {
            Settled::Recorded => Settled::Unsettleable,
            other => other,
        };
        Ok((answer, settled.unfolded))
    }

    /// Settles one delivery in the transaction its handler wrote in; the caller commits. `Stale`: roll back.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] with SQLSTATE `CB002` when the handler ended the transaction by itself, `25P02` when it
    /// swallowed an error that aborted it.
    pub async fn settle_within(
        &self,
        connection: &mut PgConnection,
        domain: &Domain,
        settlement: &Settlement,
    ) -> Result<Settled, StoreError> {
        let (stale, _) = settle_commands(domain, &[settlement], true).fetch_one(connection).await?;
        Ok(if stale.is_empty() { Settled::Recorded } else { Settled::Stale })
    }
}
