//! Verbs on everything that a filter finds, as operations that one can follow.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use commandbus::{
    message::CommandId,
    store::{OperationId, OperationVerb, ParkedFilter},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    extract::{Asked, At, Given, Operating, Paging, Viewer},
    troubleshooting::{ParkedQuery, operator},
};
use crate::{
    problem::Problem,
    view::{Operation, Page},
};

/// Which parked commands. A word that is not known is refused, for it would restrict nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
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

impl Which {
    fn filter(self) -> Result<ParkedFilter, Problem> {
        let Self { domain, command_type, error_code, fingerprint, batch_id } = self;
        ParkedQuery { domain, command_type, error_code, fingerprint, batch_id }.filter()
    }
}

/// An operation to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOperation {
    /// RETRY, CANCEL or COMPLETE.
    #[schema(value_type = String)]
    pub(crate) verb: OperationVerb,
    /// Which parked commands; all of them when it is empty, and then `expected_count` is required.
    #[serde(default)]
    pub(crate) filter: Which,
    /// Just these of them.
    pub(crate) command_ids: Option<Vec<Uuid>>,
    /// Why; CANCEL needs a reason, which the senders get.
    pub(crate) reason: Option<String>,
    /// The result that COMPLETE ends them with.
    pub(crate) result: Option<Value>,
    /// How many the preview counted: if the filter finds another number now, nothing is begun.
    pub(crate) expected_count: Option<u64>,
}

/// Begins a verb on everything parked that a filter finds now, and goes on with it in the background.
#[utoipa::path(post, path = "/operations", tag = "operations", request_body = NewOperation,
    responses((status = 202, body = Operation, headers(("Location" = String, description = "where to follow it"))),
              (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn begin(
    state: State<Api>,
    operating: Operating,
    Given(body): Given<NewOperation>,
) -> Result<Response, Problem> {
    Ok(accepted(begin_now(&state, operating, body).await?, ""))
}

/// The same without HTTP: begins an operation, goes on with it in the background, and answers how it stands.
pub(crate) async fn begin_now(
    api: &Api,
    Operating(caller): Operating,
    body: NewOperation,
) -> Result<Operation, Problem> {
    let mut filter = body.filter.filter()?;
    filter.command_ids = body.command_ids.map(|ids| ids.into_iter().map(CommandId::from_uuid).collect());
    if filter == ParkedFilter::default() && body.expected_count.is_none() {
        return Err(Problem::unprocessable(
            "an empty filter finds everything that is parked: say how much that is, as `expected_count`",
        ));
    }
    if let Some(expected) = body.expected_count {
        let count = api.bus.troubleshooting().count(&filter).await?;
        if count != expected {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "count-changed",
                format!("the filter finds {count} now, not {expected}: look at them again, then begin with that count"),
            ));
        }
    }
    let reason = body.reason.clone().unwrap_or_default();
    let operator = operator(api, caller, body.reason);
    let operation = match (body.verb, body.result) {
        (OperationVerb::Retry, _) => operator.retry_all(&filter).await?,
        (OperationVerb::Cancel, _) => operator.cancel_all(&filter, &reason).await?,
        (OperationVerb::Complete, Some(result)) => operator.complete_all_with(&filter, &result).await?,
        (OperationVerb::Complete, None) => operator.complete_all(&filter).await?,
    };
    Ok(go_on(api, operation))
}

/// Goes on with an operation in the background.
pub(crate) fn go_on(api: &Api, operation: commandbus::store::Operation) -> Operation {
    let (bus, id) = (api.bus.clone(), operation.operation_id);
    tokio::spawn(async move {
        if let Err(error) = bus.operations().run(id, |_| {}).await {
            tracing::warn!(%error, operation = %id, "an operation stopped; it can be resumed");
        }
    });
    operation.into()
}

/// Tells where to follow an operation: `up` leads from the address that was asked to the root of the API.
pub(crate) fn accepted(operation: Operation, up: &str) -> Response {
    let place = format!("{up}operations/{}", operation.operation_id);
    (StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(operation)).into_response()
}

/// Operations, newest first.
#[utoipa::path(get, path = "/operations", tag = "operations", params(Paging), responses((status = 200, body = Page<Operation>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Viewer,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Operation>>, Problem> {
    Ok(Json(Page::of(api.bus.operations().list(paging.page()?).await?)))
}

/// How an operation stands.
#[utoipa::path(get, path = "/operations/{operation_id}", tag = "operations", params(("operation_id" = Uuid, Path)),
    responses((status = 200, body = Operation), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(State(api): State<Api>, _: Viewer, At(id): At<Uuid>) -> Result<Json<Operation>, Problem> {
    Ok(Json(api.bus.operations().get(OperationId::from_uuid(id)).await?.into()))
}

/// Ends an operation where it stands. What it did stays done.
#[utoipa::path(post, path = "/operations/{operation_id}/cancel", tag = "operations", params(("operation_id" = Uuid, Path)),
    responses((status = 200, body = Operation), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn cancel(
    State(api): State<Api>,
    Operating(caller): Operating,
    At(id): At<Uuid>,
) -> Result<Json<Operation>, Problem> {
    tracing::info!(operator = caller.name, operation = %id, "an operation is ended");
    Ok(Json(api.bus.operations().cancel(OperationId::from_uuid(id)).await?.into()))
}

/// Goes on with an operation whose server stopped. Where somebody is at it, it goes on as it would.
#[utoipa::path(post, path = "/operations/{operation_id}/resume", tag = "operations", params(("operation_id" = Uuid, Path)),
    responses((status = 202, body = Operation), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn resume(state: State<Api>, operating: Operating, At(id): At<Uuid>) -> Result<Response, Problem> {
    Ok(accepted(resume_now(&state, operating, id).await?, "../../"))
}

/// The same without HTTP.
pub(crate) async fn resume_now(api: &Api, Operating(caller): Operating, id: Uuid) -> Result<Operation, Problem> {
    let operation = api.bus.operations().get(OperationId::from_uuid(id)).await?;
    tracing::info!(operator = caller.name, operation = %id, "an operation is resumed");
    Ok(go_on(api, operation))
}
