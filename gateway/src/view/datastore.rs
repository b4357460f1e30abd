//! Datastores and their versions.

use super::links::{Link, Links};
use crate::catalogue::{Catalogue, Entry};
use domain::version::Details;
use schemars::JsonSchema;
use serde::Serialize;

/// A datastore with the versions that the caller may see.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Datastore")]
pub(crate) struct DatastoreView<'a> {
    id: String,
    name: &'a str,
    links: [Link; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    default_version: Option<String>,
    versions: Vec<VersionView<'a>>,
}

/// A version; on its own it names its datastore.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "DatastoreVersion")]
pub(crate) struct VersionView<'a> {
    id: String,
    name: &'a str,
    version: &'a str,
    links: [Link; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    datastore: Option<String>,
    #[serde(flatten)]
    inside: Option<Inside<'a>>,
}

/// For administrators.
#[derive(Debug, JsonSchema, Serialize)]
struct Inside<'a> {
    active: bool,
    packages: String,
    image: Option<String>,
    image_tags: &'a [String],
    registry_ext: Option<&'a str>,
    repl_strategy: Option<&'a str>,
}

/// Which versions are shown, and how much of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) links: &'a Links,
    pub(crate) is_admin: bool,
    pub(crate) with_inactive: bool,
}

impl<'a> DatastoreView<'a> {
    /// A datastore. A default version that is not shown is not named: clients look it up among
    /// the versions.
    pub(crate) fn of(entry: &'a Entry, catalogue: &'a Catalogue, scope: Scope<'_>) -> Self {
        let id = entry.id.to_string();
        let shown = |version: &&Details| version.active || scope.with_inactive;
        let versions: Vec<VersionView<'_>> = catalogue
            .versions_of(entry.id)
            .filter(shown)
            .map(|version| VersionView::inner(version, scope))
            .collect();
        let default = entry.default_version.map(|id| id.to_string());
        Self {
            name: &entry.name,
            links: scope.links.of("datastores", &id),
            default_version: default.filter(|id| versions.iter().any(|v| v.id == *id)),
            versions,
            id,
        }
    }
}

impl<'a> VersionView<'a> {
    /// A version on its own.
    pub(crate) fn of(version: &'a Details, scope: Scope<'_>) -> Self {
        let mut view = Self::inner(version, scope);
        view.datastore = Some(version.datastore.to_string());
        view
    }

    fn inner(version: &'a Details, scope: Scope<'_>) -> Self {
        let id = version.id.to_string();
        Self {
            name: &version.name,
            version: &version.number,
            links: scope.links.of("datastores/versions", &id),
            datastore: None,
            inside: scope.is_admin.then(|| Inside {
                active: version.active,
                packages: version.packages.join(","),
                image: version.image.map(|image| image.to_string()),
                image_tags: &version.image_tags,
                registry_ext: version.registry_ext.as_deref(),
                repl_strategy: version.repl_strategy.as_deref(),
            }),
            id,
        }
    }
}
