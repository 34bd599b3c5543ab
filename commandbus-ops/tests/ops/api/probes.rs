use axum::http::{Method, StatusCode};
use commandbus::{bus::Bus, store::WorkerBeat};
use commandbus_ops::router;
use commandbus_tests::TestDatabase;
use serde_json::json;
use uuid::Uuid;

use super::{ADMIN, call, get, house, options, post, request};
use crate::house::PAYMENTS;

#[tokio::test]
async fn probes_ask_nobody_who_they_are() {
    let (_house, api) = house().await;
    for path in ["/healthz/live", "/healthz/ready"] {
        let answer = call(&api, request(Method::GET, path, None, None)).await;
        assert_eq!((answer.status, &answer.json()["status"]), (StatusCode::OK, &"ok".into()), "{path}");
    }
}

#[tokio::test]
async fn a_server_without_its_schema_lives_and_is_not_ready() {
    let empty = TestDatabase::empty().await;
    let api = router(Bus::new(empty.pool().await), options());
    assert_eq!(call(&api, request(Method::GET, "/healthz/live", None, None)).await.status, StatusCode::OK);
    let ready = call(&api, request(Method::GET, "/healthz/ready", None, None)).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.detail().contains("run `commandbus migrate`"));
    let queues = call(&api, request(Method::GET, "/api/queues", ADMIN, None)).await;
    assert_eq!(queues.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn metrics_are_those_of_queues_and_workers() {
    let (house, api) = house().await;
    house.parked(2, "GONE").await;
    house.send(serde_json::json!({})).await;
    let unknown = call(&api, request(Method::GET, "/metrics", None, None)).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);

    let metrics = call(&api, request(Method::GET, "/metrics", ADMIN, None)).await;
    assert_eq!(metrics.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "# TYPE commandbus_queue_commands gauge",
        "commandbus_queue_commands{domain=\"payments\",state=\"ready\"} 1",
        "commandbus_queue_commands{domain=\"payments\",state=\"parked\"} 2",
        "commandbus_workers{domain=\"payments\"} 0",
    ] {
        assert!(metrics.text.lines().any(|found| found == line), "{line} is not in\n{}", metrics.text);
    }
    let open = router(house.bus.clone(), options().public_metrics());
    assert_eq!(call(&open, request(Method::GET, "/metrics", None, None)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_overview_tells_of_everything() {
    let (house, api) = house().await;
    house.parked(1, "GONE").await;
    let beat = WorkerBeat {
        worker_id: Uuid::now_v7(),
        domain: PAYMENTS.clone(),
        host: "host".into(),
        pid: 1,
        version: "1",
        concurrency: 5,
        phase: "RUNNING",
        running: 0,
        in_hand: 0,
    };
    house.bus.store().admin().beat(&beat).await.unwrap();
    let overview = get(&api, "/api/overview").await;
    assert_eq!(overview["queues"][0]["parked"], 1);
    assert_eq!(overview["workers"][0]["is_alive"], true);
    assert_eq!(overview["throughput"][0]["parked"], 1);
    assert_eq!(get(&api, "/api/faults").await, serde_json::json!([]));
    let catalog = get(&api, "/api/catalog").await;
    assert!(catalog["commands"].as_array().unwrap().iter().any(|command| command["name"] == "ChargeCard"));
}

#[tokio::test]
async fn a_domain_is_paused_and_resumed() {
    let (_house, api) = house().await;
    let pause = async |path: &str| call(&api, request(Method::POST, path, ADMIN, None)).await;
    assert_eq!(pause("/api/domains/payments/pause").await.status, StatusCode::NO_CONTENT);
    assert!(get(&api, "/api/queues").await[0]["paused_at"].is_string());
    assert_eq!(get(&api, "/api/faults").await[0]["fault"], "DOMAIN_PAUSED");
    assert_eq!(pause("/api/domains/payments/resume").await.status, StatusCode::NO_CONTENT);
    assert!(get(&api, "/api/queues").await[0]["paused_at"].is_null());
    let why = post(&api, "/api/domains/payments/pause", &json!({ "reason": "the bank is down" })).await;
    assert_eq!(why.status, StatusCode::NO_CONTENT);
    let told = get(&api, "/api/audit?event=OPERATOR_PAUSE&operator=ann").await;
    assert_eq!(told["items"].as_array().unwrap().len(), 2);
    assert_eq!(told["items"][0]["details"]["reason"], "the bank is down");
    let mistyped = pause("/api/domains/payment/pause").await;
    assert!(mistyped.detail().contains("those with a queue are: payments"));
}
