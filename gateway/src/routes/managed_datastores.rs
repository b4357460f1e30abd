//! Datastores as administrators manage them.

use super::managed_versions::carry_out;
use super::{Answer, Named, accepted};
use crate::call::{Call, POSITION};
use crate::catalogue::{Catalogue, shown};
use crate::fault::Fault;
use crate::gateway::{Done, Gateway};
use crate::request::document::Document;
use crate::view::offer::{ChangedDatastore, NewDatastore};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::offer::Order;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// `POST /mgmt/datastores`.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let body = document.under("datastore")?.object()?;
    body.only(&["name"])?;
    let name = body.required("name")?.text255()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    check_name_is_free(&catalogue, name)?;
    let id = catalogue.free_datastore_id(name);
    let order = Order::CreateDatastore { id, name: name.to_owned() };
    let route = (&headers, "POST /mgmt/datastores", Some(&document));
    let done = carry_out(&gateway, &call, order, route).await?;
    Ok(recorded(&NewDatastore { id: id.to_string(), name, versions: [] }, done))
}

/// `PATCH /mgmt/datastores/{datastore}`: its name, and which version is the default.
pub(crate) async fn update(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let entry = catalogue.datastore(&datastore)?;
    let body = document.under("datastore")?.object()?;
    body.only(&["name", "datastore_version"])?;
    let name = body.optional("name").map(|field| field.text255()).transpose()?;
    if let Some(name) = name.filter(|name| *name != entry.name) {
        check_name_is_free(&catalogue, name)?;
    }
    let wanted = body.optional("datastore_version").map(|field| field.reference()).transpose()?;
    let default = wanted
        .map(|wanted| {
            let found = catalogue.versions_named(entry.id, &wanted);
            found.first().map(|version| version.id).ok_or_else(|| {
                Fault::Invalid(format!("Datastore version '{}' cannot be found.", shown(&wanted)))
            })
        })
        .transpose()?;
    let order = Order::ChangeDatastore { id: entry.id, name: name.map(str::to_owned), default };
    let route = format!("PATCH /mgmt/datastores/{}", entry.id);
    let done = carry_out(&gateway, &call, order, (&headers, &route, Some(&document))).await?;
    let default = default.or(entry.default_version).map(|id| id.to_string());
    let name = name.unwrap_or(&entry.name);
    let view = ChangedDatastore::of((entry, name), default, (&catalogue, &call.links));
    Ok(recorded(&view, done))
}

/// `DELETE /datastores/{datastore}`: one that has versions stays.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore)): Named<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let id = catalogue.datastore(&datastore)?.id;
    let route = format!("DELETE /datastores/{id}");
    let order = Order::DeleteDatastore { id };
    let done = carry_out(&gateway, &call, order, (&headers, &route, None)).await?;
    Ok(accepted(done.position))
}

fn check_name_is_free(catalogue: &Catalogue, name: &str) -> Result<(), Fault> {
    match catalogue.named(name) {
        None => Ok(()),
        Some(_) => Err(Fault::Invalid(format!("There is a datastore {} already.", shown(name)))),
    }
}

/// What was recorded, whether or not it can be read here yet.
fn recorded(view: &impl Serialize, done: Done) -> Response {
    let mut response = Json(json!({ "datastore": view })).into_response();
    response.headers_mut().insert(POSITION, HeaderValue::from(done.position));
    response
}
