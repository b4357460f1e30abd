//! `POST /instances/{id}/action`.

use super::{Answer, Named, accepted, to_change};
use crate::call::Call;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::inside::Change;
use crate::request::action::Asked;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::command::Body;
use domain::instance::ActionSpec;
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
        Asked::Resize => {
            let text = "Resizing is not offered by this service yet.".to_owned();
            return Err(Fault::NotOffered(text));
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
