//! Every refusal of the identity interface: status and text in one place.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Answers `{"error": {"code", "message", "title"}}`. The challenge of a 401 is added by the
/// router, which knows the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    BadRequest(String),
    /// No valid token, or a log-in that proves nothing. One text for all causes.
    Unauthorized,
    /// A log-in that could not succeed whatever its secrets were.
    UnauthorizedBecause(&'static str),
    Forbidden,
    ForbiddenBecause(&'static str),
    NotFound(String),
    BodyTooLarge,
    /// Users are changed in the file, so what would change them is not offered.
    ReadOnly,
    /// A revocation was not recorded; the client should repeat its request.
    Unavailable,
}

impl Fault {
    pub(super) fn no_such(kind: &str, id: &str) -> Self {
        Self::NotFound(format!("Could not find {kind}: {id}."))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::UnauthorizedBecause(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::ForbiddenBecause(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ReadOnly => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(&self) -> &str {
        match self {
            Self::BadRequest(message) | Self::NotFound(message) => message,
            Self::Unauthorized => "The request you have made requires authentication.",
            Self::UnauthorizedBecause(message) | Self::ForbiddenBecause(message) => message,
            Self::Forbidden => "You are not authorized to perform the requested action.",
            Self::BodyTooLarge => "The body of the request is too large.",
            Self::ReadOnly => {
                "Users, projects and roles are kept in the users file and are not changed here."
            }
            Self::Unavailable => "The revocation could not be recorded; repeat the request.",
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = self.status();
        let error = json!({
            "code": status.as_u16(),
            "message": self.message(),
            "title": status.canonical_reason(),
        });
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
