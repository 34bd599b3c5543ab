//! The stylesheet and the script, under names that change with their contents, so that browsers may keep them.

use std::sync::LazyLock;

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{api::Api, problem::Problem};

/// A file of the pages.
pub(super) struct Asset {
    /// Its address from the root of the pages.
    pub(super) path: String,
    tag: String,
    kind: &'static str,
    text: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", "text/css; charset=utf-8", include_str!("assets/style.css")));

pub(super) static REFRESH: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("refresh", "js", "text/javascript; charset=utf-8", include_str!("assets/refresh.js")));

impl Asset {
    fn new(name: &str, extension: &str, kind: &'static str, text: &'static str) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12]);
        Self { path: format!("assets/{name}-{digest}.{extension}"), tag: format!("\"{digest}\""), kind, text }
    }

    fn answer(&self) -> Response {
        // The name is that of the contents: another text has another name.
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::ETAG, self.tag.as_str()),
        ];
        (headers, self.text).into_response()
    }
}

/// They say nothing about anybody, so nobody is asked who they are: also the page that refuses somebody needs them.
pub(super) fn routes() -> Router<Api> {
    Router::new().route("/assets/{name}", get(show))
}

async fn show(Path(name): Path<String>, headers: axum::http::HeaderMap) -> Response {
    let assets: [&Asset; 2] = [&STYLE, &REFRESH];
    let Some(asset) = assets.into_iter().find(|asset| asset.path.strip_prefix("assets/") == Some(&name)) else {
        return Problem::not_found("there is no such file").into_response();
    };
    if headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == asset.tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, asset.tag.as_str())]).into_response();
    }
    asset.answer()
}
