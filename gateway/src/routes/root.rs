//! `root` inside an instance: whether it may log in, and who first let it.
//!
//! # Invariants
//! - Whether it is enabled follows from the log: no guest is asked.
//! - A password is shown once, to whoever enabled root with it.

use super::{Answer, Named, shown, to_change};
use crate::call::{Call, POSITION};
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::inside::{Change, Settled};
use crate::request::document::MaybeDocument;
use crate::request::idempotency::command_id;
use crate::request::inside;
use crate::request_id;
use crate::view::inside::{RootHistory, RootView};
use crate::view::moment;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use domain::instance::{ActionSpec, Root};
use std::sync::Arc;

/// `GET /instances/{id}/root`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    Ok(shown("rootEnabled", &live.root.is_some_and(|root| root.is_enabled)))
}

/// `POST /instances/{id}/root`: with a password of the caller's, or one made here.
pub(crate) async fn enable(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    MaybeDocument(document): MaybeDocument,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:root:create")?;
    let asked = inside::root_password(live.spec.version.manager, document.as_ref())?;
    let route = format!("POST /instances/{}/root", live.id);
    let hashed = document.as_ref().map(|document| (document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let password = asked.unwrap_or_else(|| gateway.hash_key.password(command));
    let mut change = Change::new(&gateway, &call, &live, command);
    let sealed = change.seal(&password)?;
    let enable = ActionSpec::EnableRoot { password: sealed, by: call.user.clone() };
    let Settled { is_done, position } = change.settle(enable).await?;
    if !is_done {
        return Err(Fault::OutcomeUnknown { request_id: request_id::current(), instance: live.id });
    }
    let name = live.spec.version.manager.root_name();
    let mut response = shown("user", &RootView { name, password: &password.0 });
    response.headers_mut().insert(POSITION, HeaderValue::from(position));
    Ok(response)
}

/// `DELETE /instances/{id}/root`.
pub(crate) async fn disable(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:root:delete")?;
    if live.root.is_none() {
        return Err(Fault::NotFound(Missing::Root));
    }
    let route = format!("DELETE /instances/{}/root", live.id);
    let command = command_id(&headers, (&call.project, &route), None)?;
    let change = Change::new(&gateway, &call, &live, command);
    let Settled { is_done, position } = change.settle(ActionSpec::DisableRoot).await?;
    if !is_done {
        return Err(Fault::OutcomeUnknown { request_id: request_id::current(), instance: live.id });
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (POSITION, HeaderValue::from(position)),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// `GET /mgmt/instances/{id}/root`: when root was first enabled, and by whom.
pub(crate) async fn history(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
) -> Answer {
    call.check_manages()?;
    let live = gateway.instance(&call, &id)?;
    let (enabled, user) = match &live.root {
        None => ("Never".to_owned(), "Nobody"),
        Some(Root { first, .. }) => (moment(first.at), first.by.as_str()),
    };
    Ok(shown("root_history", &RootHistory { id: live.id.to_string(), enabled, user }))
}
