//! What handlers take, with refusals that are problem documents.

use axum::{
    Json,
    body::HttpBody as _,
    extract::{
        FromRequest, FromRequestParts, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use commandbus::{message::Domain, store::Page};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::Api;
use crate::{
    access::{Caller, Rights},
    problem::Problem,
};

/// Somebody who may look.
pub(crate) struct Viewer(pub(crate) Caller);

/// Somebody who may use the verbs of operators.
pub(crate) struct Operating(pub(crate) Caller);

/// Somebody who may send.
pub(crate) struct Sending(pub(crate) Caller);

/// Why nobody comes in.
pub(crate) enum Refused {
    Unknown(Option<&'static str>),
    Problem(Problem),
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Unknown(challenge) => {
                let detail = "say who you are: this server wants credentials, as `Authorization: Bearer ..`";
                let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
                match challenge {
                    Some(challenge) => ([(header::WWW_AUTHENTICATE, challenge)], problem).into_response(),
                    None => problem.into_response(),
                }
            }
        }
    }
}

fn admit(parts: &Parts, api: &Api, needed: Rights) -> Result<Caller, Refused> {
    let caller = parts.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| Refused::Unknown(api.options.access.challenge()))?;
    if api.rights(caller.rights).include(needed) {
        return Ok(caller);
    }
    let right = needed.names().join(", ");
    Err(Refused::Problem(Problem::forbidden(if caller.rights.include(needed) {
        format!("this server is read-only: start it with `--allow-writes` (`Options::writable`) to let anybody {right}")
    } else {
        format!("{} does not have the right `{right}`: ask whoever gives out access to this server", caller.name)
    })))
}

macro_rules! admitted {
    ($($name:ident: $rights:expr,)+) => {
        $(impl FromRequestParts<Api> for $name {
            type Rejection = Refused;

            async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
                admit(parts, api, $rights).map(Self)
            }
        })+
    };
}

admitted! {
    Viewer: Rights::VIEW,
    Operating: Rights::OPERATE,
    Sending: Rights::SEND,
}

/// The query of an address.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Api> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let query: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, api).await;
        query.map(|Query(query)| Self(query)).map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// The parts of an address.
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, api).await;
        path.map(|Path(path)| Self(path)).map_err(|error| Problem::bad_request(error.body_text()))
    }
}

/// A body of JSON.
pub(crate) struct Given<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let body: Result<Json<T>, JsonRejection> = Json::from_request(request, api).await;
        body.map(|Json(body)| Self(body))
            .map_err(|error| Problem::new(error.status(), "body", format!("the body: {}", error.body_text())))
    }
}

/// A body of JSON, or none.
#[derive(Default)]
pub(crate) struct MayGive<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Api> for MayGive<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        if !request.headers().contains_key(header::CONTENT_TYPE) && request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Given::from_request(request, api).await.map(|Given(body)| Self(body))
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// How many at most; 50 unless told, 500 at most.
    pub(crate) limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl Paging {
    /// The page, with the cursor read as its key.
    pub(crate) fn page<K: std::str::FromStr>(&self) -> Result<Page<K>, Problem> {
        let after = self.cursor.as_deref().map(|cursor| {
            cursor.parse().map_err(|_| {
                Problem::bad_request("this is no cursor: take `next_cursor` of the page before as it came")
            })
        });
        Ok(Page { after: after.transpose()?, limit: self.limit.unwrap_or(50).clamp(1, 500) })
    }
}

/// Reads the name of a domain.
pub(crate) fn domain(name: &str) -> Result<Domain, Problem> {
    Domain::new(name.to_owned()).map_err(|error| Problem::bad_request(error.to_string()))
}

/// Reads the name of a domain, if one is given.
pub(crate) fn some_domain(name: Option<&str>) -> Result<Option<Domain>, Problem> {
    name.filter(|name| !name.is_empty()).map(domain).transpose()
}
