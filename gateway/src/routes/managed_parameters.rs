//! Parameters of a version as administrators manage them: they narrow what the engine allows, or
//! take it away.

use super::parameters::by_id;
use super::{Answer, Named, no_content, shown};
use crate::call::{Call, POSITION};
use crate::catalogue;
use crate::fault::{Fault, Missing};
use crate::gateway::{Done, Gateway};
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::parameter::described;
use crate::view::parameter::ManagedParameter;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{Parameter, canonical};
use domain::command::Body;
use domain::ids::{CommandId, VersionId};
use std::sync::Arc;

/// `GET /mgmt/datastores/versions/{version}/parameters`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
) -> Answer {
    call.check_manages()?;
    let version = by_id(&gateway, &version)?;
    let parameters = gateway.read_model.catalogue(version)?;
    let views: Vec<_> = parameters
        .all_offered()
        .map(|parameter| ManagedParameter::of(parameter, version))
        .collect();
    Ok(shown("configuration-parameters", &views))
}

/// `GET /mgmt/datastores/versions/{version}/parameters/{name}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version, name)): Named<(String, String, String)>,
) -> Answer {
    call.check_manages()?;
    let version = by_id(&gateway, &version)?;
    let parameters = gateway.read_model.catalogue(version)?;
    let parameter = parameters
        .offered(&name)
        .ok_or_else(|| Fault::NotFound(Missing::Parameter(catalogue::shown(&name))))?;
    Ok(Json(ManagedParameter::of(parameter, version)).into_response())
}

/// `POST /mgmt/datastores/versions/{version}/parameters`: takes up again what was taken away.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let version = by_id(&gateway, &version)?;
    let parameter = described(&document, None, &gateway.read_model.catalogue(version)?)?;
    let route = format!("POST /mgmt/datastores/versions/{version}/parameters");
    let body = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), body)?;
    let add = Body::AddParameter { version, parameter: parameter.clone() };
    let done = carry_out(&gateway, &call, &parameter.name, (command, add)).await?;
    Ok(answer(&parameter, version, done))
}

/// `PUT /mgmt/datastores/versions/{version}/parameters/{name}`.
pub(crate) async fn update(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version, name)): Named<(String, String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let version = by_id(&gateway, &version)?;
    let parameter = described(&document, Some(&name), &gateway.read_model.catalogue(version)?)?;
    let route = format!("PUT /mgmt/datastores/versions/{version}/parameters/{}", parameter.name);
    let body = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), body)?;
    let change = Body::ChangeParameter { version, parameter: parameter.clone() };
    let done = carry_out(&gateway, &call, &parameter.name, (command, change)).await?;
    Ok(answer(&parameter, version, done))
}

/// `DELETE /mgmt/datastores/versions/{version}/parameters/{name}`.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version, name)): Named<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    call.check_manages()?;
    let version = by_id(&gateway, &version)?;
    let name = catalogue::shown(&canonical(&name));
    let route = format!("DELETE /mgmt/datastores/versions/{version}/parameters/{name}");
    let command = command_id(&headers, (&call.project, &route), None)?;
    let remove = Body::RemoveParameter { version, name: name.clone() };
    carry_out(&gateway, &call, &name, (command, remove)).await?;
    Ok(no_content())
}

async fn carry_out(
    gateway: &Gateway,
    call: &Call,
    name: &str,
    command: (CommandId, Body),
) -> Result<Done, Fault> {
    gateway.carry_out_of(call, format!("parameter '{name}'"), command).await
}

/// What was recorded, whether or not it can be read here yet.
fn answer(parameter: &Parameter, version: VersionId, done: Done) -> Response {
    let mut response = Json(ManagedParameter::of(parameter, version)).into_response();
    response.headers_mut().insert(POSITION, HeaderValue::from(done.position));
    response
}
