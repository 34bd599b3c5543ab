//! The stylesheet and the script.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};

use super::{VIC, house};
use crate::api::call;

#[tokio::test]
async fn the_files_of_the_pages_may_be_kept_for_their_names_change_with_them() {
    let (house, mut browser) = house(VIC).await;
    let page = browser.page("/overview").await;
    let app = crate::api::api(&house.bus);
    for (mark, kind) in
        [("assets/style-", "text/css; charset=utf-8"), ("assets/refresh-", "text/javascript; charset=utf-8")]
    {
        let start = page.find(mark).unwrap();
        let name = page[start..].split('"').next().unwrap();
        let answer = browser.open(&format!("/{name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], kind);
        assert!(answer.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "what is kept says nothing about anybody");
        assert!(!answer.text.is_empty());

        let again = Request::builder().method(Method::GET).uri(format!("/{name}"));
        let again = again.header(header::IF_NONE_MATCH, &answer.headers[header::ETAG]).body(Body::empty()).unwrap();
        let again = call(&app, again).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }
    assert_eq!(browser.open("/assets/style-old.css").await.status, StatusCode::NOT_FOUND);
}
