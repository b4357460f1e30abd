//! `POST /instances`.
//!
//! # Invariants
//! - Under an `Idempotency-Key` a repeat answers with the instance as it is now, as long as it is
//!   known, whatever has changed since among flavors and versions.
//! - A password leaves this process sealed, and is dropped with the request.

use super::{Answer, configurations, shown};
use crate::call::{Call, POSITION};
use crate::catalogue::Catalogue;
use crate::clock;
use crate::fault::Fault;
use crate::gateway::{Done, Gateway};
use crate::request::admission::Admission;
use crate::request::creation::Creation;
use crate::request::document::Document;
use crate::request::idempotency::CreationIds;
use crate::view::instance::Detail;
use crate::view::status::Words;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use domain::aggregate::{Aggregate as _, Moment};
use domain::command::{Body, Rejection};
use domain::ids::InstanceId;
use domain::instance::{Event, Instance, Live, Spec};
use std::sync::Arc;

/// `POST /instances`.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_may_write("instance:create")?;
    let creation = Creation::parse(&document)?;
    let ids = CreationIds::of(&headers, &call.project, &document, &gateway.hash_key)?;
    if let Some(live) = known(&gateway, &ids)? {
        return view(&gateway, &live, &call);
    }
    if let Some(source) = &creation.extras.replica_source {
        gateway.instance(&call, source)?;
    }
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let founding = gateway.read_model.plane()?.founding.ok_or(Fault::NotFounded)?;
    let admission = Admission {
        config: &gateway.config,
        catalogue: &catalogue,
        sealing_key: founding.sealing_key,
    };
    let group = creation.extras.configuration.as_deref();
    let group = group.map(|id| gateway.group(&call, id)).transpose()?;
    let owner = (call.project.clone(), call.user.clone());
    let (mut spec, secrets) = admission.admit(creation, owner, &ids)?;
    if let Some(group) = group {
        configurations::check_fit(&group, &spec)?;
        spec.configuration = Some(group.id);
    }
    let body = Body::CreateInstance { id: ids.made, spec: Box::new(spec.clone()), secrets };
    let done = gateway.carry_out(&call, ids.made, (ids.command, body)).await?;
    let live = created(&gateway, ids.made, spec, done)?;
    let mut response = view(&gateway, &live, &call)?;
    response.headers_mut().insert(POSITION, HeaderValue::from(done.position));
    Ok(response)
}

/// The instance that an earlier request under the same key has made.
fn known(gateway: &Gateway, ids: &CreationIds<InstanceId>) -> Result<Option<Box<Live>>, Fault> {
    if ids.body_hash.is_none() {
        return Ok(None);
    }
    match gateway.read_model.instance(ids.made)? {
        // An abandoned creation is refused by the taskmanager, which knows the newest state.
        Instance::Absent | Instance::Abandoned { .. } => Ok(None),
        Instance::Live(live) if live.spec.body_hash == ids.body_hash => Ok(Some(live)),
        Instance::Live(_) | Instance::Deleted { .. } => {
            let (instance, rejection) = (ids.made, Rejection::InstanceExists);
            Err(Fault::Refused { instance, words: Words::UNKNOWN, rejection })
        }
    }
}

/// The instance as the read model has it, or else as its first event makes it.
fn created(gateway: &Gateway, id: InstanceId, spec: Spec, done: Done) -> Result<Box<Live>, Fault> {
    if done.is_readable
        && let Instance::Live(live) = gateway.read_model.instance(id)?
    {
        return Ok(live);
    }
    let now = clock::now();
    let mut instance = Instance::default();
    let event = Event::CreationRequested { id, spec: Box::new(spec), deadline: now };
    instance.evolve(&event, Moment { time: now, position: done.position });
    match instance {
        Instance::Live(live) => Ok(live),
        Instance::Absent | Instance::Abandoned { .. } | Instance::Deleted { .. } => {
            tracing::error!(instance_id = %id, "First event of an instance did not make it live.");
            Err(Fault::Internal)
        }
    }
}

fn view(gateway: &Gateway, live: &Live, call: &Call) -> Answer {
    let groups = gateway.group_names([live])?;
    Ok(shown("instance", &Detail::of(live, None, call.viewer(&groups))))
}
