//! Which versions of the interface there are; no token needed.

use super::Answer;
use crate::fault::Fault;
use crate::gateway::Gateway;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use identity::embedded::PublicUrl;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /`.
pub(crate) async fn versions(State(gateway): State<Arc<Gateway>>, request: Request) -> Answer {
    Ok(Json(json!({ "versions": [entry(&gateway, &request)?] })).into_response())
}

/// `GET /v1.0`.
pub(crate) async fn version(State(gateway): State<Arc<Gateway>>, request: Request) -> Answer {
    Ok(Json(json!({ "version": entry(&gateway, &request)? })).into_response())
}

fn entry(gateway: &Gateway, request: &Request) -> Result<Value, Fault> {
    let configured = gateway.config.public_endpoint.as_ref();
    let base = PublicUrl::of_request(configured, request.uri(), request.headers())
        .map_err(|error| Fault::Invalid(format!("The {error}.")))?;
    Ok(json!({
        "id": "v1.0",
        "status": "CURRENT",
        "updated": "2012-08-01T00:00:00Z",
        "links": [{ "rel": "self", "href": format!("{}/v1.0/", base.as_str()) }],
    }))
}
