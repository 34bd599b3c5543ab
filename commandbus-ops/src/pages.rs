//! The web pages: rendered on the server, usable without JavaScript, thin over the same functions as the API.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use crate::{api::Api, guard, problem::Problem};

mod assets;
mod batches;
mod commands;
mod edit;
mod elements;
mod forgery;
mod groups;
mod layout;
mod lifecycle;
mod operations;
mod overview;
mod parked_replies;
mod process_batches;
mod processes;
mod progress;
mod resolve;
mod select;
mod sparkline;
mod system;
mod time;
mod timeline;
mod troubleshooting;
mod types;
mod visit;

/// What pages may do in a browser: nothing from elsewhere, no script and no style but our two files.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The pages with everything that stands before them. What goes wrong there is told as a page, too.
pub(crate) fn router(api: &Api) -> Router<Api> {
    routes()
        .method_not_allowed_fallback(async || {
            let detail = "this address does not take this method: use the buttons and links of the pages";
            Problem::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
        })
        .layer(middleware::from_fn(forgery::keep_secret))
        .layer(middleware::from_fn_with_state(api.clone(), guard::identify))
        .layer(middleware::from_fn(guard::refuse_other_sites))
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::GATEWAY_TIMEOUT, api.options.timeout))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(middleware::from_fn_with_state(api.clone(), as_page))
        .merge(assets::routes())
}

/// Writes each address once, for the router and for those who walk all of them.
macro_rules! routes {
    ($($address:literal => $methods:expr,)+) => {
        /// The addresses of the pages, as the router has them: for tests of one's own, say of who comes in.
        pub fn pages() -> &'static [&'static str] {
            &[$($address),+]
        }

        fn routes() -> Router<Api> {
            Router::new()$(.route($address, $methods))+
        }
    };
}

routes! {
    "/" => get(overview::show),
    "/overview" => get(overview::show),
    "/troubleshooting" => get(groups::list),
    "/troubleshooting/items" => get(troubleshooting::list),
    "/troubleshooting/resolve" => get(select::confirm).post(select::begin),
    "/troubleshooting/{domain}/{command_id}" => get(troubleshooting::show),
    "/troubleshooting/{domain}/{command_id}/retry" => get(resolve::ask_retry).post(resolve::retry),
    "/troubleshooting/{domain}/{command_id}/cancel" => get(resolve::ask_cancel).post(resolve::cancel),
    "/troubleshooting/{domain}/{command_id}/complete" => get(resolve::ask_complete).post(resolve::complete),
    "/troubleshooting/{domain}/{command_id}/edit" => get(edit::ask).post(edit::preview),
    "/troubleshooting/{domain}/{command_id}/edited" => post(edit::retry),
    "/commands" => get(commands::list),
    "/commands/{domain}/{command_id}" => get(commands::show),
    "/commands/{domain}/{command_id}/cancel" => get(commands::ask_cancel).post(commands::cancel),
    "/batches" => get(batches::list),
    "/batches/{batch_id}" => get(batches::show),
    "/batches/{batch_id}/cancel-rest" => get(batches::ask_cancel_rest).post(batches::cancel_rest),
    "/batches/{batch_id}/retry-parked" => get(batches::ask_retry_parked).post(batches::retry_parked),
    "/batches/{batch_id}/pause" => post(batches::pause),
    "/batches/{batch_id}/resume" => post(batches::resume),
    "/process-batches" => get(process_batches::list),
    "/process-batches/{batch_id}" => get(process_batches::show),
    "/processes" => get(processes::list),
    "/processes/{domain}/{process_id}" => get(timeline::show),
    "/processes/{domain}/parked-replies" => get(parked_replies::list),
    "/processes/{domain}/parked-replies/{reply}/retry" => get(parked_replies::ask).post(parked_replies::retry),
    "/operations" => get(operations::list),
    "/operations/{operation_id}" => get(operations::show),
    "/operations/{operation_id}/cancel" => post(operations::cancel),
    "/operations/{operation_id}/resume" => post(operations::resume),
    "/workers" => get(system::workers),
    "/queues" => get(system::queues),
    "/queues/{domain}/pause" => post(system::pause),
    "/queues/{domain}/resume" => post(system::resume),
    "/types" => get(types::list),
}

/// Turns what the handlers and the guards refuse into pages, asks browsers for a name and a password, and says what a
/// page may do.
async fn as_page(State(api): State<Api>, request: Request, next: Next) -> Response {
    let up = visit::up(request.extensions(), request.uri());
    let mut response = next.run(request).await;
    let is_failure = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if is_failure && !kind.starts_with(b"text/html") {
        response = refused(&api, &up, response);
    }
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// The page for a refusal, with the headers that came with it.
fn refused(api: &Api, up: &str, response: Response) -> Response {
    let status = response.status();
    let problem = response.extensions().get::<Problem>().cloned();
    let detail = problem.map_or_else(String::new, |problem| problem.detail);
    let page = layout::refusal(up, status, &detail);
    let mut page = (status, page).into_response();
    for name in [header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    if status == axum::http::StatusCode::UNAUTHORIZED
        && let Some(challenge) = api.options.access.browser_challenge()
    {
        page.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    page
}

/// What there is at an address that nothing is at: a page, except among the addresses of machines.
pub(crate) async fn nothing_here(uri: Uri, request: Request) -> Response {
    let is_for_machines = ["/api", "/healthz", "/metrics"]
        .iter()
        .any(|root| uri.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if is_for_machines {
        let detail = "there is nothing at this address: see /api/openapi.json for what there is";
        return Problem::not_found(detail).into_response();
    }
    let up = visit::up(request.extensions(), &uri);
    let status = axum::http::StatusCode::NOT_FOUND;
    let mut page =
        (status, layout::refusal(&up, status, "this is the address of no page: check it, or begin at the overview"))
            .into_response();
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    page
}
