//! Batches, of commands and of processes.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use commandbus::{
    message::{BatchId, BatchMetadata, BatchType, Domain},
    store::BatchFilter,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    commands::Reason,
    extract::{Asked, At, Given, MayGive, Operating, Paging, Viewer, some_domain},
    operations::{accepted, go_on},
};
use crate::{
    problem::Problem,
    view::{Batch, Operation, Page},
};

/// Which batches.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BatchQuery {
    /// Of this domain.
    pub(crate) domain: Option<String>,
    /// COMMAND or PROCESS.
    pub(crate) batch_type: Option<String>,
    /// `true` for those that have ended, `false` for those that have not.
    pub(crate) has_ended: Option<bool>,
}

/// Where a batch is, should its id be in several domains.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InDomain {
    /// The domain; needed only when an id was chosen twice.
    pub(crate) domain: Option<String>,
}

/// Batches, newest first.
#[utoipa::path(get, path = "/batches", tag = "batches", params(BatchQuery, Paging), responses((status = 200, body = Page<Batch>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Viewer,
    Asked(query): Asked<BatchQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Batch>>, Problem> {
    let mut filter = BatchFilter::default();
    filter.domain = some_domain(query.domain.as_deref())?;
    filter.has_ended = query.has_ended;
    filter.batch_type = match query.batch_type.as_deref() {
        None | Some("") => None,
        Some("COMMAND") => Some(BatchType::Command),
        Some("PROCESS") => Some(BatchType::Process),
        Some(other) => return Err(Problem::bad_request(format!("`batch_type` is COMMAND or PROCESS, not `{other}`"))),
    };
    Ok(Json(Page::of(api.bus.batches().list(&filter, paging.page()?).await?)))
}

async fn find(api: &Api, id: Uuid, place: &InDomain) -> Result<BatchMetadata, Problem> {
    let domain = some_domain(place.domain.as_deref())?;
    let id = BatchId::from_uuid(id);
    let mut found = api.bus.batches().find(id).await?;
    found.retain(|batch| domain.as_ref().is_none_or(|domain| *domain == batch.domain));
    match (found.pop(), found.is_empty()) {
        (Some(batch), true) => Ok(batch),
        (Some(_), false) => Err(Problem::new(
            StatusCode::CONFLICT,
            "ambiguous",
            format!("several domains have a batch {id}: say which, as `?domain=..`"),
        )),
        (None, _) => {
            Err(Problem::not_found(format!("there is no batch {id}: check the id, or it was pruned after it ended")))
        }
    }
}

/// One batch, with counts that are exact now: of processes for a batch of processes.
#[utoipa::path(get, path = "/batches/{batch_id}", tag = "batches", params(("batch_id" = Uuid, Path), InDomain),
    responses((status = 200, body = Batch), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Viewer,
    At(id): At<Uuid>,
    Asked(place): Asked<InDomain>,
) -> Result<Json<Batch>, Problem> {
    Ok(Json(find(&api, id, &place).await?.into()))
}

/// How many were canceled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CanceledRest {
    /// So many.
    pub(crate) canceled: u64,
}

/// Cancels every command of a batch that waits. What runs goes on, what is parked stays.
#[utoipa::path(post, path = "/batches/{batch_id}/cancel-rest", tag = "batches", request_body = Reason,
    params(("batch_id" = Uuid, Path), InDomain),
    responses((status = 200, body = CanceledRest), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cancel_rest(
    State(api): State<Api>,
    Operating(caller): Operating,
    At(id): At<Uuid>,
    Asked(place): Asked<InDomain>,
    Given(body): Given<Reason>,
) -> Result<Json<CanceledRest>, Problem> {
    let (domain, id) = key(&api, id, &place).await?;
    let canceled = api.bus.batches().cancel_rest(&domain, id, &caller.name, &body.reason).await?;
    Ok(Json(CanceledRest { canceled }))
}

/// Why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SomeReason {
    /// Why; the audit trail keeps it.
    pub(crate) reason: Option<String>,
}

/// Sends again what is parked of a batch, as an operation.
#[utoipa::path(post, path = "/batches/{batch_id}/retry-parked", tag = "batches", request_body = SomeReason,
    params(("batch_id" = Uuid, Path), InDomain),
    responses((status = 202, body = Operation), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn retry_parked(
    state: State<Api>,
    operating: Operating,
    At(id): At<Uuid>,
    Asked(place): Asked<InDomain>,
    Given(body): Given<SomeReason>,
) -> Result<Response, Problem> {
    Ok(accepted(retry_parked_now(&state, operating, id, &place, body).await?, "../../"))
}

/// The same without HTTP.
pub(crate) async fn retry_parked_now(
    api: &Api,
    Operating(caller): Operating,
    id: Uuid,
    place: &InDomain,
    body: SomeReason,
) -> Result<Operation, Problem> {
    let (domain, id) = key(api, id, place).await?;
    let operation = api.bus.batches().retry_parked(&domain, id, &caller.name, body.reason.as_deref()).await?;
    Ok(go_on(api, operation))
}

/// Hands out no more commands of a batch; what runs finishes.
#[utoipa::path(post, path = "/batches/{batch_id}/pause", tag = "batches", request_body = Option<SomeReason>,
    params(("batch_id" = Uuid, Path), InDomain),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn pause(
    State(api): State<Api>,
    Operating(caller): Operating,
    At(id): At<Uuid>,
    Asked(place): Asked<InDomain>,
    MayGive(why): MayGive<SomeReason>,
) -> Result<StatusCode, Problem> {
    let (domain, id) = key(&api, id, &place).await?;
    api.bus.batches().pause(&domain, id, &caller.name, why.reason.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a pause.
#[utoipa::path(post, path = "/batches/{batch_id}/resume", tag = "batches", request_body = Option<SomeReason>,
    params(("batch_id" = Uuid, Path), InDomain),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resume(
    State(api): State<Api>,
    Operating(caller): Operating,
    At(id): At<Uuid>,
    Asked(place): Asked<InDomain>,
    MayGive(why): MayGive<SomeReason>,
) -> Result<StatusCode, Problem> {
    let (domain, id) = key(&api, id, &place).await?;
    api.bus.batches().resume(&domain, id, &caller.name, why.reason.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn key(api: &Api, id: Uuid, place: &InDomain) -> Result<(Domain, BatchId), Problem> {
    let batch = find(api, id, place).await?;
    Ok((batch.domain, batch.batch_id))
}
