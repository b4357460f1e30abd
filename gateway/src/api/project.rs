//! What a project does with its instances and groups, and what it may choose from.

use super::bodies;
use super::operation::{Operation, Who, delete, get, patch, post, put};
use super::query::{ALL_TENANTS, BY_ID, INCLUDE_CLUSTERED};
use super::schema::{body, linked_page, list, listed, page, plain, under};
use crate::routes::{
    actions, configurations, creation, datastores, flavors, instances, limits, managed_datastores,
    parameters,
};
use crate::view::configuration::{Entry, Follower, Shown};
use crate::view::datastore::{DatastoreView, VersionView};
use crate::view::flavor::FlavorView;
use crate::view::instance::{Defaults, Detail, Summary};
use crate::view::limits::Limit;
use crate::view::parameter::ParameterView;

pub(super) fn operations() -> Vec<Operation> {
    [instances(), configurations(), datastores()].into_iter().flatten().collect()
}

fn instances() -> Vec<Operation> {
    vec![
        get("/instances", instances::list)
            .named("listInstances", "Instances of the project, by id")
            .takes(&BY_ID)
            .takes(&[INCLUDE_CLUSTERED, ALL_TENANTS])
            .gives(linked_page::<Summary<'_>>("instances")),
        post("/instances", creation::create)
            .named("createInstance", "Create an instance")
            .reads(body(bodies::instance))
            .gives(under::<Detail<'_>>("instance"))
            .refuses(&[409, 501]),
        get("/instances/detail", instances::list_details)
            .named("listInstancesInDetail", "Instances of the project, by id, in detail")
            .takes(&BY_ID)
            .takes(&[INCLUDE_CLUSTERED, ALL_TENANTS])
            .gives(linked_page::<Detail<'_>>("instances")),
        get("/instances/{id}", instances::show)
            .named("showInstance", "One instance")
            .gives(under::<Detail<'_>>("instance")),
        put("/instances/{id}", instances::update)
            .named("updateInstance", "Rename an instance, attach or detach a configuration group")
            .reads(body(bodies::instance_update))
            .says(202)
            .refuses(&[501]),
        patch("/instances/{id}", instances::update)
            .named("editInstance", "Rename an instance, attach or detach a configuration group")
            .reads(body(bodies::instance_update))
            .says(202)
            .refuses(&[501]),
        delete("/instances/{id}", instances::delete)
            .named("deleteInstance", "Delete an instance, whatever its state")
            .says(202),
        post("/instances/{id}/action", actions::act)
            .named("actOnInstance", "Restart or resize an instance, or reset its status")
            .reads(body(bodies::action))
            .says(202)
            .refuses(&[501]),
        get("/instances/{id}/configuration", instances::defaults)
            .named("showDefaults", "What flavor and engine give by themselves")
            .gives(under::<Defaults>("instance")),
        get("/flavors", flavors::list)
            .named("listFlavors", "Flavors")
            .gives(listed::<FlavorView<'_>>("flavors")),
        get("/flavors/{id}", flavors::show).named("showFlavor", "One flavor").gives(under::<
            FlavorView<'_>,
        >(
            "flavor"
        )),
        get("/limits", limits::list)
            .named("listLimits", "What the project may use, and how often it may ask")
            .gives(listed::<Limit>("limits")),
    ]
}

fn configurations() -> Vec<Operation> {
    vec![
        get("/configurations", configurations::list)
            .named("listConfigurations", "Configuration groups, by id; administrators see all")
            .takes(&BY_ID)
            .gives(page::<Entry<'_>>("configurations")),
        post("/configurations", configurations::create)
            .named("createConfiguration", "Create a configuration group")
            .reads(body(bodies::configuration))
            .gives(under::<Shown<'_>>("configuration")),
        get("/configurations/{id}", configurations::show)
            .named("showConfiguration", "One configuration group, with its values")
            .gives(under::<Shown<'_>>("configuration")),
        put("/configurations/{id}", configurations::replace)
            .named("replaceConfiguration", "Replace a group's values, for all who follow it")
            .reads(body(bodies::configuration_update))
            .says(202),
        patch("/configurations/{id}", configurations::merge)
            .named("mergeConfiguration", "Set some of a group's values, for all who follow it")
            .reads(body(bodies::configuration_update))
            .says(200),
        delete("/configurations/{id}", configurations::delete)
            .named("deleteConfiguration", "Delete a group that nobody follows")
            .says(202),
        get("/configurations/{id}/instances", configurations::instances)
            .named("listFollowers", "Instances that follow a group, by id")
            .takes(&BY_ID)
            .gives(linked_page::<Follower<'_>>("instances")),
    ]
}

fn datastores() -> Vec<Operation> {
    vec![
        get("/datastores", datastores::list)
            .named("listDatastores", "Datastores with their versions")
            .gives(listed::<DatastoreView<'_>>("datastores")),
        get("/datastores/{datastore}", datastores::show)
            .named("showDatastore", "One datastore with its active versions")
            .gives(under::<DatastoreView<'_>>("datastore")),
        delete("/datastores/{datastore}", managed_datastores::delete)
            .named("deleteDatastore", "Delete a datastore without versions")
            .for_(Who::Admins)
            .says(202),
        get("/datastores/{datastore}/versions", datastores::versions)
            .named("listVersionsOfDatastore", "Versions of a datastore")
            .gives(listed::<VersionView<'_>>("versions")),
        get("/datastores/{datastore}/versions/{version}", datastores::version)
            .named("showVersionOfDatastore", "One version of a datastore")
            .gives(under::<VersionView<'_>>("version")),
        get("/datastores/versions/{version}", datastores::version_by_id)
            .named("showDatastoreVersion", "One version, by its id")
            .gives(under::<VersionView<'_>>("version")),
        get("/datastores/{datastore}/versions/{version}/flavors", datastores::flavors)
            .named("listFlavorsOfVersion", "Flavors that serve a version")
            .gives(listed::<FlavorView<'_>>("flavors")),
        get("/datastores/{datastore}/versions/{version}/volume-types", datastores::volume_types)
            .named("listVolumeTypes", "Volume types for a version: there are none to choose from")
            .gives(list("volume_types")),
        get("/datastores/{datastore}/versions/{version}/parameters", parameters::list)
            .named("listParametersOfVersion", "Parameters that a configuration group may set")
            .gives(listed::<ParameterView<'_>>("configuration-parameters")),
        get("/datastores/{datastore}/versions/{version}/parameters/{name}", parameters::show)
            .named("showParameterOfVersion", "One parameter")
            .gives(plain::<ParameterView<'_>>()),
        get("/datastores/versions/{version}/parameters", parameters::list_by_id)
            .named("listParameters", "Parameters that a configuration group may set")
            .gives(listed::<ParameterView<'_>>("configuration-parameters")),
        get("/datastores/versions/{version}/parameters/{name}", parameters::show_by_id)
            .named("showParameter", "One parameter")
            .gives(plain::<ParameterView<'_>>()),
    ]
}
