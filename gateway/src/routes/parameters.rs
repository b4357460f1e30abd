//! Parameters of a version, that a configuration group may set. The version may be inactive:
//! instances of it live on.

use super::{Answer, Named, shown};
use crate::call::Call;
use crate::catalogue::{self, Catalogue};
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::view::parameter::ParameterView;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::ids::VersionId;
use std::sync::Arc;

/// `GET /datastores/{datastore}/versions/{version}/parameters`.
pub(crate) async fn list(
    State(gateway): State<Arc<Gateway>>,
    _: Call,
    Named((_, datastore, version)): Named<(String, String, String)>,
) -> Answer {
    list_of(&gateway, named(&gateway, &datastore, &version)?)
}

/// `GET /datastores/versions/{version}/parameters`.
pub(crate) async fn list_by_id(
    State(gateway): State<Arc<Gateway>>,
    _: Call,
    Named((_, version)): Named<(String, String)>,
) -> Answer {
    list_of(&gateway, by_id(&gateway, &version)?)
}

/// `GET /datastores/{datastore}/versions/{version}/parameters/{name}`.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    _: Call,
    Named((_, datastore, version, name)): Named<(String, String, String, String)>,
) -> Answer {
    show_of(&gateway, named(&gateway, &datastore, &version)?, &name)
}

/// `GET /datastores/versions/{version}/parameters/{name}`.
pub(crate) async fn show_by_id(
    State(gateway): State<Arc<Gateway>>,
    _: Call,
    Named((_, version, name)): Named<(String, String, String)>,
) -> Answer {
    show_of(&gateway, by_id(&gateway, &version)?, &name)
}

fn list_of(gateway: &Gateway, version: VersionId) -> Answer {
    let parameters = gateway.read_model.catalogue(version)?;
    let views: Vec<_> =
        parameters.all_offered().map(|parameter| ParameterView::of(parameter, version)).collect();
    Ok(shown("configuration-parameters", &views))
}

/// A parameter stands in the answer without a key around it.
fn show_of(gateway: &Gateway, version: VersionId, name: &str) -> Answer {
    let parameters = gateway.read_model.catalogue(version)?;
    let parameter = parameters
        .offered(name)
        .ok_or_else(|| Fault::NotFound(Missing::Parameter(catalogue::shown(name))))?;
    Ok(Json(ParameterView::of(parameter, version)).into_response())
}

/// The version of a datastore by name or id.
///
/// # Errors
/// When there is none.
pub(super) fn named(gateway: &Gateway, datastore: &str, version: &str) -> Result<VersionId, Fault> {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let entry = catalogue.datastore(datastore)?;
    let found = catalogue.versions_named(entry.id, version);
    found.first().map(|found| found.id).ok_or_else(|| missing(version))
}

/// A version of any datastore by id.
///
/// # Errors
/// When there is none.
pub(super) fn by_id(gateway: &Gateway, version: &str) -> Result<VersionId, Fault> {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    catalogue.version(version).map(|found| found.id).ok_or_else(|| missing(version))
}

fn missing(version: &str) -> Fault {
    Fault::NotFound(Missing::Version(catalogue::shown(version)))
}
