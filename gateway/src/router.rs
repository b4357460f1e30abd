//! What all requests go through, whichever operation of [`crate::api`] they are for.

use crate::api;
use crate::call::{self, PROJECT};
use crate::dialect::{self, Dialect};
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::negotiation::negotiate;
use crate::request::document;
use crate::request_id;
use crate::routes;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use domain::ids::RequestId;
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// All routes of a gateway; `identity` is mounted under `/identity`.
pub fn router(gateway: Arc<Gateway>, identity: Router) -> Router {
    let places = Arc::new(Semaphore::new(gateway.config.limits.requests_max));
    let mut gated = api::routed(api::gated())
        .fallback(routes::none)
        .method_not_allowed_fallback(routes::none)
        .layer(DefaultBodyLimit::max(document::BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), call::gate));
    if gateway.config.dialect == Dialect::Founding {
        gated = gated.layer(middleware::map_response(dialect::founding));
    }
    let routed = api::routed(api::open())
        .nest(&format!("/v1.0/{{{PROJECT}}}"), gated)
        .nest_service("/identity", identity)
        .fallback(routes::none)
        .method_not_allowed_fallback(routes::none)
        .with_state(gateway);
    // What changes a path must come before what looks at it.
    Router::new()
        .fallback_service(routed)
        .layer(middleware::from_fn(negotiate))
        .layer(middleware::from_fn_with_state(places, envelope))
}

/// Around every request: its id, a place among those at once, one log line, and an answer even
/// when our own code panics.
async fn envelope(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let id = request_id::mint();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::info_span!("request", request_id = %id);
    let work = async {
        let Ok(_place) = places.try_acquire() else { return Fault::Overloaded.into_response() };
        let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answered.unwrap_or_else(|_| {
            tracing::error!("Request panicked.");
            Fault::Internal.into_response()
        })
    };
    let begun = Instant::now();
    let mut response = request_id::scope(id.clone(), work.instrument(span.clone())).await;
    span.in_scope(|| tell(&method, &path, response.status(), begun));
    response.headers_mut().insert(request_id::HEADER, header_of(&id));
    response
}

fn tell(method: &Method, path: &str, status: StatusCode, begun: Instant) {
    let elapsed_ms = begun.elapsed().as_millis();
    let status = status.as_u16();
    if *method == Method::GET || *method == Method::HEAD {
        tracing::debug!(%method, path, status, elapsed_ms, "Request answered.");
    } else {
        tracing::info!(%method, path, status, elapsed_ms, "Request answered.");
    }
}

fn header_of(id: &RequestId) -> HeaderValue {
    HeaderValue::from_str(id.as_str()).expect("we mint plain ASCII")
}
