//! What is parked: to list, to group, to resolve one by one. Whole filters are resolved by operations.

use axum::{Json, extract::State, http::StatusCode};
use commandbus::{
    message::{BatchId, CommandId},
    ops::Operator,
    store::ParkedFilter,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    commands::Reason,
    extract::{Asked, At, Given, Operating, Paging, Viewer, domain, some_domain},
};
use crate::{
    access::Caller,
    problem::Problem,
    view::{self, Page, Parked, ParkedCase, ParkedGroup},
};

/// Which parked commands.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ParkedQuery {
    /// Of this domain.
    pub(crate) domain: Option<String>,
    /// Of this type.
    pub(crate) command_type: Option<String>,
    /// With this error code.
    pub(crate) error_code: Option<String>,
    /// With this fingerprint, as the groups tell it.
    pub(crate) fingerprint: Option<String>,
    /// Of this batch.
    pub(crate) batch_id: Option<Uuid>,
}

impl ParkedQuery {
    pub(crate) fn filter(self) -> Result<ParkedFilter, Problem> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut filter = ParkedFilter::default();
        filter.domain = some_domain(self.domain.as_deref())?;
        filter.command_type = given(self.command_type);
        filter.error_code = given(self.error_code);
        filter.fingerprint = given(self.fingerprint);
        filter.batch_id = self.batch_id.map(BatchId::from_uuid);
        Ok(filter)
    }
}

/// What is parked, oldest first.
#[utoipa::path(get, path = "/troubleshooting", tag = "troubleshooting", params(ParkedQuery, Paging),
    responses((status = 200, body = Page<Parked>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Viewer,
    Asked(query): Asked<ParkedQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Parked>>, Problem> {
    let page = paging.page::<i64>()?;
    let items = api.bus.troubleshooting().list(&query.filter()?, page).await?;
    let next = items.last().map(|last| last.parked_id).filter(|_| items.len() >= page.limit as usize);
    Ok(Json(Page { items: view::all(items), next_cursor: next.map(|next| next.to_string()) }))
}

/// What is parked by cause, the most frequent one first.
#[utoipa::path(get, path = "/troubleshooting/groups", tag = "troubleshooting", params(ParkedQuery),
    responses((status = 200, body = Vec<ParkedGroup>)))]
pub(crate) async fn groups(
    State(api): State<Api>,
    _: Viewer,
    Asked(query): Asked<ParkedQuery>,
) -> Result<Json<Vec<ParkedGroup>>, Problem> {
    Ok(Json(view::all(api.bus.troubleshooting().groups(&query.filter()?).await?)))
}

/// How many a filter finds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Total {
    /// So many.
    pub(crate) count: u64,
}

/// How much is parked: what an operation on this filter would take.
#[utoipa::path(get, path = "/troubleshooting/count", tag = "troubleshooting", params(ParkedQuery),
    responses((status = 200, body = Total)))]
pub(crate) async fn count(
    State(api): State<Api>,
    _: Viewer,
    Asked(query): Asked<ParkedQuery>,
) -> Result<Json<Total>, Problem> {
    Ok(Json(Total { count: api.bus.troubleshooting().count(&query.filter()?).await? }))
}

/// One parked command with its history.
#[utoipa::path(get, path = "/troubleshooting/{domain}/{command_id}", tag = "troubleshooting",
    params(("domain" = String, Path), ("command_id" = Uuid, Path)),
    responses((status = 200, body = ParkedCase), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Viewer,
    At((name, id)): At<(String, Uuid)>,
) -> Result<Json<ParkedCase>, Problem> {
    Ok(Json(api.bus.troubleshooting().show(&domain(&name)?, CommandId::from_uuid(id)).await?.into()))
}

pub(crate) fn operator(api: &Api, caller: Caller, reason: Option<String>) -> Operator {
    let operator = api.bus.troubleshooting().by(caller.name);
    match reason {
        Some(reason) => operator.because(reason),
        None => operator,
    }
}

/// How to send it again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// Why; the audit trail keeps it.
    pub(crate) reason: Option<String>,
    /// What it is to carry instead. A masked field that is left as it is keeps its value.
    pub(crate) payload: Option<Value>,
}

/// Sends a parked command again, with a new budget of attempts.
#[utoipa::path(post, path = "/troubleshooting/{domain}/{command_id}/retry", tag = "troubleshooting", request_body = Retry,
    params(("domain" = String, Path), ("command_id" = Uuid, Path)),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn retry(
    State(api): State<Api>,
    Operating(caller): Operating,
    At((name, id)): At<(String, Uuid)>,
    Given(body): Given<Retry>,
) -> Result<StatusCode, Problem> {
    let (domain, id) = (domain(&name)?, CommandId::from_uuid(id));
    let operator = operator(&api, caller, body.reason);
    match body.payload {
        Some(payload) => operator.retry_edited_untyped(&domain, id, &payload).await?,
        None => operator.retry(&domain, id).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a parked command as CANCELED. The reason is required: its sender gets it.
#[utoipa::path(post, path = "/troubleshooting/{domain}/{command_id}/cancel", tag = "troubleshooting", request_body = Reason,
    params(("domain" = String, Path), ("command_id" = Uuid, Path)),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    Operating(caller): Operating,
    At((name, id)): At<(String, Uuid)>,
    Given(body): Given<Reason>,
) -> Result<StatusCode, Problem> {
    operator(&api, caller, None).cancel(&domain(&name)?, CommandId::from_uuid(id), &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How to complete it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Complete {
    /// Why; the audit trail keeps it.
    pub(crate) reason: Option<String>,
    /// The result that its handler would have returned.
    pub(crate) result: Option<Value>,
}

/// Ends a parked command as COMPLETED, as after doing by hand what it was for.
#[utoipa::path(post, path = "/troubleshooting/{domain}/{command_id}/complete", tag = "troubleshooting", request_body = Complete,
    params(("domain" = String, Path), ("command_id" = Uuid, Path)),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn complete(
    State(api): State<Api>,
    Operating(caller): Operating,
    At((name, id)): At<(String, Uuid)>,
    Given(body): Given<Complete>,
) -> Result<StatusCode, Problem> {
    let (domain, id) = (domain(&name)?, CommandId::from_uuid(id));
    let operator = operator(&api, caller, body.reason);
    match body.result {
        Some(result) => operator.complete_with(&domain, id, &result).await?,
        None => operator.complete(&domain, id).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}
