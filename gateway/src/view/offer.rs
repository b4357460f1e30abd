//! Datastores and versions as administrators manage them.

use super::links::{Link, Links};
use crate::catalogue::{Catalogue, Entry};
use domain::version::Details;
use schemars::JsonSchema;
use serde::Serialize;

/// A version with its datastore.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ManagedVersion<'a> {
    id: String,
    name: &'a str,
    version: &'a str,
    datastore_id: String,
    datastore_name: &'a str,
    datastore_manager: &'static str,
    image: Option<String>,
    image_tags: &'a [String],
    packages: &'a [String],
    active: bool,
    default: bool,
    registry_ext: Option<&'a str>,
    repl_strategy: Option<&'a str>,
}

impl<'a> ManagedVersion<'a> {
    /// A version of `datastore`.
    pub(crate) fn of(version: &'a Details, datastore: &'a Entry) -> Self {
        Self {
            id: version.id.to_string(),
            name: &version.name,
            version: &version.number,
            datastore_id: datastore.id.to_string(),
            datastore_name: &datastore.name,
            datastore_manager: version.manager.as_str(),
            image: version.image.map(|image| image.to_string()),
            image_tags: &version.image_tags,
            packages: &version.packages,
            active: version.active,
            default: datastore.default_version == Some(version.id),
            registry_ext: version.registry_ext.as_deref(),
            repl_strategy: version.repl_strategy.as_deref(),
        }
    }
}

/// A version in the words of the founding proposal.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ProposedVersion<'a> {
    id: String,
    name: &'a str,
    manager: &'static str,
    packages: String,
    image_id: Option<String>,
    active: bool,
}

impl<'a> ProposedVersion<'a> {
    /// A version.
    pub(crate) fn of(version: &'a Details) -> Self {
        Self {
            id: version.id.to_string(),
            name: &version.name,
            manager: version.manager.as_str(),
            packages: version.packages.join(" "),
            image_id: version.image.map(|image| image.to_string()),
            active: version.active,
        }
    }
}

/// A new datastore in the words of the founding proposal.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct NewDatastore<'a> {
    pub(crate) id: String,
    pub(crate) name: &'a str,
    pub(crate) versions: [(); 0],
}

/// A changed datastore in the words of the founding proposal.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct ChangedDatastore<'a> {
    id: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_version: Option<String>,
    datastore_version: Vec<LinkedVersion<'a>>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct LinkedVersion<'a> {
    name: &'a str,
    links: [Link; 2],
    image: Option<String>,
    active: bool,
    packages: String,
    id: String,
}

impl<'a> ChangedDatastore<'a> {
    /// A datastore by these names; the log may know more than is read here.
    pub(crate) fn of(
        (entry, name): (&Entry, &'a str),
        default: Option<String>,
        (catalogue, links): (&'a Catalogue, &Links),
    ) -> Self {
        let versions = catalogue.versions_of(entry.id).map(|version| LinkedVersion {
            name: &version.name,
            links: links.of("datastores/versions", &version.id.to_string()),
            image: version.image.map(|image| image.to_string()),
            active: version.active,
            packages: version.packages.join(" "),
            id: version.id.to_string(),
        });
        Self {
            id: entry.id.to_string(),
            name,
            default_version: default,
            datastore_version: versions.collect(),
        }
    }
}
