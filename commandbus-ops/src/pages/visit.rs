//! Who looks at which page, and how its links are written.

use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{Extensions, Uri, request::Parts},
};
use serde::de::DeserializeOwned;

use super::forgery::Secret;
use crate::{
    access::{Caller, Rights},
    api::{
        Api,
        extract::{Paging, Viewer},
    },
    problem::Problem,
};

/// How many rows a list shows at once.
const ROWS: u32 = 50;

/// Somebody who may look, at a page.
pub(super) struct Visit {
    pub(super) caller: Caller,
    /// What they may really do here.
    pub(super) rights: Rights,
    /// From this page to the root of the pages: links are relative, for the router does not know where it is mounted,
    /// nor what a proxy takes away.
    up: String,
    /// What the address asks, without what it leaves empty.
    query: Vec<(String, String)>,
    /// What forms of this page carry.
    pub(super) token: String,
}

impl FromRequestParts<Api> for Visit {
    type Rejection = crate::api::extract::Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let Viewer(caller) = Viewer::from_request_parts(parts, api).await?;
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let query = query.filter(|(_, value)| !value.trim().is_empty());
        Ok(Self {
            rights: api.rights(caller.rights),
            up: up(&parts.extensions, &parts.uri),
            query: query.map(|(key, value)| (key.into_owned(), value.trim().to_owned())).collect(),
            token: Secret::of(parts).token(&caller.name, &parts.headers),
            caller,
        })
    }
}

/// The way from an address to the root of the pages.
pub(super) fn up(extensions: &Extensions, uri: &Uri) -> String {
    let depth = uri.path().matches('/').count();
    if depth > 1 {
        return "../".repeat(depth - 1);
    }
    // The root itself: `/ops` of a router that is nested there has no slash at its end.
    let asked = extensions.get::<OriginalUri>().map_or(uri, |OriginalUri(original)| original);
    match asked.path().rsplit_once('/') {
        Some((_, last)) if uri.path() == "/" && !last.is_empty() => format!("{last}/"),
        _ => String::new(),
    }
}

impl Visit {
    pub(super) fn viewer(&self) -> Viewer {
        Viewer(self.caller.clone())
    }

    pub(super) fn may_operate(&self) -> bool {
        self.rights.include(Rights::OPERATE)
    }

    /// A link to a page, by its address from the root.
    pub(super) fn to(&self, page: impl std::fmt::Display) -> String {
        // Never empty, which would lead to the page itself.
        format!("{}{page}", if self.up.is_empty() { "./" } else { &self.up })
    }

    /// What the address says of this word.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Everything that the address asks.
    pub(super) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// This page with other words in its address.
    pub(super) fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut query = form_urlencoded::Serializer::new("?".to_owned());
        let kept = self.query.iter().filter(|(key, _)| key != "notice" && changes.iter().all(|(name, _)| name != key));
        query.extend_pairs(kept);
        query.extend_pairs(changes.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        query.finish().replacen("?&", "?", 1)
    }

    /// What the address asks, as a filter.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        serde_html_form::from_str(&query.finish())
            .map_err(|error| Problem::bad_request(format!("the address asks for what cannot be looked for: {error}")))
    }

    /// Which page of a list.
    pub(super) fn paging(&self) -> Paging {
        let limit = self.asked("limit").and_then(|limit| limit.parse().ok());
        Paging { limit: limit.or(Some(ROWS)), cursor: self.asked("cursor").map(str::to_owned) }
    }

    /// Every how many seconds this page looks anew, if it does: as the address says, else as it does by itself.
    pub(super) fn refresh(&self, by_itself: Option<u32>) -> Option<u32> {
        let asked = self.asked("refresh").map(|seconds| seconds.parse::<u32>().ok());
        asked.unwrap_or(by_itself).filter(|seconds| *seconds > 0).map(|seconds| seconds.clamp(1, 300))
    }
}

/// A query for a link, without what is `None`.
pub(super) fn query(pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter_map(|(name, value)| Some((name, (*value)?))));
    format!("?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(mounted: &str, asked: &str) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(OriginalUri(asked.parse().unwrap()));
        up(&extensions, &mounted.parse().unwrap())
    }

    #[test]
    fn links_lead_to_the_root_wherever_that_is() {
        assert_eq!(way("/", "/"), "");
        assert_eq!(way("/", "/ops"), "ops/");
        assert_eq!(way("/", "/intern/ops/"), "");
        assert_eq!(way("/overview", "/ops/overview"), "");
        assert_eq!(way("/commands", "/commands"), "");
        assert_eq!(way("/commands/payments/7", "/ops/commands/payments/7"), "../../");
    }
}
