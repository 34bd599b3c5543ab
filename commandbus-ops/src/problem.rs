//! Errors as RFC 9457 wants them: `application/problem+json`.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use commandbus::{
    bus::{BatchError, SendError},
    error::StoreError,
    ops::OpsError,
    process::StartUntypedError,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem this is; it stays the same from one occurrence to the next.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The status of the response.
    pub status: u16,
    /// What happened here, and what to do about it.
    pub detail: String,
}

impl Problem {
    /// A problem; the title is that of the status.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:commandbus:problem:{kind}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        // For the pages, which tell it in their own way.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (status, kind) = match &error {
            StoreError::Unreachable { .. } | StoreError::OutOfResources { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "database-unavailable")
            }
            StoreError::SchemaMissing | StoreError::SchemaTooOld { .. } | StoreError::SchemaTooNew { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "schema")
            }
            // Of this server's own role: nothing that who asked could change.
            StoreError::NotPermitted { .. } => (StatusCode::SERVICE_UNAVAILABLE, "database-role"),
            StoreError::QueueMissing { .. } => (StatusCode::SERVICE_UNAVAILABLE, "queue-missing"),
            StoreError::Conflict { .. } => (StatusCode::CONFLICT, "busy"),
            StoreError::Data { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "data"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            // What the driver says may name tables and values; that is for the log.
            tracing::error!(%error, "the store failed");
            return Self::new(status, kind, "the store failed; the log of this server says why");
        }
        Self::new(status, kind, error.to_string())
    }
}

impl From<OpsError> for Problem {
    fn from(error: OpsError) -> Self {
        let (status, kind) = match error {
            OpsError::Store(error) => return error.into(),
            OpsError::NotParked { .. } | OpsError::ReplyNotParked { .. } => (StatusCode::CONFLICT, "not-parked"),
            OpsError::NotPending { .. } => (StatusCode::CONFLICT, "not-pending"),
            OpsError::MessageGone { .. } => (StatusCode::CONFLICT, "message-gone"),
            OpsError::CommandNotFound { .. } | OpsError::BatchNotFound { .. } | OpsError::OperationNotFound { .. } => {
                (StatusCode::NOT_FOUND, "not-found")
            }
            OpsError::BatchOfProcesses { .. } => (StatusCode::CONFLICT, "batch-of-processes"),
            OpsError::OperatorRequired => (StatusCode::FORBIDDEN, "operator-required"),
            OpsError::ReasonRequired => (StatusCode::UNPROCESSABLE_ENTITY, "reason-required"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"),
        };
        Self::new(status, kind, error.to_string())
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Store(error) => error.into(),
            SendError::DuplicateCommand { .. } => {
                Self::new(StatusCode::CONFLICT, "duplicate-command", error.to_string())
            }
            other => Self::unprocessable(other.to_string()),
        }
    }
}

impl From<StartUntypedError> for Problem {
    fn from(error: StartUntypedError) -> Self {
        match error {
            StartUntypedError::Store(error) => error.into(),
            StartUntypedError::UnknownType { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-process", error.to_string())
            }
            other => Self::unprocessable(other.to_string()),
        }
    }
}

impl From<BatchError> for Problem {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Store(error) => error.into(),
            other => Self::unprocessable(other.to_string()),
        }
    }
}
