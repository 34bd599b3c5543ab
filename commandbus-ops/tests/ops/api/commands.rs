use axum::http::StatusCode;
use commandbus::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{get, house, post};
use crate::house::{ChargeCard, PAYMENTS, complete};

#[tokio::test]
async fn a_command_is_sent_shown_and_canceled() {
    let (_house, api) = house().await;
    let new = json!({ "domain": "payments", "command_type": "DebitAccount", "data": { "cents": 5 } });
    let sent = post(&api, "/api/commands", &new).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let id = sent.json()[0]["command_id"].as_str().unwrap().to_owned();

    let path = format!("/api/commands/payments/{id}");
    let shown = get(&api, &path).await;
    assert_eq!((&shown["command"]["status"], &shown["payload"]), (&json!("PENDING"), &json!({ "cents": 5 })));
    assert_eq!(shown["audit"][0]["event"], "SENT");

    let canceled = post(&api, &format!("{path}/cancel"), &json!({ "reason": "a mistake" })).await;
    assert_eq!(canceled.status, StatusCode::NO_CONTENT);
    let audit = get(&api, &format!("/api/audit?subject={id}")).await;
    let last = &audit["items"][0];
    assert_eq!((&last["event"], &last["details"]["by"]), (&json!("CANCELED"), &json!("ann")));

    let again = post(&api, &format!("{path}/cancel"), &json!({ "reason": "a mistake" })).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.detail().contains("cannot be canceled any more (now CANCELED)"));
    let silent = post(&api, &format!("{path}/cancel"), &json!({ "reason": " " })).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.detail().starts_with("say why"));
}

#[tokio::test]
async fn many_are_sent_and_paged_through() {
    let (_house, api) = house().await;
    let many: Vec<_> = (0..120)
        .map(|n| json!({ "domain": "payments", "command_type": "DebitAccount", "data": { "cents": n } }))
        .collect();
    let sent = post(&api, "/api/commands", &json!(many)).await;
    assert_eq!(sent.json().as_array().unwrap().len(), 120);

    let mut seen = Vec::new();
    let mut cursor = String::new();
    for expected in [50, 50, 20] {
        let page = get(&api, &format!("/api/commands?domain=payments{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!(items.len(), expected);
        seen.extend(items.iter().map(|item| item["command_id"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
    }
    assert!(cursor.is_empty());
    assert!(seen.windows(2).all(|two| two[0] > two[1]), "newest first");
    assert_eq!(get(&api, "/api/commands/count").await, json!({ "count": 120, "is_capped": false, "text": "120" }));
    let by_id = get(&api, &format!("/api/commands?command_id={}", seen[7])).await;
    assert_eq!(by_id["items"][0]["command_id"], seen[7].as_str());
}

#[tokio::test]
async fn commands_are_found_by_status() {
    let (house, api) = house().await;
    house.send(json!({ "cents": 1 })).await;
    house.settle(complete).await;
    house.send(json!({ "cents": 2 })).await;
    let done = get(&api, "/api/commands?status=COMPLETED&limit=10").await;
    assert_eq!(done["items"].as_array().unwrap().len(), 1);
    let unknown =
        super::call(&api, super::request(axum::http::Method::GET, "/api/commands?status=DONE", super::ADMIN, None));
    assert!(unknown.await.detail().starts_with("`status` is one of PENDING, IN_PROGRESS"));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_the_reason() {
    let (_house, api) = house().await;
    let new = |domain: &str, id: Uuid| json!({ "domain": domain, "command_type": "X", "data": {}, "command_id": id });
    let id = Uuid::now_v7();
    assert_eq!(post(&api, "/api/commands", &new("payments", id)).await.status, StatusCode::CREATED);
    let twice = post(&api, "/api/commands", &new("payments", id)).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(twice.detail().contains(&id.to_string()));
    assert_eq!(post(&api, "/api/commands", &new("No Domain", id)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post(&api, "/api/commands", &json!([])).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let unnamed = json!({ "domain": "payments", "command_type": "", "data": {} });
    assert_eq!(post(&api, "/api/commands", &unnamed).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        post(&api, "/api/commands", &json!({ "domain": "payments" })).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let missing = format!("/api/commands/payments/{}", Uuid::now_v7());
    let missing = super::call(&api, super::request(axum::http::Method::GET, &missing, super::ADMIN, None)).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.detail().contains("has no command"));
}

#[tokio::test]
async fn sensitive_fields_are_masked() {
    let (house, api) = house().await;
    let sent = ChargeCard { cents: 5, card: "4242".into() }.send(&house.bus).await.unwrap();
    let shown = get(&api, &format!("/api/commands/{PAYMENTS}/{}", sent.id())).await;
    assert_eq!(shown["payload"], json!({ "cents": 5, "card": "***" }));
    house.settle(|| crate::house::park("X")).await;
    let parked = get(&api, &format!("/api/troubleshooting/{PAYMENTS}/{}", sent.id())).await;
    assert_eq!(parked["parked"]["payload"]["card"], "***");
    assert!(!get(&api, "/api/troubleshooting").await.to_string().contains("4242"));
}
