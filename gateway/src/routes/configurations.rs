//! Configuration groups.

use super::{Answer, Named, Params, accepted, add_next, next, shown};
use crate::call::{Call, POSITION};
use crate::catalogue::Catalogue;
use crate::clock;
use crate::fault::{Fault, Missing};
use crate::gateway::{Done, Gateway};
use crate::request::admission;
use crate::request::configuration::{Creation, Update, checked};
use crate::request::document::Document;
use crate::request::idempotency::{CreationIds, command_id};
use crate::request::page;
use crate::view::configuration::{Entry, Follower, Shown};
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use domain::aggregate::{Aggregate as _, Moment};
use domain::command::Body;
use domain::configuration::{Configuration, Event, Group, NewValues, Spec};
use domain::ids::{ConfigurationId, InstanceId};
use domain::instance::{self, Instance, Live};
use serde_json::json;
use std::sync::Arc;

/// `GET /configurations`: an administrator sees those of all projects.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    let limit = page::limit(&params, gateway.config.page_size)?;
    let after: Option<ConfigurationId> = page::marker(&params, "a configuration group")?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let project = (!call.is_admin).then_some(&call.project);
    let mut groups = gateway.read_model.configurations(project, after, limit + 1)?;
    let is_last = groups.len() <= limit;
    groups.truncate(limit);
    let views: Vec<_> = groups.iter().map(|group| Entry::of(group, &catalogue)).collect();
    let mut body = json!({ "configurations": views });
    if let Some(last) = groups.last().filter(|_| !is_last) {
        body["links"] = json!(next(&call, &uri, &last.id.to_string()));
    }
    Ok(Json(body).into_response())
}

/// `GET /configurations/{id}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    let group = gateway.group(&call, &id)?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    Ok(shown("configuration", &Shown::of(&group, &catalogue)))
}

/// `GET /configurations/{id}/instances`.
pub(crate) async fn instances(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    let group = gateway.group(&call, &id)?;
    let limit = page::limit(&params, gateway.config.page_size)?;
    let after: Option<InstanceId> = page::marker(&params, "an instance")?;
    let mut followers: Vec<Box<Live>> = Vec::new();
    for follower in group.followers.keys().filter(|follower| Some(**follower) > after) {
        if let Instance::Live(live) = gateway.read_model.instance(*follower)?
            && live.configuration == Some(group.id)
        {
            followers.push(live);
        }
    }
    let is_last = followers.len() <= limit;
    followers.truncate(limit);
    let views = followers.iter().map(|live| Follower { id: live.id.to_string(), name: &live.name });
    let mut body = json!({ "instances": views.collect::<Vec<_>>() });
    if let Some(last) = followers.last().filter(|_| !is_last) {
        add_next(&mut body, "instances", &next(&call, &uri, &last.id.to_string()));
    }
    Ok(Json(body).into_response())
}

/// `POST /configurations`.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_may_write("configuration:create")?;
    let creation = Creation::parse(&document)?;
    let ids: CreationIds<ConfigurationId> =
        CreationIds::of(&headers, &call.project, &document, &gateway.hash_key)?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let version = admission::version(&gateway.config, &catalogue, &creation.datastore)?;
    let parameters = gateway.read_model.catalogue(version.id)?;
    let names = (version.datastore_name.as_str(), version.name.as_str());
    let spec = Spec {
        project: call.project.clone(),
        name: creation.name,
        description: creation.description,
        datastore: version.datastore,
        version: version.id,
        values: checked(&parameters, names, creation.values)?,
        body_hash: ids.body_hash,
    };
    let body = Body::CreateConfiguration { id: ids.made, spec: Box::new(spec.clone()) };
    let what = format!("configuration group {}", ids.made);
    let done = gateway.carry_out_of(&call, what, (ids.command, body)).await?;
    let group = made(&gateway, ids.made, spec, done)?;
    let mut response = shown("configuration", &Shown::of(&group, &catalogue));
    response.headers_mut().insert(POSITION, HeaderValue::from(done.position));
    Ok(response)
}

/// The group as the read model has it, or else as its first event makes it.
fn made(gateway: &Gateway, id: ConfigurationId, spec: Spec, done: Done) -> Result<Group, Fault> {
    if done.is_readable
        && let Configuration::Live(group) = gateway.read_model.configuration(id)?
    {
        return Ok(*group);
    }
    let mut state = Configuration::default();
    let at = Moment { time: clock::now(), position: done.position };
    state.evolve(&Event::Created { id, spec: Box::new(spec) }, at);
    state.live().cloned().ok_or_else(|| {
        tracing::error!(configuration_id = %id, "First event of a group did not make it live.");
        Fault::Internal
    })
}

/// `PUT /configurations/{id}`: values that are given replace all others.
pub(crate) async fn replace(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let given = Given { id: &id, headers: &headers, document: &document };
    let position = change(&gateway, &call, given, NewValues::Replace).await?;
    Ok(accepted(position))
}

/// `PATCH /configurations/{id}`: values that are given stand beside the others. 200 without a
/// body, as Trove answers.
pub(crate) async fn merge(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let given = Given { id: &id, headers: &headers, document: &document };
    let position = change(&gateway, &call, given, NewValues::Merge).await?;
    let mut response = accepted(position);
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

/// A request to change a group.
#[derive(Clone, Copy)]
struct Given<'a> {
    id: &'a str,
    headers: &'a HeaderMap,
    document: &'a Document,
}

async fn change(
    gateway: &Gateway,
    call: &Call,
    given: Given<'_>,
    values: fn(domain::configuration::Values) -> NewValues,
) -> Result<u64, Fault> {
    let Given { id, headers, document } = given;
    call.check_may_write("configuration:update")?;
    let update = Update::parse(document)?;
    let group = gateway.group(call, id)?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let names = catalogue.names(group.spec.datastore, group.spec.version);
    let parameters = gateway.read_model.catalogue(group.spec.version)?;
    let checked = update.values.map(|given| checked(&parameters, names, given)).transpose()?;
    let change = domain::configuration::Change {
        name: update.name,
        description: update.description,
        values: checked.map(values),
    };
    let route = format!("PUT /configurations/{}", group.id);
    let command =
        command_id(headers, (&call.project, &route), Some((document, &gateway.hash_key)))?;
    let body = Body::UpdateConfiguration { id: group.id, change };
    let what = format!("configuration group {}", group.id);
    Ok(gateway.carry_out_of(call, what, (command, body)).await?.position)
}

/// `DELETE /configurations/{id}`.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    call.check_may_write("configuration:delete")?;
    let group = gateway.group(&call, &id)?;
    let route = format!("DELETE /configurations/{}", group.id);
    let command = command_id(&headers, (&call.project, &route), None)?;
    let body = Body::DeleteConfiguration { id: group.id };
    let what = format!("configuration group {}", group.id);
    let done = gateway.carry_out_of(&call, what, (command, body)).await?;
    Ok(accepted(done.position))
}

/// The group that an instance is to follow.
///
/// # Errors
/// When there is none in the instance's project, or it is about another version.
pub(crate) fn to_attach(
    gateway: &Gateway,
    call: &Call,
    live: &Live,
    id: &str,
) -> Result<ConfigurationId, Fault> {
    let group = gateway.group(call, id)?;
    check_fit(&group, &live.spec)?;
    Ok(group.id)
}

/// Whether an instance may follow a group.
///
/// # Errors
/// When the group is another project's, or about another version.
pub(crate) fn check_fit(group: &Group, spec: &instance::Spec) -> Result<(), Fault> {
    if group.spec.project != spec.project {
        return Err(Fault::NotFound(Missing::Configuration(group.id.to_string())));
    }
    if group.spec.version == spec.version.id {
        return Ok(());
    }
    Err(Fault::Invalid(format!(
        "Configuration group {} is about datastore version {}, and the instance's is {}.",
        group.id, group.spec.version, spec.version.id
    )))
}
