//! Whether this gateway can serve: 200 when it can, 503 when not, and why in both.

use crate::gateway::Gateway;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// A log that takes longer to answer counts as out of reach.
const LOG_ANSWER_MAX: Duration = Duration::from_secs(2);

/// How this gateway is.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    read_model: ReadModel,
    log: Log,
    damaged: Vec<String>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct ReadModel {
    caught_up: bool,
    position: u64,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Log {
    reachable: bool,
    position: Option<u64>,
}

/// `GET /healthcheck`: no token needed, and nothing about any project in it. A damaged aggregate
/// is shown, but does not make the gateway unfit: all others are served.
pub(crate) async fn show(State(gateway): State<Arc<Gateway>>) -> Response {
    let asked = tokio::time::timeout(LOG_ANSWER_MAX, gateway.log.info()).await;
    let log_position = asked.ok().and_then(Result::ok).map(|info| info.last_sequence);
    let is_caught_up = gateway.read_model.is_caught_up();
    let damaged = gateway.read_model.damaged();
    let is_fit = is_caught_up && log_position.is_some() && damaged.is_ok();
    let damaged: Vec<String> =
        damaged.unwrap_or_default().iter().map(ToString::to_string).collect();
    let status = if is_fit { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Health {
        status: if is_fit { "ok" } else { "unavailable" },
        read_model: ReadModel { caught_up: is_caught_up, position: gateway.read_model.position() },
        log: Log { reachable: log_position.is_some(), position: log_position },
        damaged,
    };
    (status, Json(body)).into_response()
}
