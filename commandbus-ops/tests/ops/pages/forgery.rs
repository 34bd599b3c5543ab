//! Forms that were not filled in on our pages.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{ANN, Browser, hidden_fields, house, leads_to};
use crate::api::{api, call};

#[tokio::test]
async fn a_form_without_the_token_of_its_page_changes_nothing() {
    let (house, mut ann) = house(ANN).await;
    let ids = house.parked(1, "GONE").await;
    let path = format!("/troubleshooting/payments/{}/retry", ids[0]);
    let own = hidden_fields(&ann.page(&path).await);
    let mut olga = Browser::of(api(&house.bus), Some("the token of olga"));
    let others = hidden_fields(&olga.page(&path).await);
    assert_ne!(own, others);
    for fields in [vec![], vec![("token", "")], vec![("token", "guessed")], vec![("token", others[0].1.as_str())]] {
        let refused = ann.post(&path, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{fields:?}");
        assert!(refused.text.contains("load the page again"), "{}", refused.text);
        assert_eq!(house.status(ids[0]).await, "IN_TROUBLESHOOTING_QUEUE");
    }
    // A browser without the cookie of the page, as when its form is sent from elsewhere.
    let stranger = Browser::of(api(&house.bus), Some(ANN));
    assert_eq!(stranger.post(&path, &[("token", &own[0].1)]).await.status, StatusCode::FORBIDDEN);
    let sent = ann.post(&path, &[("token", &own[0].1)]).await;
    assert!(leads_to(&sent).ends_with("?notice=retried"));
    assert_eq!(house.status(ids[0]).await, "PENDING");
}

#[tokio::test]
async fn a_form_of_one_serving_program_is_taken_by_another() {
    let (house, mut browser) = house(ANN).await;
    let ids = house.parked(1, "GONE").await;
    let path = format!("/troubleshooting/payments/{}/retry", ids[0]);
    let own = hidden_fields(&browser.page(&path).await);
    browser.app = api(&house.bus);
    leads_to(&browser.post(&path, &[("token", &own[0].1)]).await);
}

#[tokio::test]
async fn a_form_of_another_site_is_refused_even_with_the_token() {
    let (house, mut browser) = house(ANN).await;
    house.parked(1, "GONE").await;
    let path = "/queues/payments/pause";
    let own = hidden_fields(&browser.page("/queues").await);
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        let form = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!(":{ANN}"))))
            .header(header::COOKIE, browser.cookie.as_ref().unwrap())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value)
            .body(Body::from(format!("token={}", own[0].1)))
            .unwrap();
        let refused = call(&browser.app, form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.text.contains("made by a page of another site"), "{}", refused.text);
        assert_eq!(refused.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }
    assert!(house.bus.system().queues().await.unwrap()[0].paused_at.is_none());
}

#[tokio::test]
async fn the_cookie_of_a_browser_is_for_our_forms_alone() {
    let (_house, mut browser) = house(ANN).await;
    let first = browser.open("/overview").await;
    let cookie = first.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!browser.open("/overview").await.headers.contains_key(header::SET_COOKIE), "one is enough");
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(!browser.page("/queues").await.contains(secret), "no page tells it");
}
