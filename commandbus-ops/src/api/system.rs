//! The whole: the audit trail, queues, workers, figures, faults, and the types of this program.

use axum::{Json, extract::State, http::StatusCode};
use commandbus::store::AuditFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    batches::SomeReason,
    extract::{Asked, At, MayGive, Operating, Paging, Viewer, domain, some_domain},
};
use crate::{
    problem::Problem,
    view::{self, Event, Fault, Overview, Page, Queue, Worker},
};

/// How far back the overview looks.
const MINUTES: u32 = 60;

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Of this domain.
    pub(crate) domain: Option<String>,
    /// Of this command or batch.
    pub(crate) subject: Option<Uuid>,
    /// Of this type, as OPERATOR_RETRY.
    pub(crate) event: Option<String>,
    /// Of this operator.
    pub(crate) operator: Option<String>,
}

/// The audit trail, newest first.
#[utoipa::path(get, path = "/audit", tag = "system", params(AuditQuery, Paging), responses((status = 200, body = Page<Event>)))]
pub(crate) async fn audit(
    State(api): State<Api>,
    _: Viewer,
    Asked(query): Asked<AuditQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Event>>, Problem> {
    let mut filter = AuditFilter::default();
    filter.domain = some_domain(query.domain.as_deref())?;
    filter.subject = query.subject;
    filter.event = query.event.filter(|event| !event.is_empty());
    filter.operator = query.operator.filter(|operator| !operator.is_empty());
    Ok(Json(Page::of(api.bus.audit().search(&filter, paging.page()?).await?)))
}

/// The whole at a glance: queues, the last hour, how long commands took, workers.
#[utoipa::path(get, path = "/overview", tag = "system", responses((status = 200, body = Overview)))]
pub(crate) async fn overview(State(api): State<Api>, _: Viewer) -> Result<Json<Overview>, Problem> {
    let system = api.bus.system();
    Ok(Json(Overview {
        queues: view::all(system.queues().await?),
        throughput: view::all(system.throughput(MINUTES).await?),
        latency: view::all(system.latency().await?),
        workers: view::all(system.workers().await?),
    }))
}

/// The queue of each domain.
#[utoipa::path(get, path = "/queues", tag = "system", responses((status = 200, body = Vec<Queue>)))]
pub(crate) async fn queues(State(api): State<Api>, _: Viewer) -> Result<Json<Vec<Queue>>, Problem> {
    Ok(Json(view::all(api.bus.system().queues().await?)))
}

/// The workers.
#[utoipa::path(get, path = "/workers", tag = "system", responses((status = 200, body = Vec<Worker>)))]
pub(crate) async fn workers(State(api): State<Api>, _: Viewer) -> Result<Json<Vec<Worker>>, Problem> {
    Ok(Json(view::all(api.bus.system().workers().await?)))
}

/// What is wrong, or waits for a person. Looks at every command.
#[utoipa::path(get, path = "/faults", tag = "system", responses((status = 200, body = Vec<Fault>)))]
pub(crate) async fn faults(State(api): State<Api>, _: Viewer) -> Result<Json<Vec<Fault>>, Problem> {
    Ok(Json(view::all(api.bus.system().diagnose().await?)))
}

/// The commands and processes that are linked into this program.
#[utoipa::path(get, path = "/catalog", tag = "system", responses((status = 200, body = Value)))]
pub(crate) async fn catalog(_: Viewer) -> Result<Json<Value>, Problem> {
    let catalog = serde_json::to_value(commandbus::catalog());
    catalog.map(Json).map_err(|error| Problem::unprocessable(error.to_string()))
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The name that the audit trail keeps.
    name: String,
    /// What they may do here.
    rights: Vec<&'static str>,
}

/// Who you are to this server, and what you may do.
#[utoipa::path(get, path = "/me", tag = "system", responses((status = 200, body = Me)))]
pub(crate) async fn me(State(api): State<Api>, Viewer(caller): Viewer) -> Json<Me> {
    Json(Me { rights: api.rights(caller.rights).names(), name: caller.name })
}

/// Hands out no more commands of a domain; what runs finishes.
#[utoipa::path(post, path = "/domains/{domain}/pause", tag = "system", request_body = Option<SomeReason>,
    params(("domain" = String, Path)), responses((status = 204)))]
pub(crate) async fn pause(
    State(api): State<Api>,
    Operating(caller): Operating,
    At(name): At<String>,
    MayGive(why): MayGive<SomeReason>,
) -> Result<StatusCode, Problem> {
    api.bus.system().pause(&known(&api, &name).await?, &caller.name, why.reason.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a pause.
#[utoipa::path(post, path = "/domains/{domain}/resume", tag = "system", request_body = Option<SomeReason>,
    params(("domain" = String, Path)), responses((status = 204)))]
pub(crate) async fn resume(
    State(api): State<Api>,
    Operating(caller): Operating,
    At(name): At<String>,
    MayGive(why): MayGive<SomeReason>,
) -> Result<StatusCode, Problem> {
    api.bus.system().resume(&known(&api, &name).await?, &caller.name, why.reason.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A domain that has a queue: a mistyped name must not make one.
async fn known(api: &Api, name: &str) -> Result<commandbus::message::Domain, Problem> {
    let domain = domain(name)?;
    let known = api.bus.system().queues().await?;
    if known.iter().any(|queue| queue.domain == domain) {
        return Ok(domain);
    }
    let names: Vec<&str> = known.iter().map(|queue| queue.domain.as_str()).collect();
    Err(Problem::not_found(format!("there is no domain `{name}`; those with a queue are: {}", names.join(", "))))
}
