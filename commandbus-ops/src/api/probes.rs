//! For machines that watch: health and metrics.

use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use metrics::{Label, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;

use super::{Api, extract::Viewer};
use crate::problem::Problem;

/// This server runs.
pub(super) async fn live() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

/// Its database answers, and has the schema that this program needs.
pub(super) async fn ready(State(api): State<Api>) -> Result<Json<serde_json::Value>, Problem> {
    let versions = api.bus.system().versions().await?;
    match versions.schema {
        Some(schema) if schema == versions.schema_of_library => Ok(Json(json!({ "status": "ok", "schema": schema }))),
        found => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "schema",
            match found {
                None => "the database has no commandbus schema: run `commandbus migrate`".to_owned(),
                Some(found) => format!(
                    "the schema is at version {found}, but this program needs {}: run `commandbus migrate`, or update it",
                    versions.schema_of_library
                ),
            },
        )),
    }
}

/// Gauges of queues and workers, as Prometheus reads them.
pub(super) async fn metrics(State(api): State<Api>, request: Request) -> Response {
    if !api.options.public_metrics {
        let (mut parts, _) = request.into_parts();
        if let Err(refused) = Viewer::from_request_parts(&mut parts, &api).await {
            return refused.into_response();
        }
    }
    match collect(&api).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn collect(api: &Api) -> Result<String, Problem> {
    let system = api.bus.system();
    let (queues, latency) = (system.queues().await?, system.latency().await?);
    // Of this one answer: what the program itself records is its own.
    let recorder = PrometheusBuilder::new().build_recorder();
    let now = chrono::Utc::now();
    metrics::with_local_recorder(&recorder, || {
        metrics::describe_gauge!("commandbus_queue_commands", "Commands by what they wait for; counted up to 10,001.");
        metrics::describe_gauge!("commandbus_queue_oldest_seconds", "How long the oldest has been ready, or parked.");
        metrics::describe_gauge!("commandbus_workers", "Workers that have said within a minute that they live.");
        metrics::describe_gauge!("commandbus_domain_paused", "1 where a domain is paused.");
        metrics::describe_gauge!(
            "commandbus_completion_seconds",
            "From sending to completion, of the latest commands."
        );
        for queue in &queues {
            let domain = || Label::new("domain", queue.domain.to_string());
            for (state, count) in [
                ("ready", queue.ready),
                ("running", queue.running),
                ("delayed", queue.delayed),
                ("held", queue.held),
                ("paused", queue.paused),
                ("parked", queue.parked),
            ] {
                let labels = vec![domain(), Label::from_static_parts("state", state)];
                gauge!("commandbus_queue_commands", labels).set(count as f64);
            }
            for (state, since) in [("ready", queue.oldest_ready_at), ("parked", queue.oldest_parked_at)] {
                let age = since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
                let labels = vec![domain(), Label::from_static_parts("state", state)];
                gauge!("commandbus_queue_oldest_seconds", labels).set(age);
            }
            gauge!("commandbus_workers", vec![domain()]).set(queue.workers as f64);
            gauge!("commandbus_domain_paused", vec![domain()]).set(f64::from(u8::from(queue.paused_at.is_some())));
            gauge!("commandbus_replies_waiting", vec![domain()]).set(queue.replies as f64);
        }
        for latency in &latency {
            for (quantile, seconds) in [("0.5", latency.p50_s), ("0.95", latency.p95_s)] {
                let labels = vec![
                    Label::new("domain", latency.domain.to_string()),
                    Label::from_static_parts("quantile", quantile),
                ];
                gauge!("commandbus_completion_seconds", labels).set(seconds);
            }
        }
    });
    Ok(recorder.handle().render())
}
