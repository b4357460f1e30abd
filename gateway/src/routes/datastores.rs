//! Datastores and their versions, open to every project.

use super::{Answer, Named, parameters, shown};
use crate::call::Call;
use crate::catalogue::{self, Catalogue};
use crate::fault::{Fault, Missing};
use crate::gateway::Gateway;
use crate::view::datastore::{DatastoreView, Scope, VersionView};
use crate::view::flavor::FlavorView;
use axum::extract::State;
use domain::version::Details;
use std::sync::Arc;

/// `GET /datastores`.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, call: Call) -> Answer {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let scope = scope(&call);
    let views: Vec<_> = catalogue
        .datastores()
        .iter()
        .map(|entry| DatastoreView::of(entry, &catalogue, scope))
        .collect();
    Ok(shown("datastores", &views))
}

/// `GET /datastores/{datastore}`: active versions only, for administrators too.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore)): Named<(String, String)>,
) -> Answer {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let entry = catalogue.datastore(&datastore)?;
    let scope = Scope { with_inactive: false, ..scope(&call) };
    Ok(shown("datastore", &DatastoreView::of(entry, &catalogue, scope)))
}

/// `GET /datastores/{datastore}/versions`.
pub(crate) async fn versions(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore)): Named<(String, String)>,
) -> Answer {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let entry = catalogue.datastore(&datastore)?;
    let views: Vec<_> = catalogue
        .versions_of(entry.id)
        .filter(|version| may_see(&call, version))
        .map(|version| VersionView::of(version, scope(&call)))
        .collect();
    Ok(shown("versions", &views))
}

/// `GET /datastores/{datastore}/versions/{version}`.
pub(crate) async fn version(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore, version)): Named<(String, String, String)>,
) -> Answer {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let entry = catalogue.datastore(&datastore)?;
    let found = catalogue.versions_named(entry.id, &version);
    one(&call, found.first().copied(), &version)
}

/// `GET /datastores/versions/{id}`.
pub(crate) async fn version_by_id(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, version)): Named<(String, String)>,
) -> Answer {
    let catalogue = Catalogue::load(&gateway.read_model)?;
    one(&call, catalogue.version(&version), &version)
}

fn one(call: &Call, version: Option<&Details>, wanted: &str) -> Answer {
    let version = version
        .filter(|version| may_see(call, version))
        .ok_or_else(|| Fault::NotFound(Missing::Version(catalogue::shown(wanted))))?;
    Ok(shown("version", &VersionView::of(version, scope(call))))
}

fn may_see(call: &Call, version: &Details) -> bool {
    version.active || call.is_admin
}

fn scope(call: &Call) -> Scope<'_> {
    Scope { links: &call.links, is_admin: call.is_admin, with_inactive: call.is_admin }
}

/// `GET /datastores/{datastore}/versions/{version}/flavors`: all, unless some are bound to it.
pub(crate) async fn flavors(
    State(gateway): State<Arc<Gateway>>,
    call: Call,
    Named((_, datastore, version)): Named<(String, String, String)>,
) -> Answer {
    let id = parameters::named(&gateway, &datastore, &version)?;
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let (datastore, version) = catalogue.names(catalogue.datastore(&datastore)?.id, id);
    let flavors = gateway.config.serving(datastore, version);
    let views: Vec<_> = flavors.map(|flavor| FlavorView::of(flavor, &call.links)).collect();
    Ok(shown("flavors", &views))
}

/// `GET /datastores/{datastore}/versions/{version}/volume-types`: the local provisioner has no
/// types to choose from.
pub(crate) async fn volume_types(
    State(gateway): State<Arc<Gateway>>,
    _: Call,
    Named((_, datastore, version)): Named<(String, String, String)>,
) -> Answer {
    parameters::named(&gateway, &datastore, &version)?;
    let none: [String; 0] = [];
    Ok(shown("volume_types", &none))
}
