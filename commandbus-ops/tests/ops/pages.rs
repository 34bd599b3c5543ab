//! The pages, asked as a browser does: with Basic credentials, cookies and forms.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    api::{Answer, api, call},
    house::House,
};

mod assets;
pub(crate) mod filled;
mod forgery;
mod mounting;
mod parked_replies;
mod rendering;
mod rights;
mod steering;
mod verbs;

/// A browser that somebody has typed their token into.
pub(crate) struct Browser {
    app: Router,
    authorization: Option<String>,
    cookie: Option<String>,
}

impl Browser {
    pub(crate) fn of(app: Router, token: Option<&str>) -> Self {
        let authorization = token.map(|token| format!("Basic {}", STANDARD.encode(format!("browser:{token}"))));
        Self { app, authorization, cookie: None }
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request
    }

    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        let answer = call(&self.app, self.request(Method::GET, path).body(Body::empty()).unwrap()).await;
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    /// The text of a page that is there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        let answer = self.open(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        answer.text
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        call(&self.app, request.body(Body::from(body)).unwrap()).await
    }

    /// Opens a page with a form, and sends it with what it carries and what is written into it.
    pub(crate) async fn fill_in(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let text = self.page(page).await;
        let hidden = hidden_fields(&text);
        assert!(hidden.iter().any(|(name, _)| name == "token"), "{page} has no form: {text}");
        let carried = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = carried.chain(fields.iter().copied()).collect();
        self.post(action, &all).await
    }
}

/// What the forms that are sent by POST carry by themselves.
pub(crate) fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let start = page.find("method=\"post\"").unwrap_or(page.len());
    let form = &page[start..];
    let form = &form[..form.find("</form>").unwrap_or(form.len())];
    let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |input: &str| {
        let (name, rest) = input.split_once("\" value=\"").unwrap();
        (name.to_owned(), plain(rest.split_once('"').unwrap().0))
    };
    inputs.map(field).collect()
}

/// A text as it was before it was written into HTML.
pub(crate) fn plain(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// Where a redirect leads, seen from the page that redirects.
pub(crate) fn leads_to(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

pub(crate) async fn house(token: &str) -> (House, Browser) {
    let house = House::new().await;
    let app = api(&house.bus);
    (house, Browser::of(app, Some(token)))
}

pub(crate) const ANN: &str = "the token of ann";
pub(crate) const VIC: &str = "the token of vic";
