//! Databases inside an instance.

use super::{Answer, Named, Params, add_next, next, to_change};
use crate::call::Call;
use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::inside::Change;
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::{inside, page};
use crate::view::inside::databases;
use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use domain::guest::{Query, QueryAnswer};
use domain::instance::ActionSpec;
use serde_json::json;
use std::sync::Arc;

/// `GET /instances/{id}/databases`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    OriginalUri(uri): OriginalUri,
    Params(params): Params,
) -> Answer {
    let live = gateway.instance(&call, &id)?;
    let page = page::by_name(&params, gateway.config.page_size)?;
    let answer = gateway.ask(&live, Query::Databases(page)).await?;
    let QueryAnswer::Databases { names, has_more } = answer else {
        return Err(gateway.unanswered(&live));
    };
    let mut body = json!({ "databases": databases(&names) });
    if let Some(last) = names.last().filter(|_| has_more) {
        add_next(&mut body, "databases", &next(&call, &uri, last));
    }
    Ok(Json(body).into_response())
}

/// `POST /instances/{id}/databases`.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:database:create")?;
    let databases = inside::databases(live.spec.version.manager, &document)?;
    let route = format!("POST /instances/{}/databases", live.id);
    let hashed = Some((&document, &gateway.hash_key));
    let command = command_id(&headers, (&call.project, &route), hashed)?;
    let change = Change::new(&gateway, &call, &live, command);
    change.finish(ActionSpec::CreateDatabases { databases }).await
}

/// `GET /instances/{id}/databases/{database}`: the interface has the route, but no shape for it.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, _)): Named<(String, String, String)>,
) -> Answer {
    gateway.instance(&call, &id)?;
    Err(Fault::NotOffered("Showing one database is not offered: list them.".to_owned()))
}

/// `DELETE /instances/{id}/databases/{database}`.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, id, name)): Named<(String, String, String)>,
    headers: HeaderMap,
) -> Answer {
    let live = to_change(&gateway, &call, &id, "instance:extension:database:delete")?;
    inside::check_names(live.spec.version.manager, std::slice::from_ref(&name))?;
    let route = format!("DELETE /instances/{}/databases/{name}", live.id);
    let command = command_id(&headers, (&call.project, &route), None)?;
    let change = Change::new(&gateway, &call, &live, command);
    change.finish(ActionSpec::DeleteDatabase { name }).await
}
