//! The description of the interface, for programs.

use crate::api;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| api::document().to_string());

/// `GET /openapi.json`: no token needed, and nothing about any project in it.
pub(crate) async fn show() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], DOCUMENT.as_str()).into_response()
}
