//! `POST /instances/{id}/action`.

use super::{Answer, Named, accepted, to_change};
use crate::call::Call;
use crate::config::Config;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::inside::Change;
use crate::request::action::Asked;
use crate::request::admission;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::command::{Body, Rejection};
use domain::flavor::Flavor;
use domain::ids::FlavorId;
use domain::instance::{ActionSpec, Live, Phase, Resize};
use std::sync::Arc;

/// `POST /instances/{id}/action`.
pub(crate) async fn act(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:action")?;
    let asked = Asked::parse(&document)?;
    let route = format!("POST /instances/{}/action", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let done = match asked {
        Asked::Restart => {
            Change::new(&gateway, &call, &live, command).begin(ActionSpec::Restart).await?
        }
        Asked::ResetStatus => {
            call.check_is_admin("instance:reset_status")?;
            let reset = Body::ResetStatus { id: live.id };
            gateway.carry_out(&call, live.id, (command, reset)).await?
        }
        Asked::ResizeFlavor(id) => {
            let to = Resize::Flavor(other_flavor(&gateway.config, &id, &live)?);
            gateway.carry_out(&call, live.id, (command, resize(&live, to))).await?
        }
        Asked::ResizeVolume(gib) => {
            let to = Resize::Volume { gib: larger_volume(&gateway.config, gib, &live)? };
            gateway.carry_out(&call, live.id, (command, resize(&live, to))).await?
        }
        Asked::Promote => {
            return Err(Fault::Invalid(format!("Instance {} is not a replica.", live.id)));
        }
        Asked::Eject => {
            return Err(Fault::Invalid(format!("Instance {} is not a replica source.", live.id)));
        }
    };
    Ok(accepted(done.position))
}

fn resize(live: &Live, to: Resize) -> Body {
    Body::ResizeInstance { id: live.id, to: Box::new(to) }
}

/// What is certain already is refused here; the taskmanager decides on the newest state.
fn other_flavor(config: &Config, id: &FlavorId, live: &Live) -> Result<Flavor, Fault> {
    let flavor = admission::flavor(config, id, &live.spec.version)?;
    // While something else goes on, that is what the caller has to know.
    if flavor.id == live.spec.flavor.id && live.phase == Phase::Active {
        return Err(Fault::refused(live, Rejection::SameFlavor));
    }
    Ok(flavor)
}

fn larger_volume(config: &Config, gib: u64, live: &Live) -> Result<u32, Fault> {
    let gib = admission::volume_gib(config, gib)?;
    let current_gib = live.spec.volume_gib;
    if gib <= current_gib && live.phase == Phase::Active {
        return Err(Fault::refused(live, Rejection::VolumeNotLarger { current_gib }));
    }
    Ok(gib)
}
