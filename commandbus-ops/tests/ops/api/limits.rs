use std::num::NonZeroU32;

use axum::http::{Method, StatusCode};
use commandbus::bus::Bus;
use commandbus_ops::{Options, Rights, Tokens, router};
use serde_json::json;

use super::{ADMIN, call, options, request};

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let api = router(Bus::in_memory(), options().body_limit(1000));
    let large = json!({ "domain": "payments", "command_type": "X", "data": "x".repeat(2000) });
    let answer = call(&api, request(Method::POST, "/api/commands", ADMIN, Some(&large))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.detail().starts_with("the body: "));
}

#[tokio::test]
async fn who_asks_too_often_has_to_wait_and_hinders_no_other() {
    let access = Tokens::new().with("ann", "a", Rights::VIEW).with("bob", "b", Rights::VIEW);
    let api = router(Bus::in_memory(), Options::new(access).requests_per_second(NonZeroU32::new(1).unwrap()));
    let mut refused = None;
    for _ in 0..4 {
        let answer = call(&api, request(Method::GET, "/api/me", Some("a"), None)).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("two at once are let in");
    assert_eq!(refused.headers["retry-after"], "1");
    assert!(refused.detail().contains("wait a moment"));
    assert_eq!(call(&api, request(Method::GET, "/api/me", Some("b"), None)).await.status, StatusCode::OK);
}
