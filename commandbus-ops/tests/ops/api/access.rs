//! Every route as each kind of caller, and as a page of another site.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode, header},
    middleware::{self, Next},
};
use commandbus::bus::Bus;
use commandbus_ops::{Anybody, Caller, HostApp, Options, Rights, openapi, router};
use serde_json::json;

use super::{ADMIN, Answer, call, house, options, request};

/// Every method and path of the document, with something in the place of its parameters.
fn routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .split('/')
            .map(|part| match part {
                "{domain}" => "payments",
                "{parked_reply_id}" => "7",
                part if part.starts_with('{') => "01a1fec0-8df9-7449-aaa8-a0a49710c8a4",
                part => part,
            })
            .collect::<Vec<_>>()
            .join("/");
        for method in item.as_object().unwrap().keys() {
            routes.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}

fn is_sending(path: &str) -> bool {
    matches!(path, "/api/commands" | "/api/processes/batch")
}

async fn try_each(api: &Router, token: Option<&str>) -> Vec<(Method, String, Answer)> {
    let mut answers = Vec::new();
    for (method, path) in routes() {
        let body = (method == Method::POST).then(|| json!({}));
        let answer = call(api, request(method.clone(), &path, token, body.as_ref())).await;
        assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}: {}", answer.text);
        answers.push((method, path, answer));
    }
    answers
}

#[tokio::test]
async fn nobody_comes_in_without_saying_who_they_are() {
    let (_house, api) = house().await;
    for token in [None, Some("a guess")] {
        for (method, path, answer) in try_each(&api, token).await {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"commandbus\"");
            assert!(answer.detail().contains("say who you are"));
        }
    }
}

#[tokio::test]
async fn who_may_look_changes_nothing() {
    let (_house, api) = house().await;
    for (method, path, answer) in try_each(&api, Some("the token of vic")).await {
        if method == Method::GET {
            assert!(![401, 403].contains(&answer.status.as_u16()), "{path}: {}", answer.text);
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
            let right = if is_sending(&path) { "send" } else { "operate" };
            assert!(answer.detail().starts_with(&format!("vic does not have the right `{right}`")), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn operating_and_sending_are_rights_of_their_own() {
    let (_house, api) = house().await;
    for (token, sends) in [("the token of olga", false), ("the token of sam", true)] {
        for (method, path, answer) in try_each(&api, Some(token)).await {
            let may = method == Method::GET || is_sending(&path) == sends;
            assert_eq!(answer.status != StatusCode::FORBIDDEN, may, "{token}: {method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_server_is_read_only_unless_told_otherwise() {
    let (house, _) = house().await;
    let api = router(house.bus.clone(), Options::new(Anybody::named("ann", Rights::ALL)));
    for (method, path, answer) in try_each(&api, None).await {
        if method == Method::GET {
            assert!(![401, 403].contains(&answer.status.as_u16()), "{path}: {}", answer.text);
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
            assert!(answer.detail().starts_with("this server is read-only"), "{}", answer.text);
        }
    }
    let me = call(&api, request(Method::GET, "/api/me", None, None)).await;
    assert_eq!(me.json(), json!({ "name": "ann", "rights": ["view"] }));
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let (house, _) = house().await;
    let api = router(house.bus.clone(), options());
    for (method, path) in routes().into_iter().filter(|(method, _)| *method != Method::GET) {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let mut request = request(method.clone(), &path, ADMIN, Some(&json!({})));
            request.headers_mut().insert(name, value.parse().unwrap());
            let answer = call(&api, request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
            assert!(answer.detail().contains("another site"), "{}", answer.text);
        }
    }
    // A form cannot send JSON.
    let mut form = request(Method::POST, "/api/domains/payments/pause", ADMIN, None);
    form.headers_mut().insert("sec-fetch-site", "same-site".parse().unwrap());
    assert_eq!(call(&api, form).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_server_that_asks_nobody_answers_only_under_its_own_names() {
    let api = router(Bus::in_memory(), Options::new(Anybody::named("ann", Rights::ALL)));
    for (host, status) in [("localhost:8080", 200), ("127.0.0.1", 200), ("evil.example", 403)] {
        let mut request = request(Method::GET, "/api/queues", None, None);
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        let answer = call(&api, request).await;
        assert_eq!(answer.status.as_u16(), status, "{host}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_program_that_mounts_it_may_say_who_asks() {
    async fn login(mut request: Request, next: Next) -> axum::response::Response {
        if request.headers().contains_key("x-session") {
            request.extensions_mut().insert(Caller::new("hanna", Rights::VIEW));
        }
        next.run(request).await
    }
    let ops = router(Bus::in_memory(), Options::new(HostApp).writable());
    let app = Router::new().nest("/intern/ops", ops).layer(middleware::from_fn(login));
    let mut known = request(Method::GET, "/intern/ops/api/me", None, None);
    known.headers_mut().insert("x-session", "7".parse().unwrap());
    assert_eq!(call(&app, known).await.json(), json!({ "name": "hanna", "rights": ["view"] }));
    let unknown = request(Method::GET, "/intern/ops/api/me", None, None);
    assert_eq!(call(&app, unknown).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let (_house, api) = house().await;
    for path in ["/api/queues", "/api/nothing", "/healthz/live", "/metrics/nowhere", "/api/commands?limit=x"] {
        let answer = call(&api, request(Method::GET, path, ADMIN, None)).await;
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")]
        {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        if answer.status.is_client_error() {
            assert!(!answer.detail().is_empty());
        }
    }
    let put = Request::builder().method(Method::PUT).uri("/api/commands").body(Body::empty()).unwrap();
    assert!(call(&api, put).await.detail().contains("does not take this method"));
}

#[tokio::test]
async fn the_document_is_served_and_names_every_route() {
    let (_house, api) = house().await;
    let document = call(&api, request(Method::GET, "/api/openapi.json", ADMIN, None)).await.json();
    assert_eq!(document, serde_json::to_value(openapi()).unwrap());
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    for path in ["/api/processes/batch", "/api/batches/{batch_id}", "/api/operations", "/api/audit"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    // Nothing is promised that is not described.
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
