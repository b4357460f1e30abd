//! What each route does: read the request, ask the read model or send a command, make the view.

pub(crate) mod absent;
pub(crate) mod actions;
pub(crate) mod configurations;
pub(crate) mod creation;
pub(crate) mod databases;
pub(crate) mod datastores;
pub(crate) mod discovery;
pub(crate) mod flavors;
pub(crate) mod grants;
pub(crate) mod health;
pub(crate) mod instances;
pub(crate) mod limits;
pub(crate) mod logs;

pub(crate) mod managed_datastores;
pub(crate) mod managed_parameters;
pub(crate) mod managed_versions;
pub(crate) mod management;
pub(crate) mod openapi;
pub(crate) mod parameters;
pub(crate) mod quotas;
pub(crate) mod root;
pub(crate) mod users;

use crate::call::{Call, POSITION};
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::request::page::next_query;
use crate::view::links::Link;
use axum::Json;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use domain::instance::Live;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What a handler gives.
pub(crate) type Answer = Result<Response, Fault>;

/// Parameters of the path. What does not even decode names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let Path(names) =
            Path::from_request_parts(parts, state).await.map_err(|_| Fault::NoRoute)?;
        Ok(Self(names))
    }
}

/// Parameters of the query; of several with one name the last counts.
pub(crate) struct Params(pub(crate) HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let Query(params) = Query::from_request_parts(parts, state)
            .await
            .map_err(|_| Fault::invalid("The query can't be read."))?;
        Ok(Self(params))
    }
}

/// 200 with the view under its key.
pub(crate) fn shown(key: &'static str, view: &impl Serialize) -> Response {
    Json(json!({ key: view })).into_response()
}

/// The way to the page behind `marker`.
pub(crate) fn next(call: &Call, uri: &Uri, marker: &str) -> [Link; 1] {
    call.links.next(uri.path(), &next_query(uri.query(), marker))
}

/// Adds the way to the next page to a list, under the interface's key and under the one of the
/// list's own, which is all that gophercloud looks at.
pub(crate) fn add_next(body: &mut Value, key: &str, next: &[Link; 1]) {
    body["links"] = json!(next);
    body[format!("{key}_links")] = json!(next);
}

/// The instance that a caller wants to change, under the policy's `rule`.
///
/// # Errors
/// When the caller may only look, or sees no such instance.
pub(crate) fn to_change(
    gateway: &Gateway,
    call: &Call,
    id: &str,
    rule: &'static str,
) -> Result<Live, Fault> {
    call.check_may_write(rule)?;
    gateway.instance(call, id)
}

/// 202 without a body; clients want the media type all the same.
pub(crate) fn accepted(position: u64) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (POSITION, HeaderValue::from(position)),
    ];
    (StatusCode::ACCEPTED, headers).into_response()
}

/// 204: there is nothing to say but that it is so.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// What no route takes, and known routes with another method.
pub(crate) async fn none() -> Fault {
    Fault::NoRoute
}
