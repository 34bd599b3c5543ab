//! The login of this service, as any other would have one: a form, a cookie, and who is behind it.
//!
//! Names and passwords stand here because it is an example; yours ask whatever knows your people.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use commandbus_ops::{Caller, Rights};
use serde::Deserialize;

const COOKIE: &str = "session";

/// Who is logged in, by the secret in their cookie.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, Caller>>>);

impl Sessions {
    fn begin(&self, caller: Caller) -> String {
        let secret = format!("{:032x}", rand::random::<u128>());
        self.0.lock().expect("nothing panics while it is held").insert(secret.clone(), caller);
        secret
    }

    fn of(&self, headers: &HeaderMap) -> Option<Caller> {
        let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
        let secret = cookies.split("; ").find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='))?;
        self.0.lock().expect("nothing panics while it is held").get(secret).cloned()
    }
}

/// All that `commandbus_ops` asks of a login: put a [`Caller`] into the request. Without one it answers 401, but for health
/// probes; which rights a page or a verb takes it checks itself.
pub(crate) async fn identify(State(sessions): State<Sessions>, mut request: Request, next: Next) -> Response {
    if let Some(caller) = sessions.of(request.headers()) {
        request.extensions_mut().insert(caller);
    }
    let shows_pages = accepts_html(request.headers());
    let response = next.run(request).await;
    // A person is shown where to log in.
    let is_refused = response.status() == StatusCode::UNAUTHORIZED;
    if is_refused && shows_pages { Redirect::to("/login").into_response() } else { response }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).is_some_and(|it| it.contains("text/html"))
}

pub(crate) fn routes(sessions: Sessions) -> Router {
    Router::new().route("/login", get(form).post(log_in)).with_state(sessions)
}

async fn form() -> Html<&'static str> {
    Html(
        "<!doctype html><title>Reports</title><h1>Log in</h1>\
         <form method=post><input name=name placeholder=name> <input name=password type=password placeholder=password> \
         <button>Log in</button></form><p>olga / may-operate, or victor / may-look",
    )
}

#[derive(Deserialize)]
struct Credentials {
    name: String,
    password: String,
}

async fn log_in(State(sessions): State<Sessions>, Form(given): Form<Credentials>) -> Response {
    let rights = match (given.name.as_str(), given.password.as_str()) {
        ("olga", "may-operate") => Rights::VIEW | Rights::OPERATE,
        ("victor", "may-look") => Rights::VIEW,
        _ => return (StatusCode::FORBIDDEN, "that is nobody here").into_response(),
    };
    // The name is what the audit trail keeps of whatever this person does.
    let secret = sessions.begin(Caller::new(given.name, rights));
    let cookie = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/ops")).into_response()
}
