//! The table of routes, and what all of them have in common.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Embedded;
use super::fault::Fault;
use super::place::{Place, challenge};
use super::routes::{directory, discovery, own, tokens};
use super::session::Session;

/// A log-in is a few hundred bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

pub(super) const AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
pub(super) const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The identity interface: version list at `/`, everything else under `/v3`.
///
/// Mount it with `Router::nest_service("/identity", router(..))`; `nest` would not answer
/// `/identity/`. Links carry whatever prefix it is mounted under.
pub fn router(embedded: Arc<Embedded>) -> Router {
    Router::new()
        .route("/", get(discovery::versions))
        .route("/v3", get(discovery::version))
        .route("/v3/", get(discovery::version))
        .route("/v3/auth/tokens", get(tokens::validate).post(tokens::issue).delete(tokens::revoke))
        .route("/v3/auth/projects", get(own::projects))
        .route("/v3/auth/domains", get(own::domains))
        .route("/v3/auth/system", get(own::system))
        .route("/v3/auth/catalog", get(own::catalog))
        .route("/v3/users/{id}/projects", get(own::projects_of_user))
        .route("/v3/projects", get(directory::projects))
        .route("/v3/projects/{id}", get(directory::project))
        .route("/v3/users", get(directory::users))
        .route("/v3/users/{id}", get(directory::user))
        .route("/v3/roles", get(directory::roles))
        .route("/v3/roles/{id}", get(directory::role))
        .route("/v3/domains", get(directory::domains))
        .route("/v3/domains/{id}", get(directory::domain))
        .route("/v3/services", get(directory::services))
        .route("/v3/services/{id}", get(directory::service))
        .route("/v3/endpoints", get(directory::endpoints))
        .route("/v3/endpoints/{id}", get(directory::endpoint))
        .route("/v3/regions", get(directory::regions))
        .route("/v3/regions/{id}", get(directory::region))
        .route("/v3/role_assignments", get(directory::role_assignments))
        .fallback(not_offered)
        .method_not_allowed_fallback(not_offered)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&embedded), with_place))
        .with_state(embedded)
}

/// Answers what no route takes: reading is 404; a change is refused, for want of a token, for
/// want of rights, or because users are not changed here.
async fn not_offered(method: Method, session: Result<Session, Fault>) -> Fault {
    if method == Method::GET || method == Method::HEAD {
        return Fault::NotFound("The resource could not be found.".to_owned());
    }
    match session {
        Err(fault) => fault,
        Ok(session) if session.is_admin() => Fault::ReadOnly,
        Ok(_) => Fault::Forbidden,
    }
}

/// Lets the routes know their own URL, and adds the headers that every answer has.
async fn with_place(
    State(embedded): State<Arc<Embedded>>,
    mut request: Request,
    next: Next,
) -> Response {
    let place = match Place::of(embedded.public_url.as_ref(), &request) {
        Ok(place) => place,
        Err(error) => return Fault::BadRequest(format!("The {error}.")).into_response(),
    };
    let challenge = challenge(&place.root);
    request.extensions_mut().insert(place);
    let mut response = next.run(request).await;
    let is_refused = response.status() == StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("X-Auth-Token"));
    if is_refused {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
