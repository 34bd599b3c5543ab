use axum::http::{Method, StatusCode};
use commandbus::{bus::Bus, store::ParkedFilter};
use serde_json::json;
use uuid::Uuid;

use super::{ADMIN, call, get, house, post, request, until};
use crate::house::{PAYMENTS, complete, park};

#[tokio::test]
async fn each_verb_resolves_and_of_two_operators_one_wins() {
    let (house, api) = house().await;
    let ids = house.parked(4, "GONE").await;
    let path = |n: usize, verb: &str| format!("/api/troubleshooting/payments/{}/{verb}", ids[n]);

    for (n, verb, body, status) in [
        (0, "retry", json!({ "reason": "it was reopened" }), "PENDING"),
        (1, "retry", json!({ "payload": { "cents": 6 } }), "PENDING"),
        (2, "cancel", json!({ "reason": "too late" }), "CANCELED"),
        (3, "complete", json!({ "result": { "by": "hand" } }), "COMPLETED"),
    ] {
        let answer = post(&api, &path(n, verb), &body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{verb}: {}", answer.text);
        assert_eq!(house.status(ids[n]).await, status);
        let second = post(&api, &path(n, "cancel"), &json!({ "reason": "me too" })).await;
        assert_eq!(second.status, StatusCode::CONFLICT);
        assert!(second.detail().contains(&format!("no longer in troubleshooting (now {status})")));
    }
    let edited = get(&api, &format!("/api/commands/payments/{}", ids[1])).await;
    assert_eq!(edited["payload"], json!({ "cents": 6 }));
    let audit = get(&api, "/api/audit?operator=ann&event=OPERATOR_RETRY").await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 2);
    assert_eq!(audit["items"][1]["details"]["reason"], "it was reopened");
}

#[tokio::test]
async fn what_is_parked_is_listed_and_grouped() {
    let (house, api) = house().await;
    house.parked(3, "GONE").await;
    house.parked(1, "BROKE").await;
    let groups = get(&api, "/api/troubleshooting/groups").await;
    assert_eq!((&groups[0]["error_code"], &groups[0]["count"]), (&json!("GONE"), &json!(3)));
    assert_eq!(get(&api, "/api/troubleshooting/count?error_code=BROKE").await, json!({ "count": 1 }));
    let first = get(&api, "/api/troubleshooting?limit=3").await;
    let rest =
        get(&api, &format!("/api/troubleshooting?limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &json!(null)));
    let wrong = call(&api, request(Method::GET, "/api/troubleshooting?cursor=next", ADMIN, None)).await;
    assert!(wrong.detail().starts_with("this is no cursor"));
}

#[tokio::test]
async fn a_whole_filter_is_resolved_by_an_operation_that_one_can_follow() {
    let (house, api) = house().await;
    house.parked(700, "BANK_DOWN").await;
    house.parked(1, "OTHER").await;
    let begin = json!({
        "verb": "RETRY", "filter": { "error_code": "BANK_DOWN" }, "reason": "the bank is back", "expected_count": 700
    });

    let mut stale = begin.clone();
    stale["expected_count"] = json!(699);
    let refused = post(&api, "/api/operations", &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.detail().starts_with("the filter finds 700 now, not 699"));

    let begun = post(&api, "/api/operations", &begin).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text);
    let place = begun.headers["location"].to_str().unwrap().to_owned();
    let ended = until(&api, &format!("/api/{place}"), |operation| operation["status"] == "COMPLETED").await;
    assert_eq!(
        (&ended["total_count"], &ended["done_count"], &ended["skipped_count"]),
        (&json!(700), &json!(700), &json!(0))
    );
    assert_eq!((&ended["operator"], &ended["reason"]), (&json!("ann"), &json!("the bank is back")));
    assert_eq!(get(&api, "/api/troubleshooting/count").await["count"], 1);
    assert_eq!(get(&api, "/api/operations").await["items"][0]["operation_id"], ended["operation_id"]);
    assert_eq!(house.settle(complete).await, 700);
}

#[tokio::test]
async fn several_that_go_on_with_one_operation_do_nothing_twice() {
    let (house, _) = house().await;
    house.parked(1_200, "BANK_DOWN").await;
    let begun = house.bus.troubleshooting().by("ann").retry_all(&ParkedFilter::default()).await.unwrap();
    let other = Bus::new(house.database.pool().await);
    let run = async |bus: &Bus| bus.operations().run(begun.operation_id, |_| {}).await.unwrap();
    let (one, two, three) = tokio::join!(run(&house.bus), run(&other), run(&house.bus));
    assert_eq!((one.done_count, one.skipped_count), (1_200, 0));
    assert_eq!((&one, &one), (&two, &three));
    let retries = "select count(*) from commandbus.audit where event_type = 'OPERATOR_RETRY'";
    assert_eq!(sqlx::query_scalar::<_, i64>(retries).fetch_one(&house.pool).await.unwrap(), 1_200);
}

#[tokio::test]
async fn an_operation_may_take_chosen_commands_and_be_ended() {
    let (house, api) = house().await;
    let ids = house.parked(3, "GONE").await;
    for (careless, says) in [
        (json!({ "verb": "CANCEL", "command_ids": [ids[0]] }), "say why"),
        (json!({ "verb": "RETRY" }), "an empty filter finds everything"),
        (json!({ "verb": "RETRY", "filter": { "code": "GONE" } }), "the body: "),
        (json!({ "verb": "DELETE" }), "the body: "),
    ] {
        let refused = post(&api, "/api/operations", &careless).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.detail().starts_with(says), "{}", refused.text);
    }
    let begin = json!({ "verb": "CANCEL", "command_ids": [ids[0], ids[2]], "reason": "too late" });
    let begun = post(&api, "/api/operations", &begin).await.json();
    let path = format!("/api/operations/{}", begun["operation_id"].as_str().unwrap());
    until(&api, &path, |operation| operation["status"] == "COMPLETED").await;
    assert_eq!(house.status(ids[1]).await, "IN_TROUBLESHOOTING_QUEUE");
    let ended = call(&api, request(Method::POST, &format!("{path}/cancel"), ADMIN, None)).await;
    assert_eq!(ended.json()["status"], "COMPLETED", "what is over stays so");
    let resumed = call(&api, request(Method::POST, &format!("{path}/resume"), ADMIN, None)).await;
    assert_eq!(resumed.status, StatusCode::ACCEPTED);
    let unknown = format!("/api/operations/{}", Uuid::now_v7());
    let unknown = call(&api, request(Method::GET, &unknown, ADMIN, None)).await;
    assert!(unknown.detail().starts_with("there is no operation"));
}

#[tokio::test]
async fn batches_are_listed_and_steered() {
    let (house, api) = house().await;
    let id = house.batch_of(5).await;
    let path = format!("/api/batches/{id}");
    let steer = async |verb: &str, body| post(&api, &format!("{path}/{verb}"), &body).await;
    assert_eq!(get(&api, "/api/batches?has_ended=false").await["items"][0]["batch_id"], id.to_string());

    assert_eq!(steer("pause", json!({})).await.status, StatusCode::NO_CONTENT);
    assert!(get(&api, &path).await["paused_at"].is_string());
    assert_eq!(house.settle(complete).await, 0);
    assert_eq!(steer("resume", json!({})).await.status, StatusCode::NO_CONTENT);
    let received = house.bus.store().receive(&PAYMENTS, 2, std::time::Duration::from_secs(30)).await.unwrap();
    let group = received
        .deliveries
        .iter()
        .map(|delivery| commandbus::store::Settlement { token: delivery.token, verdict: park("GONE") });
    let group: Vec<_> = group.collect();
    house.bus.store().settle(&PAYMENTS, &group).await.unwrap();

    let retried = steer("retry-parked", json!({ "reason": "again" })).await;
    assert_eq!(retried.status, StatusCode::ACCEPTED, "{}", retried.text);
    assert!(retried.headers["location"].to_str().unwrap().starts_with("../../operations/"));
    until(&api, &path, |batch| batch["in_troubleshooting_count"] == 0).await;
    let canceled = steer("cancel-rest", json!({ "reason": "enough" })).await;
    assert_eq!(canceled.json(), json!({ "canceled": 5 }));
    let ended = get(&api, &path).await;
    assert_eq!((&ended["batch_status"], &ended["canceled_count"]), (&json!("COMPLETED_WITH_FAILURES"), &json!(5)));
    let unknown = call(&api, request(Method::GET, &format!("/api/batches/{}", Uuid::now_v7()), ADMIN, None)).await;
    assert!(unknown.detail().starts_with("there is no batch"));
}
