//! Projects' quotas: an administrator sees and sets any, a project sees its own.

use super::{Answer, Named, shown};
use crate::call::{Call, POSITION};
use crate::catalogue;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::quotas;
use crate::view::quotas::{Changed, usage};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use domain::command::Body;
use domain::ids::ProjectId;
use std::sync::Arc;

/// `GET /mgmt/quotas/{project}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, wanted)): Named<(String, String)>,
) -> Answer {
    let wanted = ProjectId(wanted);
    if !call.may_see(&wanted) {
        return Err(Fault::OtherQuota { project: catalogue::shown(wanted.as_str()) });
    }
    let project = gateway.read_model.project(&wanted)?;
    Ok(shown("quotas", &usage(&project, &gateway.quotas(&project)?)))
}

/// `PUT /mgmt/quotas/{project}`: in force from the next reservation on.
pub(crate) async fn update(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, wanted)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let project = quotas::project(wanted)?;
    let overrides = quotas::overrides(&document)?;
    let route = format!("PUT /mgmt/quotas/{project}");
    let body = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), body)?;
    let what = format!("the quota of project {project}");
    let set = Body::SetLimits { project, overrides };
    let done = gateway.carry_out_of(&call, what, (command, set)).await?;
    let mut response = shown("quotas", &Changed::of(&overrides));
    response.headers_mut().insert(POSITION, HeaderValue::from(done.position));
    Ok(response)
}
