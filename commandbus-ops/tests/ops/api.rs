//! The HTTP API, called without a network.

use std::time::{Duration, Instant};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use commandbus::bus::Bus;
use commandbus_ops::{Options, Rights, Tokens, router};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::house::House;

mod access;
mod commands;
mod hostile;
mod limits;
mod probes;
mod processes;
mod troubleshooting;

pub(crate) const ADMIN: Option<&str> = Some("the token of ann");

/// Those who may look, operate, send, and all of it.
fn tokens() -> Tokens {
    Tokens::new()
        .with("ann", "the token of ann", Rights::ALL)
        .with("vic", "the token of vic", Rights::VIEW)
        .with("olga", "the token of olga", Rights::VIEW | Rights::OPERATE)
        .with("sam", "the token of sam", Rights::VIEW | Rights::SEND)
}

pub(crate) fn options() -> Options {
    Options::new(tokens()).writable().requests_per_second(10_000.try_into().unwrap())
}

pub(crate) fn api(bus: &Bus) -> Router {
    router(bus.clone(), options())
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The sentence of a problem document.
    pub(crate) fn detail(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["type"].as_str().unwrap().starts_with("urn:commandbus:problem:"));
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn request(method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    match body {
        Some(body) => {
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap()
        }
        None => request.body(Body::empty()).unwrap(),
    }
}

pub(crate) async fn call(api: &Router, request: Request<Body>) -> Answer {
    let response = api.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub(crate) async fn get(api: &Router, path: &str) -> Value {
    let answer = call(api, request(Method::GET, path, ADMIN, None)).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    answer.json()
}

pub(crate) async fn post(api: &Router, path: &str, body: &Value) -> Answer {
    call(api, request(Method::POST, path, ADMIN, Some(body))).await
}

/// Asks until the answer is as wanted; fails when it is not within any time that a busy machine may take.
pub(crate) async fn until(api: &Router, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found = get(api, path).await;
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {found}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn house() -> (House, Router) {
    let house = House::new().await;
    let api = api(&house.bus);
    (house, api)
}
