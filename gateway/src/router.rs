//! The table of routes, and what all answers have in common.

use crate::call::{self, PROJECT};
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::request::document;
use crate::request_id;
use crate::routes::{
    self, absent, actions, configurations, creation, databases, datastores, discovery, flavors,
    grants, health, instances, limits, managed_datastores, managed_parameters, managed_versions,
    management, parameters, quotas, root, users,
};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
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
    let gated = trove()
        .merge(inside())
        .merge(management())
        .merge(absent::routes())
        .fallback(routes::none)
        .method_not_allowed_fallback(routes::none)
        .layer(DefaultBodyLimit::max(document::BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), call::gate));
    Router::new()
        .route("/", get(discovery::versions))
        .route("/v1.0", get(discovery::version))
        .route("/v1.0/", get(discovery::version))
        .route("/healthcheck", get(health::show))
        .nest(&format!("/v1.0/{{{PROJECT}}}"), gated)
        .nest_service("/identity", identity)
        .fallback(routes::none)
        .method_not_allowed_fallback(routes::none)
        .layer(middleware::from_fn_with_state(places, envelope))
        .with_state(gateway)
}

/// What stands under `/v1.0/{project_id}`.
fn trove() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/instances", get(instances::list).post(creation::create))
        .route("/instances/detail", get(instances::list_details))
        .route(
            "/instances/{id}",
            get(instances::show)
                .put(instances::update)
                .patch(instances::update)
                .delete(instances::delete),
        )
        .route("/instances/{id}/action", post(actions::act))
        .route("/instances/{id}/configuration", get(instances::defaults))
        .route("/configurations", get(configurations::list).post(configurations::create))
        .route(
            "/configurations/{id}",
            get(configurations::show)
                .put(configurations::replace)
                .patch(configurations::merge)
                .delete(configurations::delete),
        )
        .route("/configurations/{id}/instances", get(configurations::instances))
        .route("/datastores", get(datastores::list))
        .route("/datastores/versions/{version}", get(datastores::version_by_id))
        .route("/datastores/versions/{version}/parameters", get(parameters::list_by_id))
        .route("/datastores/versions/{version}/parameters/{name}", get(parameters::show_by_id))
        .route("/datastores/{datastore}/versions/{version}/parameters", get(parameters::list))
        .route(
            "/datastores/{datastore}/versions/{version}/parameters/{name}",
            get(parameters::show),
        )
        .route("/datastores/{datastore}/versions/{version}/flavors", get(datastores::flavors))
        .route(
            "/datastores/{datastore}/versions/{version}/volume-types",
            get(datastores::volume_types),
        )
        .route("/datastores/{datastore}", get(datastores::show).delete(managed_datastores::delete))
        .route("/datastores/{datastore}/versions", get(datastores::versions))
        .route("/datastores/{datastore}/versions/{version}", get(datastores::version))
        .route("/flavors", get(flavors::list))
        .route("/flavors/{id}", get(flavors::show))
        .route("/limits", get(limits::list))
}

/// What stands under an instance, about its databases and users.
fn inside() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/instances/{id}/databases", get(databases::list).post(databases::create))
        .route(
            "/instances/{id}/databases/{database}",
            get(databases::show).delete(databases::delete),
        )
        .route(
            "/instances/{id}/users",
            get(users::list).post(users::create).put(users::change_passwords),
        )
        .route(
            "/instances/{id}/users/{user}",
            get(users::show).post(users::create_one).put(users::update).delete(users::delete),
        )
        .route("/instances/{id}/users/{user}/databases", get(grants::list).put(grants::grant))
        .route("/instances/{id}/users/{user}/databases/{database}", delete(grants::revoke))
        .route("/instances/{id}/root", get(root::show).post(root::enable).delete(root::disable))
}

/// What stands under `/mgmt`.
fn management() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/mgmt/quotas/{project}", get(quotas::show).put(quotas::update))
        .route(
            "/mgmt/datastores/versions/{version}/parameters",
            get(managed_parameters::list).post(managed_parameters::create),
        )
        .route(
            "/mgmt/datastores/versions/{version}/parameters/{name}",
            get(managed_parameters::show)
                .put(managed_parameters::update)
                .delete(managed_parameters::delete),
        )
        .route("/mgmt/datastores", post(managed_datastores::create))
        .route("/mgmt/datastores/{datastore}", patch(managed_datastores::update))
        .route("/mgmt/datastores/versions", post(managed_versions::propose))
        .route("/mgmt/datastores/versions/{version}", patch(managed_versions::change_by_id))
        .route("/mgmt/datastores/{datastore}/{version}", patch(managed_versions::change_of))
        .route(
            "/mgmt/datastore-versions",
            get(managed_versions::list).post(managed_versions::create),
        )
        .route(
            "/mgmt/datastore-versions/{version}",
            get(managed_versions::show)
                .patch(managed_versions::update)
                .delete(managed_versions::delete),
        )
        .route("/mgmt/instances", get(management::list))
        .route("/mgmt/instances/{id}", get(management::show))
        .route("/mgmt/instances/{id}/action", post(management::act))
        .route("/mgmt/instances/{id}/rpc_ping", get(management::ping))
        .route("/mgmt/instances/{id}/root", get(root::history))
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
