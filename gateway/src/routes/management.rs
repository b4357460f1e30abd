//! Instances of all projects, deleted ones too, as administrators see and handle them.

use super::{Answer, Named, Params, accepted, next, no_content, shown};
use crate::call::Call;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::inside::Change;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::is_true;
use crate::request::management::{Asked, ManagedPage};
use crate::view::management::Managed;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use domain::command::Body;
use domain::guest::Query;
use domain::instance::ActionSpec;
use readmodel::Wanted;
use serde_json::json;
use std::sync::Arc;

/// `GET /mgmt/instances`: the latest changed first.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    call.check_manages()?;
    let page = ManagedPage::parse(&params, gateway.config.page_size)?;
    let wanted = Wanted { project: page.project.as_ref(), is_deleted: page.is_deleted };
    let found = gateway.read_model.managed(&wanted, page.skip, page.limit + 1)?;
    let is_last = found.len() <= page.limit;
    let groups = gateway.group_names(found.iter().filter_map(Managed::of).map(|m| m.live))?;
    let entry = |instance| {
        let managed = Managed::of(instance)?;
        let heard = gateway.heartbeats.last(managed.live.id);
        Some(managed.entry(heard.as_ref(), call.viewer(&groups)))
    };
    let entries: Vec<_> = found.iter().take(page.limit).filter_map(entry).collect();
    let mut body = json!({ "instances": entries });
    if !is_last {
        body["links"] = json!(next(&call, &uri, &(page.skip + page.limit).to_string()));
    }
    Ok(Json(body).into_response())
}

/// `GET /mgmt/instances/{id}`: a deleted one only when asked for.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    Params(params): Params,
) -> Answer {
    call.check_manages()?;
    let with_deleted = params.get("deleted").is_some_and(|word| is_true(word));
    let record = gateway.record(&id)?;
    let managed = Managed::of(&record)
        .filter(|managed| with_deleted || !managed.is_deleted())
        .ok_or_else(|| Fault::no_instance(&id))?;
    let heard = gateway.heartbeats.last(managed.live.id);
    let groups = gateway.group_names([managed.live])?;
    Ok(shown("instance", &managed.whole(heard.as_ref(), call.viewer(&groups))))
}

/// `POST /mgmt/instances/{id}/action`.
pub(crate) async fn act(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let live = gateway.instance(&call, &id)?;
    let asked = Asked::parse(&document)?;
    let route = format!("POST /mgmt/instances/{}/action", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let done = match asked {
        // There is no machine below the guest that could be rebooted.
        Asked::Reboot => {
            Change::new(&gateway, &call, &live, command).begin(ActionSpec::Restart).await?
        }
        Asked::ResetTask => {
            let reset = Body::ResetStatus { id: live.id };
            gateway.carry_out(&call, live.id, (command, reset)).await?
        }
        Asked::Stop => {
            let stop = Body::StopInstance { id: live.id };
            gateway.carry_out(&call, live.id, (command, stop)).await?
        }
        Asked::Migrate => return Err(not_offered("Moving an instance to another host")),
        Asked::Rebuild => return Err(not_offered("Rebuilding an instance from another image")),
    };
    Ok(accepted(done.position))
}

fn not_offered(what: &str) -> Fault {
    Fault::NotOffered(format!("{what} is not offered by this service yet."))
}

/// `GET /mgmt/instances/{id}/rpc_ping`: whether the guest answers, however its database is.
pub(crate) async fn ping(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    call.check_manages()?;
    let live = gateway.instance(&call, &id)?;
    let limit = gateway.config.limits.guest_query();
    match gateway.guests.ask(live.id, Query::Health, limit).await {
        Some(_) => Ok(no_content()),
        None => Err(Fault::Invalid(format!(
            "An error occurred communicating with the guest: instance {} gave no answer within \
             {} s.",
            live.id,
            limit.as_secs_f32()
        ))),
    }
}
