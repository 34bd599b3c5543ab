//! Bodies and names that were made to break something.

use axum::{
    body::{Body, Bytes},
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};

use super::{ADMIN, call, get, house, post, request};
use crate::house::PAYMENTS;

/// A command whose payload is this text.
fn carrying(data: &str) -> Vec<u8> {
    format!("{{\"domain\": \"payments\", \"command_type\": \"Debit\", \"data\": {data}}}").into_bytes()
}

fn body(bytes: impl Into<Bytes>) -> Request<Body> {
    Request::post("/api/commands")
        .header(header::AUTHORIZATION, format!("Bearer {}", ADMIN.unwrap()))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(bytes.into()))
        .unwrap()
}

#[tokio::test]
async fn a_body_that_cannot_be_carried_is_refused_in_words() {
    let (house, api) = house().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (what, bytes, status) in [
        ("no text", vec![0xff, 0xfe, 0x00], StatusCode::BAD_REQUEST),
        (
            "no UTF-8 in a text",
            carrying("\"\u{fffd}\"").into_iter().map(|b| if b == 0xef { 0xff } else { b }).collect(),
            StatusCode::BAD_REQUEST,
        ),
        ("half a character", carrying("\"\\ud800\""), StatusCode::BAD_REQUEST),
        ("the other half", carrying("\"\\udc00\\ud800\""), StatusCode::BAD_REQUEST),
        ("a raw control character", carrying("\"\u{1}\""), StatusCode::BAD_REQUEST),
        ("too deep", carrying(&deep), StatusCode::BAD_REQUEST),
        ("never closed", carrying(&"[".repeat(100_000)), StatusCode::BAD_REQUEST),
        ("a number beyond all", carrying("1e400"), StatusCode::BAD_REQUEST),
        ("a NUL", carrying("{\"a\\u0000\": 1}"), StatusCode::UNPROCESSABLE_ENTITY),
        ("a hundred megabytes", carrying(&format!("\"{}\"", "x".repeat(100 << 20))), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let answer = call(&api, body(bytes)).await;
        // Which of the two refusals of a body it is, is the parser's business.
        let is_refused = answer.status == status
            || status == StatusCode::BAD_REQUEST && answer.status == StatusCode::UNPROCESSABLE_ENTITY;
        assert!(is_refused, "{what}: {} {}", answer.status, answer.text);
        assert!(!answer.detail().is_empty(), "{what}");
    }
    for (field, hostile) in [
        ("domain", "payments'; drop table commandbus.command; --"),
        ("domain", "pay\u{202e}stnem"),
        ("domain", "../../payments"),
        ("command_type", "a\u{0}b"),
        ("reply_to", "x\"; drop table commandbus.command; --"),
        ("group", "\u{0}"),
    ] {
        let mut command = json!({ "domain": "payments", "command_type": "Debit", "data": {} });
        command[field] = hostile.into();
        let answer = post(&api, "/api/commands", &command).await;
        assert!(answer.status.is_client_error(), "{field} {hostile:?}: {} {}", answer.status, answer.text);
        answer.detail();
    }
    for path in [
        "/api/commands/payments/'%20or%201=1",
        "/api/commands/%00/%00",
        "/api/commands/..%2f..%2fetc/passwd",
        "/api/commands?domain=%27%3B%20drop%20table%20x",
        "/api/commands?command_type=%00",
        "/api/commands?cursor=%F0%28%8C%28",
        "/api/audit?operator=%00",
    ] {
        let answer = call(&api, request(Method::GET, path, ADMIN, None)).await;
        assert!(answer.status.is_client_error(), "{path}: {} {}", answer.status, answer.text);
    }
    let there: i64 =
        sqlx::query_scalar("select count(*) from commandbus.command").fetch_one(&house.pool).await.unwrap();
    assert_eq!(there, 0);
}

#[tokio::test]
async fn what_only_looks_dangerous_is_carried_as_it_is() {
    let (_house, api) = house().await;
    for text in [
        "'; drop table commandbus.command; --",
        "$1 %s %I {} \\ \" ' ` ${x}",
        "<script>alert(1)</script>",
        "\u{1}\u{7f}\u{9b}\u{1b}[31m\r\n\t",
        "\u{202e}\u{2066}\u{feff}\u{e000}\u{10ffff}",
        "__proto__",
    ] {
        let data = json!({ text: [text, { "constructor": text }] });
        let sent =
            post(&api, "/api/commands", &json!({ "domain": "payments", "command_type": text, "data": data })).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{text:?}: {}", sent.text);
        let id = sent.json()[0]["command_id"].as_str().unwrap().to_owned();
        let shown: Value = get(&api, &format!("/api/commands/{PAYMENTS}/{id}")).await;
        assert_eq!((&shown["payload"], &shown["command"]["command_type"]), (&data, &json!(text)), "{shown}");
    }
}
