//! Which versions there are, and where.

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use super::{Answer, Page};
use crate::embedded::view;

/// `GET /`: a list of one version, and the way to it.
pub(in crate::embedded) async fn versions(
    page: Page,
) -> (StatusCode, [(HeaderName, String); 1], Json<Value>) {
    let body = json!({ "versions": { "values": [view::version(&page.place)] } });
    (StatusCode::MULTIPLE_CHOICES, [(header::LOCATION, page.place.v3(""))], Json(body))
}

/// `GET /v3`.
pub(in crate::embedded) async fn version(page: Page) -> Answer {
    Ok(Json(json!({ "version": view::version(&page.place) })))
}
