//! Datastore versions as administrators manage them: `/mgmt/datastore-versions`, and the routes
//! of the founding proposal beside them.

use super::{Answer, Named, accepted, shown};
use crate::call::{Call, POSITION};
use crate::catalogue::{self, Catalogue, Entry};
use crate::fault::{Fault, Missing};
use crate::gateway::{Done, Gateway};
use crate::request::document::Document;
use crate::request::idempotency::command_id;
use crate::request::offer::{Said, changed, created, proposed, proposed_change};
use crate::view::offer::{ManagedVersion, ProposedVersion};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::command::{Body, Rejection};
use domain::ids::{DatastoreId, VersionId, derived};
use domain::offer::{self, Order};
use domain::version::{self, Details};
use serde_json::json;
use std::sync::Arc;

/// `GET /mgmt/datastore-versions`.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, call: Call) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let views: Vec<_> = catalogue
        .datastores()
        .iter()
        .flat_map(|entry| {
            catalogue.versions_of(entry.id).map(move |version| ManagedVersion::of(version, entry))
        })
        .collect();
    Ok(shown("versions", &views))
}

/// `GET /mgmt/datastore-versions/{version}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let version = by_id(&catalogue, &version)?;
    let datastore = catalogue.datastore(&version.datastore.to_string())?;
    Ok(shown("version", &ManagedVersion::of(version, datastore)))
}

/// `POST /mgmt/datastore-versions`: makes the datastore too, when its name is new. The answer has
/// no body: clients fail over one.
pub(crate) async fn create(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let said = created(&document)?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let name = said.datastore.clone().unwrap_or_default();
    let datastore =
        catalogue.named(&name).map_or_else(|| catalogue.free_datastore_id(&name), |entry| entry.id);
    let is_default = said.is_default == Some(true);
    let details = Box::new(new(said, datastore, &catalogue)?);
    let route = "POST /mgmt/datastore-versions";
    let order = Order::CreateVersion { details, datastore_name: Some(name), is_default };
    let done = carry_out(&gateway, &call, order, (&headers, route, Some(&document))).await?;
    Ok(accepted(done.position))
}

/// `PATCH /mgmt/datastore-versions/{version}`.
pub(crate) async fn update(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let known = by_id(&catalogue, &version)?;
    let said = changed(&document)?;
    let (_, done) = change(&gateway, &call, (known, said), (&headers, &document)).await?;
    Ok(accepted(done.position))
}

/// `DELETE /mgmt/datastore-versions/{version}`: one that instances use stays.
pub(crate) async fn delete(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let known = by_id(&catalogue, &version)?;
    // So that a version in use need not be withdrawn to be told of.
    if let Some(user) = gateway.read_model.user_of(known.id)? {
        let in_use = offer::Rejection::Version(version::Rejection::InUse(user));
        let what = format!("datastore version {}", known.id);
        return Err(Fault::RefusedOf { what, rejection: Rejection::Offer(in_use) });
    }
    let route = format!("DELETE /mgmt/datastore-versions/{}", known.id);
    let order = Order::DeleteVersion { id: known.id, datastore: known.datastore };
    let done = carry_out(&gateway, &call, order, (&headers, &route, None)).await?;
    Ok(accepted(done.position))
}

/// `POST /mgmt/datastores/versions`.
pub(crate) async fn propose(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let said = proposed(&document)?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let datastore = match (&said.datastore, catalogue.datastores()) {
        (Some(wanted), _) => catalogue.datastore(wanted)?,
        (None, [only]) => only,
        (None, _) => return Err(Fault::invalid("There are several datastores: name one.")),
    };
    let details = new(said, datastore.id, &catalogue)?;
    let order = Order::CreateVersion {
        details: Box::new(details.clone()),
        datastore_name: None,
        is_default: false,
    };
    let route = "POST /mgmt/datastores/versions";
    let done = carry_out(&gateway, &call, order, (&headers, route, Some(&document))).await?;
    Ok(recorded(&details, done))
}

/// `PATCH /mgmt/datastores/versions/{version}`.
pub(crate) async fn change_by_id(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let said = (by_id(&catalogue, &version)?, proposed_change(&document)?);
    let (details, done) = change(&gateway, &call, said, (&headers, &document)).await?;
    Ok(recorded(&details, done))
}

/// `PATCH /mgmt/datastores/{datastore}/{version}`.
pub(crate) async fn change_of(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore, version)): Named<(String, String, String)>,
    headers: HeaderMap,
    document: Document,
) -> Answer {
    call.check_manages()?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let datastore = catalogue.datastore(&datastore)?;
    let found = catalogue.versions_named(datastore.id, &version);
    let known = found.first().ok_or_else(|| missing(&version))?;
    let said = (*known, proposed_change(&document)?);
    let (details, done) = change(&gateway, &call, said, (&headers, &document)).await?;
    Ok(recorded(&details, done))
}

async fn change(
    gateway: &Gateway,
    call: &Call,
    (known, said): (&Details, Said),
    (headers, document): (&HeaderMap, &Document),
) -> Result<(Details, Done), Fault> {
    let is_default = said.is_default;
    let details = said.over(known)?;
    let route = format!("PATCH /mgmt/datastore-versions/{}", known.id);
    let order = Order::ChangeVersion { details: Box::new(details.clone()), is_default };
    let done = carry_out(gateway, call, order, (headers, &route, Some(document))).await?;
    Ok((details, done))
}

fn by_id<'a>(catalogue: &'a Catalogue, version: &str) -> Result<&'a Details, Fault> {
    catalogue.version(version).ok_or_else(|| missing(version))
}

fn missing(version: &str) -> Fault {
    Fault::NotFound(Missing::Version(catalogue::shown(version)))
}

/// A version that is to be made, under an id that follows from its names.
fn new(said: Said, datastore: DatastoreId, catalogue: &Catalogue) -> Result<Details, Fault> {
    let name = said.name.clone().unwrap_or_default();
    let number = said.number.clone().unwrap_or_else(|| name.clone());
    let manager = said.manager.ok_or_else(|| Fault::invalid("The version names no manager."))?;
    let blank = Details {
        id: catalogue.free_version_id(datastore, &name, &number),
        datastore,
        name,
        number,
        manager,
        image: None,
        packages: Vec::new(),
        active: true,
        image_tags: Vec::new(),
        registry_ext: None,
        repl_strategy: None,
    };
    said.over(&blank)
}

/// Has an order about datastores or versions carried out.
///
/// # Errors
/// When it was refused, or nobody says what became of it.
pub(super) async fn carry_out(
    gateway: &Gateway,
    call: &Call,
    order: Order,
    (headers, route, document): (&HeaderMap, &str, Option<&Document>),
) -> Result<Done, Fault> {
    let body = document.map(|document| (document, &gateway.hash_key));
    let command = command_id(headers, (&call.project, route), body)?;
    let what = match &order {
        Order::CreateDatastore { name, .. } => format!("datastore {}", catalogue::shown(name)),
        Order::ChangeDatastore { id, .. } | Order::DeleteDatastore { id } => {
            let catalogue = Catalogue::load(&gateway.read_model)?;
            let name = catalogue.datastore(&id.to_string()).map(|entry| entry.name.clone());
            format!("datastore {}", name.unwrap_or_else(|_| id.to_string()))
        }
        Order::CreateVersion { details, .. } | Order::ChangeVersion { details, .. } => {
            format!("datastore version {}", catalogue::shown(&details.name))
        }
        Order::DeleteVersion { id, .. } => format!("datastore version {id}"),
    };
    gateway.carry_out_of(call, what, (command, Body::Offer(order))).await
}

/// What was recorded, whether or not it can be read here yet.
fn recorded(details: &Details, done: Done) -> Response {
    let view = json!({ "version": ProposedVersion::of(details) });
    let mut response = Json(view).into_response();
    response.headers_mut().insert(POSITION, HeaderValue::from(done.position));
    response
}

impl Catalogue {
    /// The datastore of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Entry> {
        self.datastores().iter().find(|entry| entry.name == name)
    }

    /// The id of a datastore that is to be made: it follows from the name, as the configuration's
    /// do, unless one that was given another name has it.
    pub(super) fn free_datastore_id(&self, name: &str) -> DatastoreId {
        let is_taken = |id: &DatastoreId| self.datastores().iter().any(|entry| entry.id == *id);
        let first = DatastoreId(derived(&["datastore", name]));
        let others =
            (1_u64..).map(|number| DatastoreId(derived(&["datastore", name, &number.to_string()])));
        std::iter::once(first).chain(others).find(|id| !is_taken(id)).unwrap_or(first)
    }

    /// The same for a version: two that are made at once under one name are one.
    fn free_version_id(&self, datastore: DatastoreId, name: &str, number: &str) -> VersionId {
        let datastore = datastore.to_string();
        let id = |turn: u64| {
            VersionId(derived(&["version", &datastore, name, number, &turn.to_string()]))
        };
        let is_another = |id: &VersionId| {
            let known = self.version(&id.to_string());
            known.is_some_and(|known| (&*known.name, &*known.number) != (name, number))
        };
        (0..).map(id).find(|id| !is_another(id)).unwrap_or_else(|| id(0))
    }
}
