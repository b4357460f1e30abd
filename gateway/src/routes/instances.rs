//! Instances: lists, one, its changes and its end. Creation has a module of its own.

use super::{Answer, Named, Params, accepted, add_next, configurations, next, shown};
use crate::call::Call;
use crate::fault::Fault;
use crate::following::Follow;
use crate::gateway::Gateway;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::page::Page;
use crate::request::update::{Change, Update};
use crate::view::instance::{Defaults, Detail, Summary};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use domain::command::Body;
use domain::instance::Live;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// `GET /instances`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    let found = Found::look_up(&gateway, &call, &params)?;
    let groups = gateway.group_names(&found.page)?;
    Ok(found.answer(|live| Summary::of(live, call.viewer(&groups)), &call, &uri))
}

/// `GET /instances/detail`.
pub(crate) async fn list_details(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    let found = Found::look_up(&gateway, &call, &params)?;
    let groups = gateway.group_names(&found.page)?;
    let answer = found.answer(
        |live| Detail::of(live, gateway.heartbeats.last(live.id).as_ref(), call.viewer(&groups)),
        &call,
        &uri,
    );
    Ok(answer)
}

/// One page of instances, and whether another follows.
struct Found {
    page: Vec<Live>,
    is_last: bool,
}

impl Found {
    fn look_up(
        gateway: &Gateway,
        call: &Call,
        params: &HashMap<String, String>,
    ) -> Result<Self, Fault> {
        let Page { limit, after, all_tenants } = Page::parse(params, gateway.config.page_size)?;
        let mut page = if all_tenants {
            call.check_is_admin("instance:index:all_tenants")?;
            gateway.read_model.instances(after, limit + 1)?
        } else {
            gateway.read_model.instances_of(&call.project, after, limit + 1)?
        };
        let is_last = page.len() <= limit;
        page.truncate(limit);
        Ok(Self { page, is_last })
    }

    /// The page in its views, with the way to the next.
    fn answer<'a, V: Serialize>(
        &'a self,
        view: impl FnMut(&'a Live) -> V,
        call: &Call,
        uri: &Uri,
    ) -> Response {
        let views: Vec<V> = self.page.iter().map(view).collect();
        let mut body = json!({ "instances": views });
        if let Some(last) = self.page.last().filter(|_| !self.is_last) {
            add_next(&mut body, "instances", &next(call, uri, &last.id.to_string()));
        }
        Json(body).into_response()
    }
}

/// `GET /instances/{id}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let heard = gateway.heartbeats.last(live.id);
    let fresh = gateway.heard_lately(&live);
    let groups = gateway.group_names([&live])?;
    let viewer = call.viewer(&groups);
    Ok(shown("instance", &Detail::shown(&live, heard.as_ref(), fresh.as_ref(), viewer)))
}

/// `PUT` and `PATCH /instances/{id}`.
pub(crate) async fn update(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_may_write("instance:update")?;
    let update = Update::parse(&document)?;
    let live = gateway.instance(&call, &id)?;
    let body = Some((&document, &gateway.hash_key));
    let mut position = gateway.read_model.position();
    // First what may be refused, so that it is refused as a whole.
    if let Some(change) = update.change {
        let follow = match change {
            Change::AttachConfiguration(group) => {
                Follow::Attach(configurations::to_attach(&gateway, &call, &live, &group)?)
            }
            Change::DetachConfiguration => Follow::Detach,
            Change::DetachReplica => {
                let text = format!("Instance {} is not a replica.", live.id);
                return Err(Fault::Invalid(text));
            }
            Change::Upgrade => return Err(not_offered("datastore_version")),
            Change::Access => return Err(not_offered("access")),
        };
        let route = format!("PUT /instances/{}/configuration", live.id);
        let command = command_id(&headers, (&call.project, &route), body)?;
        position = gateway.follow(&call, &live, command, follow).await?;
    }
    if let Some(name) = update.name {
        let route = format!("PUT /instances/{}", live.id);
        let command = command_id(&headers, (&call.project, &route), body)?;
        let rename = Body::RenameInstance { id: live.id, name };
        position = gateway.carry_out(&call, live.id, (command, rename)).await?.position;
    }
    Ok(accepted(position))
}

fn not_offered(key: &str) -> Fault {
    Fault::NotOffered(format!("Changing '{key}' is not offered by this service yet."))
}

/// `GET /instances/{id}/configuration`: what the flavor and the engine give by themselves.
pub(crate) async fn defaults(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    let spec = gateway.instance(&call, &id)?.spec;
    let settings = spec.version.manager.settings(spec.flavor.ram_mb);
    Ok(shown("instance", &Defaults { configuration: settings }))
}

/// `DELETE /instances/{id}`: from every state.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    call.check_may_write("instance:delete")?;
    let live = gateway.instance_or_last(&call, &id)?;
    let route = format!("DELETE /instances/{}", live.id);
    let command_id = command_id(&headers, (&call.project, &route), None)?;
    let delete = Body::DeleteInstance { id: live.id };
    let done = gateway.carry_out(&call, live.id, (command_id, delete)).await?;
    Ok(accepted(done.position))
}
