//! Processes, and batches of them.

use axum::{Json, extract::State, http::StatusCode};
use chrono::Utc;
use commandbus::{
    message::{BatchId, ProcessId, ProcessStatus},
    store::ProcessFilter,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    extract::{Asked, At, Given, Operating, Paging, Sending, Viewer, domain, some_domain},
};
use crate::{
    problem::Problem,
    view::{self, Page, ParkedReply, Process, ProcessDetail},
};

/// How many processes one request may start.
const MOST: usize = 10_000;

/// Which processes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProcessQuery {
    /// Of this domain.
    pub(crate) domain: Option<String>,
    /// Of this type.
    pub(crate) process_type: Option<String>,
    /// In this state, as WAITING_FOR_REPLY.
    pub(crate) status: Option<String>,
    /// Of this batch.
    pub(crate) batch_id: Option<Uuid>,
}

/// Processes, newest id first.
#[utoipa::path(get, path = "/processes", tag = "processes", params(ProcessQuery, Paging),
    responses((status = 200, body = Page<Process>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Viewer,
    Asked(query): Asked<ProcessQuery>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<Process>>, Problem> {
    let mut filter = ProcessFilter::default();
    filter.domain = some_domain(query.domain.as_deref())?;
    filter.process_type = query.process_type.filter(|name| !name.is_empty());
    filter.batch_id = query.batch_id.map(BatchId::from_uuid);
    let status = query.status.as_deref().filter(|status| !status.is_empty());
    filter.status = status.map(str::parse::<ProcessStatus>).transpose().map_err(|_| {
        let known: Vec<&str> = ProcessStatus::ALL.iter().map(|status| status.as_str()).collect();
        Problem::bad_request(format!("`status` is one of {}", known.join(", ")))
    })?;
    Ok(Json(Page::of(api.bus.processes().search(&filter, paging.page()?).await?)))
}

/// Processes to start together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProcessBatch {
    /// The domain that keeps them.
    domain: String,
    /// The name of their type, which has to be linked into the serving program.
    process_type: String,
    /// What people call the batch; named after the moment unless given.
    name: Option<String>,
    /// The state that each begins with.
    processes: Vec<Value>,
}

/// A process that was started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StartedProcess {
    process_id: Uuid,
}

/// The batch that was created.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StartedBatch {
    batch_id: Uuid,
    batch_status: String,
    total_count: u32,
    completed_count: u32,
    processes: Vec<StartedProcess>,
}

/// Creates a batch of processes, and starts these in it.
#[utoipa::path(post, path = "/processes/batch", tag = "processes", request_body = NewProcessBatch,
    responses((status = 201, body = StartedBatch), (status = 422, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn start_batch(
    State(api): State<Api>,
    Sending(caller): Sending,
    Given(body): Given<NewProcessBatch>,
) -> Result<(StatusCode, Json<StartedBatch>), Problem> {
    let domain = domain(&body.domain)?;
    if body.processes.is_empty() || body.processes.len() > MOST {
        return Err(Problem::unprocessable(format!("start between 1 and {MOST} processes in one request")));
    }
    let name = body.name.unwrap_or_else(|| format!("Process batch {}", Utc::now().format("%Y-%m-%dT%H:%M:%S")));
    let (id, processes) = api.bus.start_untyped_batch(&domain, &body.process_type, &name, body.processes).await?;
    tracing::info!(operator = caller.name, batch = %id, count = processes.len(), "processes were started");
    let batch = api.bus.batches().get(&domain, id).await?;
    let batch = batch.ok_or_else(|| Problem::not_found(format!("batch {id} was removed as soon as it was created")))?;
    Ok((
        StatusCode::CREATED,
        Json(StartedBatch {
            batch_id: id.as_uuid(),
            batch_status: batch.status.to_string(),
            total_count: batch.total_count,
            completed_count: batch.completed_count,
            processes: processes.iter().map(|id| StartedProcess { process_id: id.as_uuid() }).collect(),
        }),
    ))
}

/// One process with its timeline.
#[utoipa::path(get, path = "/processes/{domain}/{process_id}", tag = "processes",
    params(("domain" = String, Path), ("process_id" = Uuid, Path)),
    responses((status = 200, body = ProcessDetail), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn show(
    State(api): State<Api>,
    _: Viewer,
    At((name, id)): At<(String, Uuid)>,
) -> Result<Json<ProcessDetail>, Problem> {
    let (domain, id) = (domain(&name)?, ProcessId::from_uuid(id));
    let processes = api.bus.processes();
    let process = processes.get(&domain, id).await?.ok_or_else(|| {
        Problem::not_found(format!(
            "domain `{domain}` has no process {id}: check both, or it was pruned after it ended"
        ))
    })?;
    let steps = view::all(processes.steps(&domain, id).await?);
    let strays = processes.stray_replies(&domain, id).await?;
    let stray_replies = strays.into_iter().filter_map(|stray| serde_json::to_value(stray).ok()).collect();
    Ok(Json(ProcessDetail { process: process.into(), steps, stray_replies }))
}

/// The replies of a domain that its processes could not take in, oldest first.
#[utoipa::path(get, path = "/parked-replies/{domain}", tag = "processes", params(("domain" = String, Path), Paging),
    responses((status = 200, body = Page<ParkedReply>)))]
pub(crate) async fn parked_replies(
    State(api): State<Api>,
    _: Viewer,
    At(name): At<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<ParkedReply>>, Problem> {
    let page = paging.page::<i64>()?;
    let items = api.bus.processes().parked_replies(&domain(&name)?, page).await?;
    let next = items.last().map(|last| last.parked_reply_id).filter(|_| items.len() >= page.limit as usize);
    Ok(Json(Page { items: view::all(items), next_cursor: next.map(|next| next.to_string()) }))
}

/// How to send it again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryReply {
    /// Why.
    pub(crate) reason: Option<String>,
    /// What it is to say instead.
    pub(crate) result: Option<Value>,
}

/// Sends a parked reply to the routers again.
#[utoipa::path(post, path = "/parked-replies/{domain}/{parked_reply_id}/retry", tag = "processes", request_body = RetryReply,
    params(("domain" = String, Path), ("parked_reply_id" = i64, Path)),
    responses((status = 204), (status = 409, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn retry_reply(
    State(api): State<Api>,
    Operating(caller): Operating,
    At((name, id)): At<(String, i64)>,
    Given(body): Given<RetryReply>,
) -> Result<StatusCode, Problem> {
    let (domain, reason) = (domain(&name)?, body.reason.as_deref());
    match body.result {
        Some(result) => api.bus.processes().retry_reply_with(&domain, id, &result, &caller.name, reason).await?,
        None => api.bus.processes().retry_reply(&domain, id, &caller.name, reason).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}
