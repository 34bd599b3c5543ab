//! The HTTP API.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use commandbus::bus::Bus;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer, trace::TraceLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access::{Access, Rights},
    guard, pages,
    problem::Problem,
};

pub(crate) mod batches;
pub(crate) mod commands;
pub(crate) mod extract;
pub(crate) mod operations;
pub(crate) mod probes;
pub(crate) mod processes;
pub(crate) mod system;
pub(crate) mod troubleshooting;

/// How the router behaves.
///
/// ```
/// use commandbus_ops::{Options, Rights, Tokens};
///
/// # fn options(token: &str) -> Options {
/// Options::new(Tokens::new().with("olga", token, Rights::ALL))
///     .writable() // else everybody may only look
///     .public_metrics() // for a Prometheus without a token
///     .body_limit(1 << 20)
/// # }
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) access: Arc<dyn Access>,
    pub(crate) writable: bool,
    pub(crate) body_limit: usize,
    pub(crate) requests_per_second: NonZeroU32,
    pub(crate) timeout: Duration,
    pub(crate) public_metrics: bool,
}

impl Options {
    /// Read-only, with bodies of at most 8 MiB and 50 requests a second from each caller.
    pub fn new(access: impl Access) -> Self {
        Self {
            access: Arc::new(access),
            writable: false,
            body_limit: 8 << 20,
            requests_per_second: NonZeroU32::new(50).expect("fifty is not zero"),
            timeout: Duration::from_secs(60),
            public_metrics: false,
        }
    }

    /// Lets callers who have the rights operate and send.
    #[must_use]
    pub fn writable(mut self) -> Self {
        self.writable = true;
        self
    }

    /// The largest body of a request, in bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How many requests a caller may make each second, with bursts of twice that.
    #[must_use]
    pub fn requests_per_second(mut self, requests: NonZeroU32) -> Self {
        self.requests_per_second = requests;
        self
    }

    /// Shows `/metrics` to those who do not say who they are.
    #[must_use]
    pub fn public_metrics(mut self) -> Self {
        self.public_metrics = true;
        self
    }
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) bus: Bus,
    pub(crate) options: Options,
    pub(crate) limiter: Arc<guard::Limiter>,
}

impl Api {
    /// What a caller may really do here.
    pub(crate) fn rights(&self, rights: Rights) -> Rights {
        if self.options.writable { rights } else { rights.and(Rights::VIEW) }
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "commandbus",
    description = "Commands, batches and processes, for those who run them. Errors are problem documents (RFC 9457); lists \
                   are paged by cursors; verbs need the right `operate`, sending needs `send`."
))]
struct Document;

fn api_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(commands::list, commands::send))
        .routes(routes!(commands::count))
        .routes(routes!(commands::show))
        .routes(routes!(commands::cancel))
        .routes(routes!(troubleshooting::list))
        .routes(routes!(troubleshooting::groups))
        .routes(routes!(troubleshooting::count))
        .routes(routes!(troubleshooting::show))
        .routes(routes!(troubleshooting::retry))
        .routes(routes!(troubleshooting::cancel))
        .routes(routes!(troubleshooting::complete))
        .routes(routes!(operations::list, operations::begin))
        .routes(routes!(operations::show))
        .routes(routes!(operations::cancel))
        .routes(routes!(operations::resume))
        .routes(routes!(batches::list))
        .routes(routes!(batches::show))
        .routes(routes!(batches::cancel_rest))
        .routes(routes!(batches::retry_parked))
        .routes(routes!(batches::pause))
        .routes(routes!(batches::resume))
        .routes(routes!(processes::list))
        .routes(routes!(processes::start_batch))
        .routes(routes!(processes::show))
        .routes(routes!(processes::parked_replies))
        .routes(routes!(processes::retry_reply))
        .routes(routes!(system::audit))
        .routes(routes!(system::overview))
        .routes(routes!(system::queues))
        .routes(routes!(system::workers))
        .routes(routes!(system::faults))
        .routes(routes!(system::catalog))
        .routes(routes!(system::me))
        .routes(routes!(system::pause))
        .routes(routes!(system::resume))
}

/// The OpenAPI document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    OpenApiRouter::<Api>::new().nest("/api", api_routes()).into_openapi()
}

/// The pages, `/api/..`, `/healthz/live`, `/healthz/ready` and `/metrics`, to be mounted under any prefix.
///
/// Everything but the health probes and the stylesheet asks the [`Access`] of the options who is there.
///
/// ```
/// # use commandbus::bus::Bus;
/// use commandbus_ops::{HostApp, Options, router};
///
/// # fn mount(bus: Bus) -> axum::Router {
/// // A layer of yours puts a `commandbus_ops::Caller` into each request.
/// axum::Router::new().nest("/ops", router(bus, Options::new(HostApp).writable()))
/// # }
/// ```
pub fn router(bus: Bus, options: Options) -> Router {
    let limiter = Arc::new(guard::Limiter::new(options.requests_per_second));
    let api = Api { bus, options, limiter };
    let document = openapi();
    let (routes, _) = OpenApiRouter::new().nest("/api", api_routes()).split_for_parts();
    let guarded = routes
        .route("/api/openapi.json", get(async move |_: extract::Viewer| axum::Json(document)))
        .route("/metrics", get(probes::metrics))
        .layer(middleware::from_fn_with_state(api.clone(), guard::identify))
        .layer(middleware::from_fn(guard::refuse_other_sites));
    guarded
        .merge(pages::router(&api))
        .route("/healthz/live", get(probes::live))
        .route("/healthz/ready", get(probes::ready))
        .fallback(pages::nothing_here)
        .method_not_allowed_fallback(async || {
            Problem::new(
                axum::http::StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "this address does not take this method: see /api/openapi.json",
            )
        })
        .layer(DefaultBodyLimit::max(api.options.body_limit))
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::GATEWAY_TIMEOUT, api.options.timeout))
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(middleware::from_fn(guard::harden))
        // Method, path, status and time; no bodies and no headers.
        .layer(TraceLayer::new_for_http())
        .with_state(api)
}
