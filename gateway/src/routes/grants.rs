//! The rights of users on databases inside an instance: all on a database, or none.

use super::users::find;
use super::{Answer, Named, shown, to_change};
use crate::call::Call;
use crate::gateway::Gateway;
use crate::inside::Change;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::inside;
use crate::view::inside::databases;
use axum::extract::State;
use axum::http::HeaderMap;
use domain::instance::ActionSpec;
use std::sync::Arc;

/// `GET /instances/{id}/users/{user}/databases`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user)): Named<(String, String, String)>,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let user = find(&gateway, &live, &user).await?;
    Ok(shown("databases", &databases(&user.databases)))
}

/// `PUT /instances/{id}/users/{user}/databases`: adds, and takes nothing away.
pub(crate) async fn grant(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user)): Named<(String, String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user_access:update")?;
    let manager = live.spec.version.manager;
    let account = inside::account(&user);
    inside::check_account(manager, &account)?;
    let databases = inside::granted(manager, &document)?;
    let user = format!("{}@{}", account.name, account.host);
    let route = format!("PUT /instances/{}/users/{user}/databases", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let change = Change::new(&gateway, &call, &live, command);
    change.finish(ActionSpec::Grant { account, databases }).await
}

/// `DELETE /instances/{id}/users/{user}/databases/{database}`.
pub(crate) async fn revoke(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, user, database)): Named<(String, String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:user_access:delete")?;
    let manager = live.spec.version.manager;
    let account = inside::account(&user);
    inside::check_account(manager, &account)?;
    inside::check_names(manager, std::slice::from_ref(&database))?;
    let user = format!("{}@{}", account.name, account.host);
    let route = format!("DELETE /instances/{}/users/{user}/databases/{database}", live.id);
    let command = command_id(&headers, (&call.project, &route), None)?;
    let change = Change::new(&gateway, &call, &live, command);
    change.finish(ActionSpec::Revoke { account, database }).await
}
