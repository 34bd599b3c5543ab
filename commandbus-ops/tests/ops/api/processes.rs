//! S093: batches of processes over HTTP.

use axum::http::StatusCode;
use commandbus::worker::Worker;
use serde_json::{Value, json};

use super::{get, house, post, until};

fn batch(pages: impl IntoIterator<Item = u32>) -> Value {
    let processes: Vec<Value> = pages.into_iter().map(|page| json!({ "page": page })).collect();
    json!({ "domain": "reporting", "process_type": "Report", "name": "Reports", "processes": processes })
}

#[tokio::test]
async fn s093_processes_are_started_in_a_batch_that_tells_how_they_end() {
    let (house, api) = house().await;
    let started = post(&api, "/api/processes/batch", &batch(0..20)).await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.text);
    let started = started.json();
    assert_eq!((&started["total_count"], &started["completed_count"]), (&json!(20), &json!(0)), "AC4");
    assert_eq!(started["processes"].as_array().unwrap().len(), 20);
    let id = started["batch_id"].as_str().unwrap();
    let path = format!("/api/batches/{id}");
    let found = get(&api, &path).await;
    assert_eq!((&found["batch_type"], &found["name"]), (&json!("PROCESS"), &json!("Reports")), "AC1");

    let (batch_created, first_started): (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) =
        sqlx::query_as(
            "select b.created_at, (select min(p.created_at) from commandbus.process p where p.batch_id = b.batch_id)
         from commandbus.batch b",
        )
        .fetch_one(&house.pool)
        .await
        .unwrap();
    assert!(batch_created < first_started, "AC2");
    let processes = get(&api, &format!("/api/processes?batch_id={id}")).await;
    assert_eq!(processes["items"].as_array().unwrap().len(), 20, "AC3");

    let worker = Worker::new(&house.bus, "reporting").build().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(worker.run_until(async { drop(stopped.await) }));
    let ended = until(&api, &path, |batch| batch["batch_status"] != "PENDING" && batch["open_count"] == 0).await;
    let workers = until(&api, "/api/workers", |workers| workers[0]["phase"] == "RUNNING").await;
    assert_eq!((&workers[0]["domain"], &workers[0]["is_alive"]), (&json!("reporting"), &json!(true)));
    drop(stop);
    working.await.unwrap().unwrap();
    assert_eq!(get(&api, "/api/workers").await, json!([]), "it has left");
    // Page 13 fails: its process is canceled, and counts as such.
    assert_eq!(ended["batch_status"], "COMPLETED_WITH_FAILURES", "AC5");
    assert_eq!((&ended["completed_count"], &ended["canceled_count"]), (&json!(19), &json!(1)), "AC6");

    let process = &processes["items"][0];
    let detail = get(&api, &format!("/api/processes/reporting/{}", process["process_id"].as_str().unwrap())).await;
    assert_eq!(detail["steps"][0]["step_name"], "build");
    let canceled = get(&api, "/api/processes?status=CANCELED").await;
    assert_eq!(canceled["items"][0]["error_code"], "UNLUCKY");
}

#[tokio::test]
async fn a_batch_that_cannot_be_started_is_not_created() {
    let (_house, api) = house().await;
    let mut unknown = batch([1]);
    unknown["process_type"] = json!("Unheard");
    let answer = post(&api, "/api/processes/batch", &unknown).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = answer.detail();
    assert!(detail.contains("which knows ") && detail.contains("reporting.Report"), "{detail}");

    let mut unreadable = batch([1, 2]);
    unreadable["processes"][1] = json!({ "page": "two" });
    let answer = post(&api, "/api/processes/batch", &unreadable).await;
    assert!(answer.detail().starts_with("state 1 (from 0) cannot be read as `Report`"), "{}", answer.text);
    assert_eq!(post(&api, "/api/processes/batch", &batch([])).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(get(&api, "/api/batches").await["items"], json!([]));
}
