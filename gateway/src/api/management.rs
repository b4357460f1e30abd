//! What administrators do.

use super::bodies;
use super::operation::{Operation, Who, delete, get, patch, post, put};
use super::query::{BY_NUMBER, DELETED, INCLUDE_CLUSTERED, PROJECT_ID};
use super::schema::{body, listed, page, plain, under};
use crate::routes::{
    managed_datastores, managed_parameters, managed_versions, management, quotas, root,
};
use crate::view::inside::RootHistory;
use crate::view::management::{ManagedEntry, ManagedInstance};
use crate::view::offer::{ChangedDatastore, ManagedVersion, NewDatastore, ProposedVersion};
use crate::view::parameter::ManagedParameter;
use crate::view::quotas::{Changed, Usage};

pub(super) fn operations() -> Vec<Operation> {
    let mut operations = vec![
        // A project sees its own.
        get("/mgmt/quotas/{project}", quotas::show)
            .named("showQuotas", "A project's quota and what is used of it")
            .gives(under::<[Usage; 4]>("quotas")),
    ];
    let others = [instances(), datastores(), versions(), parameters()];
    operations.extend(others.into_iter().flatten().map(|one| one.for_(Who::Admins)));
    operations
}

fn instances() -> Vec<Operation> {
    vec![
        put("/mgmt/quotas/{project}", quotas::update)
            .named("updateQuotas", "Set a project's quota")
            .reads(body(bodies::quotas))
            .gives(under::<Changed>("quotas")),
        get("/mgmt/instances", management::list)
            .named("listManagedInstances", "Instances of all projects, latest changed first")
            .takes(&BY_NUMBER)
            .takes(&[DELETED, PROJECT_ID, INCLUDE_CLUSTERED])
            .gives(page::<ManagedEntry<'_>>("instances")),
        get("/mgmt/instances/{id}", management::show)
            .named("showManagedInstance", "An instance with its server and volume")
            .takes(&[DELETED])
            .gives(under::<ManagedInstance<'_>>("instance")),
        post("/mgmt/instances/{id}/action", management::act)
            .named("manageInstance", "Reboot an instance, or reset what it is doing")
            .reads(body(bodies::managed_action))
            .says(202)
            .refuses(&[501]),
        get("/mgmt/instances/{id}/rpc_ping", management::ping)
            .named("pingGuest", "Whether an instance's guest answers")
            .says(204),
        get("/mgmt/instances/{id}/root", root::history)
            .named("showRootHistory", "When root was first let in, and by whom")
            .gives(under::<RootHistory<'_>>("root_history")),
    ]
}

fn datastores() -> Vec<Operation> {
    vec![
        post("/mgmt/datastores", managed_datastores::create)
            .named("proposeDatastore", "Make a datastore, in the founding proposal's words")
            .reads(body(bodies::datastore))
            .gives(under::<NewDatastore<'_>>("datastore")),
        patch("/mgmt/datastores/{datastore}", managed_datastores::update)
            .named("changeDatastore", "Rename a datastore, or choose its default version")
            .reads(body(bodies::datastore_update))
            .gives(under::<ChangedDatastore<'_>>("datastore")),
        post("/mgmt/datastores/versions", managed_versions::propose)
            .named("proposeVersion", "Make a version, in the founding proposal's words")
            .reads(body(bodies::proposed_version))
            .gives(under::<ProposedVersion<'_>>("version")),
        patch("/mgmt/datastores/versions/{version}", managed_versions::change_by_id)
            .named("changeVersion", "Change a version, in the founding proposal's words")
            .reads(body(bodies::proposed_change))
            .gives(under::<ProposedVersion<'_>>("version")),
        patch("/mgmt/datastores/{datastore}/{version}", managed_versions::change_of)
            .named("changeVersionOf", "The same, of a datastore's version by name or id")
            .reads(body(bodies::proposed_change))
            .gives(under::<ProposedVersion<'_>>("version")),
    ]
}

fn versions() -> Vec<Operation> {
    vec![
        get("/mgmt/datastore-versions", managed_versions::list)
            .named("listManagedVersions", "Versions of all datastores")
            .gives(listed::<ManagedVersion<'_>>("versions")),
        post("/mgmt/datastore-versions", managed_versions::create)
            .named("createVersion", "Make a version, and its datastore if that is new")
            .reads(body(bodies::version))
            .says(202),
        get("/mgmt/datastore-versions/{version}", managed_versions::show)
            .named("showManagedVersion", "One version")
            .gives(under::<ManagedVersion<'_>>("version")),
        patch("/mgmt/datastore-versions/{version}", managed_versions::update)
            .named("updateVersion", "Change a version")
            .reads(body(bodies::version_update))
            .says(202),
        delete("/mgmt/datastore-versions/{version}", managed_versions::delete)
            .named("deleteVersion", "Delete a version that nothing uses")
            .says(202),
    ]
}

fn parameters() -> Vec<Operation> {
    vec![
        get("/mgmt/datastores/versions/{version}/parameters", managed_parameters::list)
            .named("listManagedParameters", "Parameters of a version, with their sizes")
            .gives(listed::<ManagedParameter<'_>>("configuration-parameters")),
        post("/mgmt/datastores/versions/{version}/parameters", managed_parameters::create)
            .named("addParameter", "Take up a parameter again that was taken away")
            .reads(body(bodies::parameter))
            .gives(plain::<ManagedParameter<'_>>()),
        get("/mgmt/datastores/versions/{version}/parameters/{name}", managed_parameters::show)
            .named("showManagedParameter", "One parameter, with its sizes")
            .gives(plain::<ManagedParameter<'_>>()),
        put("/mgmt/datastores/versions/{version}/parameters/{name}", managed_parameters::update)
            .named("changeParameter", "Narrow a parameter, or widen it again")
            .reads(body(bodies::parameter_update))
            .gives(plain::<ManagedParameter<'_>>()),
        delete("/mgmt/datastores/versions/{version}/parameters/{name}", managed_parameters::delete)
            .named("removeParameter", "Take a parameter away from those that groups may set")
            .says(204),
    ]
}
