//! Every route that the router has, as each kind of caller, and as a form of another site.

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, Request, StatusCode, header},
};
use commandbus::store::{Page, ParkedFilter};
use commandbus_ops::{openapi, pages};
use serde_json::{Value, json};

use crate::{
    api::{Answer, api, call},
    house::House,
    pages::{
        filled::{Filled, fill},
        hidden_fields,
    },
};

/// A request that nothing but missing rights stands in the way of.
struct Step {
    method: Method,
    path: String,
    /// What the caller needs; `None` for what everybody may ask.
    needs: Option<&'static str>,
    /// What is sent: JSON to the API, a form to a page.
    body: Option<String>,
    is_page: bool,
}

/// What is put in the place of the parameters.
pub(crate) struct Places {
    filled: Filled,
    operation: String,
}

impl Places {
    pub(crate) async fn of(house: &House) -> Self {
        let filled = fill(house).await;
        let operator = house.bus.troubleshooting().by("otto");
        let nothing = ParkedFilter::default().with_code("NOTHING_OF_THE_KIND");
        let operation = operator.retry_all(&nothing).await.unwrap().operation_id.to_string();
        Self { filled, operation }
    }

    pub(crate) fn put_in(&self, route: &str) -> String {
        let Filled { parked, batch, process_batch, blocked, .. } = &self.filled;
        let domain = if route.contains("process") { "reporting" } else { "payments" };
        let batch = if route.contains("process") { process_batch } else { batch };
        let path = route
            .replace("{domain}", domain)
            .replace("{command_id}", &parked[0].to_string())
            .replace("{batch_id}", &batch.to_string())
            .replace("{process_id}", &blocked.to_string())
            .replace("{operation_id}", &self.operation)
            .replace("{parked_reply_id}", "1")
            .replace("{reply}", "1");
        assert!(!path.contains('{'), "say here what to put into `{route}`");
        path
    }

    fn steps(&self) -> Vec<Step> {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut steps = Vec::new();
        for (route, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let method: Method = method.to_uppercase().parse().unwrap();
                let needs = match (&method, route.as_str()) {
                    (&Method::GET, _) => "view",
                    (_, "/api/commands" | "/api/processes/batch") => "send",
                    _ => "operate",
                };
                let body = (method == Method::POST).then(|| body(route).to_string());
                steps.push(Step { method, path: self.put_in(route), needs: Some(needs), body, is_page: false });
            }
        }
        for route in pages() {
            let (path, last) = (self.put_in(route), route.rsplit('/').next().unwrap_or_default());
            let asks = ["retry", "cancel", "complete", "edit", "resolve", "cancel-rest", "retry-parked"];
            let needs = if asks.contains(&last) && !route.starts_with("/operations") { "operate" } else { "view" };
            let path = if last == "resolve" { format!("{path}?verb=RETRY&all=true") } else { path };
            let get = Step { method: Method::GET, path: path.clone(), needs: Some(needs), body: None, is_page: true };
            // That there is nothing to send a form to is found out before anybody is asked who they are.
            let form = "reason=the+walk&verb=CANCEL&all=true&expected_count=99&payload=%7B%7D".to_owned();
            let post = Step { method: Method::POST, path, needs: Some("operate"), body: Some(form), is_page: true };
            steps.extend([get, post]);
        }
        let get = |path: &str, needs, is_page| Step {
            method: Method::GET,
            path: path.to_owned(),
            needs,
            body: None,
            is_page,
        };
        steps.extend([
            get("/api/openapi.json", Some("view"), false),
            get("/metrics", Some("view"), false),
            get("/healthz/live", None, false),
            get("/healthz/ready", None, false),
        ]);
        assert!(steps.len() > 100, "{}", steps.len());
        // Who looks finds everything as it was filled.
        steps.sort_by_key(|step| step.method != Method::GET);
        steps
    }
}

/// A body that is taken where the caller may send it.
pub(crate) fn body(route: &str) -> Value {
    match route {
        "/api/commands" => json!({ "domain": "payments", "command_type": "DebitAccount", "data": {} }),
        "/api/processes/batch" => {
            json!({ "domain": "reporting", "process_type": "Report", "processes": [{ "page": 1 }] })
        }
        "/api/operations" => json!({ "verb": "CANCEL", "filter": { "error_code": "NOBODYS" }, "reason": "the walk" }),
        route if route.ends_with("pause") || route.ends_with("resume") => json!({}),
        route if route.starts_with("/api/operations/") => json!({}),
        _ => json!({ "reason": "the walk" }),
    }
}

/// Somebody, with the cookie and the token that pages give to their browser.
pub(crate) struct Walker {
    app: Router,
    token: Option<&'static str>,
    pub(crate) cookie: Option<HeaderValue>,
    /// What forms of theirs have to say.
    pub(crate) form: String,
}

impl Walker {
    pub(crate) async fn new(house: &House, token: Option<&'static str>) -> Self {
        let mut walker = Self { app: api(&house.bus), token, cookie: None, form: String::new() };
        let queues = Step { method: Method::GET, path: "/queues".to_owned(), needs: None, body: None, is_page: true };
        let page = walker.take(&queues, None).await;
        walker.cookie = page.headers.get(header::SET_COOKIE).cloned();
        let found = hidden_fields(&page.text).into_iter().find(|(name, _)| name == "token");
        walker.form = found.map_or_else(|| "guessed".to_owned(), |(_, token)| token);
        walker
    }

    async fn take(&self, step: &Step, site: Option<(&str, &str)>) -> Answer {
        let mut request = Request::builder().method(&step.method).uri(&step.path);
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie.to_str().unwrap().split(';').next().unwrap());
        }
        if let Some((name, value)) = site {
            request = request.header(name, value);
        }
        let kind = if step.is_page { "application/x-www-form-urlencoded" } else { "application/json" };
        let body = step
            .body
            .as_ref()
            .map(|body| if step.is_page { format!("{body}&token={}", self.form) } else { body.clone() });
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        call(&self.app, request.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await
    }
}

/// Everything that the database holds.
async fn state(house: &House) -> String {
    let tables = "select md5(string_agg(
                      query_to_xml(format('select t::text from %I.%I t order by 1', schemaname, tablename), true, false, '')::text,
                      '' order by schemaname, tablename))
                  from pg_tables where schemaname in ('commandbus', 'pgmq')";
    sqlx::query_scalar(tables).fetch_one(&house.pool).await.unwrap()
}

#[tokio::test]
async fn each_route_lets_in_who_may_and_a_refusal_changes_nothing() {
    let house = House::new().await;
    let places = Places::of(&house).await;
    for (name, token, rights) in [
        ("nobody", None, &[][..]),
        ("a guess", Some("a guess"), &[]),
        ("view", Some("the token of vic"), &["view"]),
        ("send", Some("the token of sam"), &["view", "send"]),
        ("operate", Some("the token of olga"), &["view", "operate"]),
    ] {
        let walker = Walker::new(&house, token).await;
        for step in places.steps() {
            let before = state(&house).await;
            let answer = walker.take(&step, None).await;
            let told = format!("{name}: {} {}: {} {}", step.method, step.path, answer.status, answer.text);
            let has_right = step.needs.is_none_or(|right| rights.contains(&right));
            // A page that takes no forms, or nothing but forms.
            if answer.status == StatusCode::METHOD_NOT_ALLOWED {
                assert!(step.is_page, "{told}");
            } else if !rights.contains(&"view") && step.needs.is_some() {
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{told}");
            } else if !has_right {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{told}");
            } else if step.method == Method::GET && step.path.ends_with("/parked-replies/1/retry") {
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "no reply is parked: {told}");
            } else if step.method == Method::GET {
                // No reply is parked here: a page that would retry one says so, to those who may.
                let is_nothing = step.path.contains("/parked-replies/1") && answer.status == StatusCode::NOT_FOUND;
                assert!(answer.status.is_success() || answer.status.is_redirection() || is_nothing, "{told}");
            } else {
                let done_before = [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
                let is_done = answer.status.is_success() || answer.status == StatusCode::SEE_OTHER;
                assert!(is_done || done_before.contains(&answer.status), "{told}");
            }
            if !has_right || answer.status == StatusCode::METHOD_NOT_ALLOWED {
                assert_eq!(state(&house).await, before, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn who_may_operate_gets_done_what_they_ask_for() {
    let house = House::new().await;
    let places = Places::of(&house).await;
    let olga = Walker::new(&house, Some("the token of olga")).await;
    let parked = &places.filled.parked;
    // One command each, for they are resolved once.
    for (verb, id) in ["retry", "cancel", "complete"].iter().zip(parked) {
        let path = format!("/troubleshooting/payments/{id}/{verb}");
        let form =
            Step { method: Method::POST, path, needs: None, body: Some("reason=walk".to_owned()), is_page: true };
        assert_eq!(olga.take(&form, None).await.status, StatusCode::SEE_OTHER, "{verb}");
    }
    let left = house.bus.troubleshooting().list(&ParkedFilter::default(), Page::first(50)).await.unwrap();
    assert!(left.iter().all(|left| !parked[..3].contains(&left.command_id)));
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing_whoever_sends_it() {
    let house = House::new().await;
    let places = Places::of(&house).await;
    let ann = Walker::new(&house, Some("the token of ann")).await;
    let before = state(&house).await;
    for step in places.steps().iter().filter(|step| step.method != Method::GET) {
        for site in
            [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
        {
            let answer = ann.take(step, Some(site)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {site:?}: {}", step.path, answer.text);
            assert_eq!(state(&house).await, before, "{} {site:?}", step.path);
        }
    }
    // A page of ours in another browser: its token is not that of this cookie.
    let stranger = Walker { form: Walker::new(&house, Some("the token of ann")).await.form, ..ann };
    for step in places.steps().iter().filter(|step| step.is_page && step.method == Method::POST) {
        let answer = stranger.take(step, None).await;
        assert!([403, 405].contains(&answer.status.as_u16()), "{}: {}", step.path, answer.text);
        assert_eq!(state(&house).await, before, "{}", step.path);
    }
}
