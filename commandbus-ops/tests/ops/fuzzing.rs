//! Random requests to every route: whatever comes, the answer is never that something went wrong inside.
//!
//! `COMMANDBUS_INPUTS` says how many, `COMMANDBUS_SEED` repeats one that failed.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request, header},
};
use commandbus_ops::{openapi, pages};
use commandbus_tests::{Input, inputs, report};
use serde_json::Value;

use crate::{
    api::{ADMIN, api, call},
    house::House,
    walk::{Places, Walker, body},
};

const HEADERS: [HeaderName; 12] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    header::IF_NONE_MATCH,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("x-forwarded-for"),
];

const VALUES: [&str; 16] = [
    "5",
    "COMPLETED",
    "IN_TROUBLESHOOTING_QUEUE",
    "payments",
    "DebitAccount",
    "2026-11-21T20:00:00Z",
    "created_at",
    "all",
    "RETRY",
    "true",
    "-1",
    "18446744073709551616",
    "0192f0c1-2345-7000-8000-000000000001",
    "payments|x|y",
    "a,b,c",
    "*",
];

/// What requests are made of.
struct Words {
    /// Each with a method that it takes.
    routes: Vec<(Method, String)>,
    parameters: Vec<String>,
    /// The cookie of a browser that has been here, and what its forms say.
    cookie: HeaderValue,
    form: String,
}

impl Words {
    fn new(walker: Walker) -> Self {
        let document = serde_json::to_value(openapi()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let operations = paths.values().flat_map(|path| path.as_object().unwrap().values());
        let named = operations.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
        let mut parameters: BTreeSet<String> =
            named.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        for of_pages in ["q", "page", "after", "before", "verb", "all", "selected", "token", "reason", "payload", "id"]
        {
            parameters.insert(of_pages.to_owned());
        }
        let of_api = paths.iter().flat_map(|(route, path)| {
            let methods = path.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase().parse().unwrap(), route.clone()))
        });
        let of_pages = pages().iter().flat_map(|page| {
            let takes_forms =
                ["retry", "cancel", "complete", "edit", "edited", "resolve", "cancel-rest", "retry-parked"];
            let methods = match page.rsplit('/').next().unwrap() {
                "pause" | "resume" => &[Method::POST][..],
                last if takes_forms.contains(&last) => &[Method::GET, Method::POST],
                _ => &[Method::GET],
            };
            methods.iter().map(|method| (method.clone(), (*page).to_owned()))
        });
        let others = ["/metrics", "/healthz/live", "/healthz/ready", "/api/openapi.json", "/nothing", "//", "/api"];
        let others = others.map(|other| (Method::GET, other.to_owned()));
        let routes = of_api.chain(of_pages).chain(others).collect();
        let cookie = walker.cookie.expect("pages give one");
        Self { routes, parameters: parameters.into_iter().collect(), cookie, form: walker.form }
    }
}

/// A text in an address, for the most part as addresses want it.
fn encoded(input: &mut Input, text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || byte.is_ascii_graphic() && input.chance(3) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    if input.chance(3) {
        encoded += input.pick(&["%", "%f", "%zz", "%ff%fe", "%00", "+", "&&", "=", "#", "?"]);
    }
    encoded
}

fn value(input: &mut Input) -> String {
    let value = input.pick(&VALUES);
    match input.number(0..=2) {
        0 => value.to_owned(),
        1 => input.mutated(value),
        _ => input.text(),
    }
}

fn address(input: &mut Input, words: &Words, places: &Places, route: &str) -> String {
    let mut path = if input.chance(50) {
        places.put_in(route)
    } else {
        let parts = route.split('/').map(|part| {
            if part.starts_with('{') || input.chance(3) {
                let text = if input.chance(50) { value(input) } else { input.text() };
                encoded(input, &text)
            } else {
                part.to_owned()
            }
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let parameters = input.number(0..=4);
    for number in 0..parameters {
        path.push(if number == 0 { '?' } else { '&' });
        let name = if input.chance(85) { input.pick(&words.parameters) } else { input.text() };
        path += &encoded(input, &name);
        if input.chance(95) {
            let value = value(input);
            path.push('=');
            path += &encoded(input, &value);
        }
    }
    path
}

/// A body, and what it says it is.
fn any_body(input: &mut Input, words: &Words, route: &str) -> (Vec<u8>, &'static str) {
    let json = match body(route) {
        Value::Object(valid) => input.mutated_json(&valid),
        other => other,
    };
    let is_page = !route.starts_with("/api");
    match if is_page && input.chance(80) { 4 } else { input.number(0..=5) } {
        0..=2 => (json.to_string().into_bytes(), "application/json"),
        3 => {
            let text = json.to_string();
            (input.mutated(&text).into_bytes(), "application/json")
        }
        4 => {
            let mut form = if input.chance(90) { format!("token={}&", words.form) } else { String::new() };
            for _ in 0..input.number(0..=5) {
                let (name, value) = (input.pick(&words.parameters), value(input));
                form += &format!("{}={}&", encoded(input, &name), encoded(input, &value));
            }
            (form.into_bytes(), "application/x-www-form-urlencoded")
        }
        _ => ((0..input.number(0..=200)).map(|_| input.number(0..=255) as u8).collect(), "application/json"),
    }
}

fn request(input: &mut Input, words: &Words, places: &Places) -> Option<Request<Body>> {
    let (mut method, route) = input.pick(&words.routes);
    if input.chance(5) {
        method = input.pick(&[Method::GET, Method::POST, Method::PUT, Method::HEAD]);
    }
    let mut request = Request::builder().method(method).uri(address(input, words, places, &route));
    if input.chance(90) {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", ADMIN?));
    } else {
        let guess = input.text();
        let guess = format!("{} {guess}", input.pick(&["Basic", "Bearer", "bearer", "Digest", ""]));
        request = request.header(header::AUTHORIZATION, HeaderValue::from_bytes(guess.as_bytes()).ok()?);
    }
    let (body, kind) = any_body(input, words, &route);
    if input.chance(90) {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    if input.chance(70) {
        let cookie = words.cookie.to_str().unwrap().split(';').next().unwrap();
        request = request.header(header::COOKIE, cookie);
    }
    for _ in 0..input.number(0..=2) {
        let (name, value) = (input.pick(&HEADERS), value(input));
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            request = request.header(name, value);
        }
    }
    // What is no address or no header, no server gets to see.
    request.body(Body::from(body)).ok()
}

#[tokio::test]
async fn random_requests_to_every_route_never_fail_inside() {
    let house = House::new().await;
    let places = Places::of(&house).await;
    let words = Words::new(Walker::new(&house, ADMIN).await);
    let app = api(&house.bus);
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    for mut input in inputs(1_500) {
        let Some(request) = request(&mut input, &words, &places) else { continue };
        let told = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let answer = call(&app, request).await;
        assert!(answer.status.as_u16() < 500, "{told}: {} {}", answer.status, answer.text);
        *answers.entry(answer.status.as_u16()).or_default() += 1;
    }
    assert!(answers.contains_key(&200), "{answers:?}");
    report(format_args!("answers by status: {answers:?}, of {} routes", words.routes.len()));
}
