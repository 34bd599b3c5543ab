//! Under any prefix, and for those who are not let in.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use commandbus::bus::Bus;
use commandbus_ops::{HostApp, Options, Passwords, Rights, router};

use super::{ANN, Browser, VIC, filled::fill, house, rendering};
use crate::api::{call, options};

/// The address that a link leads to from a page, as a browser finds it.
fn resolve(page: &str, link: &str) -> String {
    let path = page.split('?').next().unwrap();
    if link.starts_with('?') {
        return format!("{path}{link}");
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    let (link, query) = link.split_once('?').map_or((link, ""), |(link, query)| (link, query));
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => assert!(parts.pop().is_some() && !parts.is_empty(), "{link} leads out of {page}"),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

#[tokio::test]
async fn every_link_of_every_page_leads_somewhere_under_any_prefix() {
    let (house, _) = house(ANN).await;
    let filled = fill(&house).await;
    for prefix in ["", "/ops", "/intern/tools/ops"] {
        let ops = router(house.bus.clone(), options());
        let app = if prefix.is_empty() { ops } else { Router::new().nest(prefix, ops) };
        let mut browser = Browser::of(app, Some(ANN));
        let start = if prefix.is_empty() { "/".to_owned() } else { prefix.to_owned() };
        let mut to_see = vec![start];
        to_see.extend(rendering::forms(&filled).into_iter().map(|path| format!("{prefix}{path}")));
        let mut seen = std::collections::HashSet::new();
        while let Some(path) = to_see.pop() {
            // One of each list and detail is enough: the order of filters and the speed of refreshing change no link.
            if !seen.insert(path.split('?').next().unwrap().to_owned()) {
                continue;
            }
            let answer = browser.open(&path).await;
            if answer.status == StatusCode::SEE_OTHER {
                let link = answer.headers[header::LOCATION].to_str().unwrap();
                to_see.push(resolve(&path, link));
                continue;
            }
            // A command that was parked when its process was shown may be so no more; nothing else is refused.
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            for attribute in ["href=\"", "src=\""] {
                for link in answer.text.split(attribute).skip(1) {
                    let link = super::plain(link.split('"').next().unwrap());
                    if link.starts_with('#') || link.starts_with("data:") {
                        continue;
                    }
                    let leads = resolve(&path, &link);
                    assert!(leads.starts_with(prefix), "{path} leads to {leads}");
                    to_see.push(leads);
                }
            }
        }
        assert!(seen.len() > 40, "{}", seen.len());
        assert!(seen.iter().any(|path| path.contains("/assets/style-")));
        let lost = format!("{prefix}/no/where");
        let answer = browser.open(&lost).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let back = answer.text.split("href=\"").last().unwrap().split('"').next().unwrap();
        assert_eq!(resolve(&lost, back), format!("{prefix}/overview"));
    }
}

#[tokio::test]
async fn whoever_is_not_known_is_asked_for_a_name_and_a_password() {
    let (house, mut known) = house(VIC).await;
    known.page("/overview").await;
    let passwords = Options::new(Passwords::new().with("ada", "a long password", Rights::VIEW));
    for app in [router(house.bus.clone(), options()), router(house.bus.clone(), passwords)] {
        let mut browser = Browser::of(app, None);
        for path in rendering::LISTS {
            let answer = browser.open(path).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            let challenge = answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
            assert_eq!(challenge, "Basic realm=\"commandbus\", charset=\"UTF-8\"");
            assert!(answer.text.contains("<h1>Who are you?</h1>"), "{}", answer.text);
        }
        // The style of that page needs no name.
        let page = browser.open("/overview").await.text;
        let style = page.split("href=\"").find(|link| link.contains("/style-")).unwrap().split('"').next().unwrap();
        assert_eq!(browser.open(style.trim_start_matches('.')).await.status, StatusCode::OK);
    }
    // A program that lets people in itself has its own way to ask.
    let mut browser = Browser::of(router(Bus::in_memory(), Options::new(HostApp)), None);
    let answer = browser.open("/overview").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(!answer.headers.contains_key(header::WWW_AUTHENTICATE));
}

#[tokio::test]
async fn errors_on_pages_are_pages_and_those_of_the_api_are_documents() {
    let (_house, mut browser) = house(VIC).await;
    for (path, status, says) in [
        ("/nowhere", 404, "This is the address of no page"),
        ("/batches/01a1fec0-8df9-7449-aaa8-a0a49710c8a4", 404, "There is no batch"),
        ("/commands/payments/01a1fec0-8df9-7449-aaa8-a0a49710c8a4", 404, "has no command"),
        ("/processes/payments/7", 400, "This cannot be done"),
        ("/commands?status=ODD", 400, "is one of PENDING"),
        ("/commands?sent_from=yesterday", 400, "is no time"),
        ("/operations/01a1fec0-8df9-7449-aaa8-a0a49710c8a4", 404, "There is no operation"),
    ] {
        let answer = browser.open(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        assert!(answer.text.contains(says), "{path}: {}", answer.text);
        assert!(answer.text.contains("To the overview"), "{path}");
    }
    for path in ["/api/nowhere", "/api", "/healthz/nowhere"] {
        let answer = browser.open(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.detail().contains("/api/openapi.json"), "{path}");
    }
    let put = Request::builder().method(Method::PUT).uri("/commands").body(Body::empty()).unwrap();
    let refused = call(&router(Bus::in_memory(), options()), put).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(refused.text.contains("does not take this method"), "{}", refused.text);
}

#[tokio::test]
async fn every_page_says_what_it_may_do_in_a_browser() {
    let (_house, mut browser) = house(VIC).await;
    for path in rendering::LISTS.into_iter().chain(["/nowhere", "/batches/7"]) {
        let answer = browser.open(path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(answer.headers[header::X_FRAME_OPTIONS], "DENY");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
