//! Bodies of requests for what this service does not hold: each is checked as if it did, and
//! then gives the text that says so.

use super::document::Document;
use super::field::Object;
use crate::call::Call;
use crate::catalogue::{Catalogue, shown};
use crate::fault::Fault;
use crate::gateway::Gateway;

/// A checked body's answer: why it is not offered.
type Refused = Result<String, Fault>;

const TLS_MODES: [&str; 3] = ["basic", "enforced", "mtls"];

/// `POST /clusters`.
pub(crate) fn cluster(gateway: &Gateway, _: &Call, document: &Document) -> Refused {
    let body = document.under("cluster")?.object()?;
    body.required("name")?.text255()?;
    let datastore = body.required("datastore")?.object()?;
    let name = datastore.required("type")?.text255()?;
    let version = datastore.required("version")?.text255()?;
    for member in body.required("instances")?.list()? {
        member.object()?.required("flavorRef")?.reference()?;
    }
    let catalogue = Catalogue::load(&gateway.read_model)?;
    let datastore = catalogue.datastore(name)?;
    let found = catalogue.versions_named(datastore.id, version);
    let version = found.first().ok_or_else(|| {
        Fault::Invalid(format!("Datastore version '{}' cannot be found.", shown(version)))
    })?;
    Ok(format!("Clusters not supported for {}-{}.", datastore.name, version.name))
}

/// `POST /modules`.
pub(crate) fn module(_: &Gateway, _: &Call, document: &Document) -> Refused {
    let body = document.under("module")?.object()?;
    body.required("name")?.text255()?;
    body.required("module_type")?.text255()?;
    body.required("contents")?.text()?;
    Ok("Modules are not offered by this service.".to_owned())
}

/// `POST /instances/{id}/modules`.
pub(crate) fn applied(_: &Gateway, _: &Call, document: &Document) -> Refused {
    for module in document.under("modules")?.list_or_one()? {
        module.object()?.required("id")?.uuid()?;
    }
    Ok("Modules are not offered by this service.".to_owned())
}

/// `POST /instances/{id}/ssl`: one verb, and with `enable` what it needs.
pub(crate) fn tls(_: &Gateway, _: &Call, document: &Document) -> Refused {
    let field = document.under("ssl")?;
    let body = field.object()?;
    let mut verbs = Vec::new();
    for verb in ["enable", "disable", "rollback"] {
        if body.optional(verb).map(|field| field.boolean()).transpose()? == Some(true) {
            verbs.push(verb);
        }
    }
    if verbs.len() != 1 {
        return Err(field.refused("must have exactly one of 'enable', 'disable' and 'rollback'"));
    }
    if verbs == ["enable"] {
        body.required("container_ref")?.text()?;
        if let Some(mode) = body.optional("mode")
            && !TLS_MODES.contains(&mode.text()?)
        {
            return Err(mode.refused(format!("is not one of {TLS_MODES:?}")));
        }
    }
    Ok("TLS for databases is not offered by this service yet.".to_owned())
}

/// `POST /backups`.
pub(crate) fn backup(gateway: &Gateway, call: &Call, document: &Document) -> Refused {
    let body = document.under("backup")?.object()?;
    body.required("name")?.text255()?;
    for key in ["description", "swift_container", "storage_driver"] {
        body.optional(key).map(|field| field.text255().map(str::to_owned)).transpose()?;
    }
    body.optional("incremental").map(|field| field.flag()).transpose()?;
    body.optional("parent_id").map(|field| field.uuid()).transpose()?;
    match body.optional("restore_from") {
        Some(source) => imported(&source.object()?)?,
        None => {
            let instance = body.required("instance")?.uuid()?;
            gateway.instance(call, &instance)?;
        }
    }
    Ok("Backups are not offered by this service yet.".to_owned())
}

/// A backup that was taken elsewhere.
fn imported(source: &Object<'_>) -> Result<(), Fault> {
    source.required("remote_location")?.text()?;
    source.required("local_datastore_version_id")?.uuid()?;
    source.required("size")?;
    Ok(())
}

/// `POST /backup_strategies`.
pub(crate) fn strategy(gateway: &Gateway, call: &Call, document: &Document) -> Refused {
    let body = document.under("backup_strategy")?.object()?;
    body.only(&["swift_container", "instance_id"])?;
    body.required("swift_container")?.text255()?;
    if let Some(instance) = body.optional("instance_id") {
        gateway.instance(call, &instance.uuid()?)?;
    }
    Ok("Backup strategies are not offered by this service yet.".to_owned())
}
