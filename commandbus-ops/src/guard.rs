//! What stands before every handler.

use std::{any::Any, num::NonZeroU32};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::{access::Caller, api::Api, problem::Problem};

/// How many requests each caller may make.
pub(crate) struct Limiter {
    by_name: DefaultKeyedRateLimiter<String>,
}

impl Limiter {
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second).allow_burst(per_second.saturating_mul(TWICE));
        Self { by_name: RateLimiter::keyed(quota) }
    }

    /// Callers who do not say who they are share one allowance, so that guessing tokens is slow.
    fn admits(&self, caller: Option<&Caller>) -> bool {
        self.by_name.check_key(&caller.map_or_else(String::new, |caller| caller.name.clone())).is_ok()
    }
}

const TWICE: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");

/// Finds out who asks, and leaves that to the handlers, which check the rights.
pub(crate) async fn identify(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if !api.options.access.authenticates() && !names_this_machine(&parts.headers) {
        // Else a page from elsewhere could reach this server under a name of its own (DNS rebinding).
        return Problem::forbidden(
            "this server does not ask who you are, so it answers only under the names of the machine itself: use \
             `localhost` or `127.0.0.1`, or start it with a token",
        )
        .into_response();
    }
    let caller = api.options.access.caller(&parts).await;
    if !api.limiter.admits(caller.as_ref()) {
        let problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "too many requests in this second: wait a moment and try again",
        );
        return ([(header::RETRY_AFTER, "1")], problem).into_response();
    }
    parts.extensions.remove::<Caller>();
    if let Some(caller) = caller {
        parts.extensions.insert(caller);
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Whether the request names this machine by its loopback address or name.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        // Nothing that a browser sends.
        return true;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Refuses what a page of another site makes a browser send. Browsers say so in `Sec-Fetch-Site`, older ones in `Origin`.
pub(crate) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe && is_from_another_site(request.headers()) {
        return Problem::forbidden(
            "this request was made by a page of another site, which may not change anything here",
        )
        .into_response();
    }
    next.run(request).await
}

fn is_from_another_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_none() || authority != text(header::HOST)
}

/// Headers that keep browsers from doing more with an answer than showing it.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, &str); 7] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        // A page may have said something stricter, or what it needs itself.
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What a handler that panicked answers.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(message, "a handler of the API panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a mistake of ours; the log of this server says more")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn requests_of_other_sites_are_told_from_those_of_ones_own() {
        for own in [
            vec![],
            vec![("sec-fetch-site", "same-origin"), ("origin", "https://ops.example")],
            vec![("sec-fetch-site", "none")],
            vec![("origin", "https://ops.example"), ("host", "ops.example")],
            vec![("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")],
        ] {
            assert!(!is_from_another_site(&headers(&own)), "{own:?}");
        }
        for other in [
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("origin", "https://evil.example"), ("host", "ops.example")],
            vec![("origin", "null"), ("host", "ops.example")],
            vec![("origin", "https://ops.example")],
        ] {
            assert!(is_from_another_site(&headers(&other)), "{other:?}");
        }
    }

    #[test]
    fn this_machine_has_few_names() {
        for own in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.8.8.8", "[::1]:8080", "[::1]"] {
            assert!(names_this_machine(&headers(&[("host", own)])), "{own}");
        }
        for other in ["evil.example", "localhost.evil.example:8080", "10.0.0.1", "[::2]", ""] {
            assert!(!names_this_machine(&headers(&[("host", other)])), "{other}");
        }
    }
}
