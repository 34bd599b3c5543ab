//! That a form was filled in on a page of ours.
//!
//! A browser gets a random secret in a cookie, and every form a token that is made of that secret, the name of the caller
//! and the credentials they came with. Other sites can make a browser send the cookie, but can neither read it nor make
//! the token. Nothing is kept on the server, so any of several serving programs accepts the forms of the others.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{access::Caller, api::Api, problem::Problem};

const COOKIE: &str = "commandbus-forms";

/// What the cookie of this browser holds.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>()))
    }

    fn in_cookies(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
        (value.len() == 32).then(|| Self(value.to_owned()))
    }

    /// That of the browser that asks.
    pub(super) fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_else(Self::new)
    }

    /// What a form carries.
    pub(super) fn token(&self, name: &str, headers: &HeaderMap) -> String {
        let mut token = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("a key of any length will do");
        token.update(name.as_bytes());
        token.update(&[0]);
        token.update(headers.get(header::AUTHORIZATION).map_or(&[], HeaderValue::as_bytes));
        URL_SAFE_NO_PAD.encode(token.finalize().into_bytes())
    }
}

/// Finds the secret of a browser, and gives one to a browser that has none.
pub(super) async fn keep_secret(mut request: Request, next: Next) -> Response {
    if let Some(secret) = Secret::in_cookies(request.headers()) {
        request.extensions_mut().insert(secret);
        return next.run(request).await;
    }
    let secret = Secret::new();
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", secret.0);
    request.extensions_mut().insert(secret);
    let mut response = next.run(request).await;
    let cookie = HeaderValue::try_from(cookie).expect("base64 is text");
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// A form that was filled in on a page of ours.
pub(super) struct Filled<T>(pub(super) T);

#[derive(Deserialize)]
struct Carried {
    #[serde(default)]
    token: String,
}

impl<T: DeserializeOwned> FromRequest<Api> for Filled<T> {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let name = parts.extensions.get::<Caller>().map_or("", |caller| caller.name.as_str());
        let wanted = Secret::of(&parts).token(name, &parts.headers);
        let request = Request::from_parts(parts, body);
        let body = Bytes::from_request(request, api)
            .await
            .map_err(|refused| Problem::new(refused.status(), "body", refused.body_text()).into_response())?;
        let carried: Carried = serde_html_form::from_bytes(&body).map_err(unreadable)?;
        if !bool::from(carried.token.as_bytes().ct_eq(wanted.as_bytes())) {
            let detail = "this form is not one of a page that this server showed you, or it is too old: go back, load the \
                          page again, and fill it in once more. Nothing was changed";
            return Err(Problem::new(StatusCode::FORBIDDEN, "forged-form", detail).into_response());
        }
        serde_html_form::from_bytes(&body).map(Self).map_err(unreadable)
    }
}

fn unreadable(error: impl std::fmt::Display) -> Response {
    Problem::unprocessable(format!("the form cannot be read: {error}")).into_response()
}

/// A form that takes no more than being sent.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// A text that may have been left empty.
pub(super) fn given(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_browser_one_caller_and_their_credentials() {
        let (secret, other) = (Secret::new(), Secret::new());
        let mut headers = HeaderMap::new();
        let token = secret.token("ann", &headers);
        assert_eq!(token, secret.token("ann", &headers));
        assert_ne!(token, other.token("ann", &headers));
        assert_ne!(token, secret.token("bob", &headers));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic YW5u"));
        assert_ne!(token, secret.token("ann", &headers));
    }

    #[test]
    fn the_secret_is_found_among_other_cookies() {
        let secret = Secret::new();
        let mut headers = HeaderMap::new();
        assert!(Secret::in_cookies(&headers).is_none());
        let cookies = format!("session=7; {COOKIE}={}; theme=dark", secret.0);
        headers.insert(header::COOKIE, cookies.parse().unwrap());
        assert_eq!(Secret::in_cookies(&headers).unwrap().0, secret.0);
        headers.insert(header::COOKIE, HeaderValue::from_static("commandbus-forms=short"));
        assert!(Secret::in_cookies(&headers).is_none());
    }
}
