//! The body of `POST /instances`, read and checked for shape; what it names is looked up later
//! ([`super::admission`]).

use super::accounts::{self, UserAsked};
use super::document::Document;
use super::field::{Field, Object};
use super::{nic, referred};
use crate::fault::Fault;
use domain::guest::Database;
use domain::ids::FlavorId;
use domain::instance::spec::Nic;

const LOCALITIES: [&str; 4] = ["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"];
const REPLICAS_MAX: u64 = 3;

/// What may not be said of a replica, and how the refusal calls it.
const FORBIDDEN_WITH_SOURCE: [(&str, &str); 7] = [
    ("flavorRef", "flavor"),
    ("flavor", "flavor"),
    ("volume", "volume"),
    ("datastore", "datastore"),
    ("databases", "databases"),
    ("users", "users"),
    ("locality", "locality"),
];

/// What a creation asks for, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Creation {
    pub(crate) name: String,
    pub(crate) flavor: Option<FlavorId>,
    pub(crate) volume: Option<VolumeAsked>,
    pub(crate) datastore: DatastoreAsked,
    pub(crate) databases: Vec<Database>,
    pub(crate) users: Vec<UserAsked>,
    pub(crate) nics: Vec<Nic>,
    pub(crate) availability_zone: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) locality: Option<String>,
    pub(crate) is_public: Option<bool>,
    pub(crate) extras: Extras,
}

/// A volume, as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VolumeAsked {
    pub(crate) size_gib: u64,
    pub(crate) kind: Option<String>,
}

/// Which datastore version, as asked: each by name or id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DatastoreAsked {
    pub(crate) datastore: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) number: Option<String>,
}

/// References to things that this service does not hold yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    pub(crate) configuration: Option<String>,
    pub(crate) backup: Option<String>,
    pub(crate) replica_source: Option<String>,
    pub(crate) has_modules: bool,
}

impl Creation {
    /// Reads the body.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn parse(document: &Document) -> Result<Self, Fault> {
        let body = document.under("instance")?.object()?;
        let extras = extras(&body)?;
        Ok(Self {
            name: body.required("name")?.text255()?.to_owned(),
            flavor: flavor(&body)?,
            volume: body.optional("volume").map(|f| volume(&f)).transpose()?,
            datastore: body
                .optional("datastore")
                .map(|f| datastore(&f))
                .transpose()?
                .unwrap_or_default(),
            databases: list(&body, "databases", accounts::databases)?,
            users: list(&body, "users", accounts::users)?,
            nics: list(&body, "nics", nic::nics)?,
            availability_zone: optional_text255(&body, "availability_zone")?,
            region: optional_text255(&body, "region_name")?,
            locality: locality(&body)?,
            is_public: body.optional("access").map(|f| access(&f)).transpose()?.flatten(),
            extras,
        })
    }
}

/// `flavor` is openstacksdk's spelling.
fn flavor(body: &Object<'_>) -> Result<Option<FlavorId>, Fault> {
    body.spelled(&["flavorRef", "flavor"], |field| field.reference().map(FlavorId))
}

fn volume(field: &Field<'_>) -> Result<VolumeAsked, Fault> {
    let volume = field.object()?;
    Ok(VolumeAsked {
        size_gib: volume.required("size")?.size()?,
        kind: optional_text255(&volume, "type")?,
    })
}

pub(super) fn datastore(field: &Field<'_>) -> Result<DatastoreAsked, Fault> {
    let datastore = field.object()?;
    Ok(DatastoreAsked {
        datastore: optional_text255(&datastore, "type")?,
        version: optional_text255(&datastore, "version")?,
        number: optional_text255(&datastore, "version_number")?,
    })
}

fn locality(body: &Object<'_>) -> Result<Option<String>, Fault> {
    let Some(field) = body.optional("locality") else {
        return Ok(None);
    };
    let word = field.text()?;
    if LOCALITIES.contains(&word) {
        Ok(Some(word.to_owned()))
    } else {
        Err(field.refused(format!("is not one of {LOCALITIES:?}")))
    }
}

/// A restriction that is not enforced is refused: taking it would promise a wall that is not
/// there.
fn access(field: &Field<'_>) -> Result<Option<bool>, Fault> {
    let access = field.object()?;
    if let Some(cidrs) = access.optional("allowed_cidrs") {
        return Err(cidrs.refused("can't be enforced by this service yet: leave it out"));
    }
    access.optional("is_public").map(|field| field.boolean()).transpose()
}

fn extras(body: &Object<'_>) -> Result<Extras, Fault> {
    let source = body.optional("replica_of").map(|field| field.uuid()).transpose()?;
    let count =
        body.optional("replica_count").map(|field| field.integer(1, REPLICAS_MAX)).transpose()?;
    if count.is_some_and(|count| count > 1) && source.is_none() {
        return Err(Fault::invalid(
            "Replica count only valid when creating replicas. Cannot create more than 1 instance \
             without 'replica_of'.",
        ));
    }
    if source.is_some() {
        for (key, word) in FORBIDDEN_WITH_SOURCE {
            if body.optional(key).is_some() {
                return Err(Fault::invalid(format!(
                    "Cannot specify {word} when creating replicas."
                )));
            }
        }
    }
    Ok(Extras {
        configuration: body
            .spelled(&["configuration", "configuration_id"], |field| {
                field.text().map(|text| referred(text).to_owned())
            })?
            .filter(|id| !id.is_empty()),
        backup: body.optional("restorePoint").map(|f| backup(&f)).transpose()?,
        replica_source: source,
        has_modules: match body.optional("modules") {
            None => false,
            Some(modules) => !modules.list()?.is_empty(),
        },
    })
}

fn backup(restore_point: &Field<'_>) -> Result<String, Fault> {
    let reference = restore_point.object()?.required("backupRef")?;
    Ok(referred(reference.text255()?).to_owned())
}

fn list<T>(
    body: &Object<'_>,
    key: &str,
    read: impl Fn(&Field<'_>) -> Result<Vec<T>, Fault>,
) -> Result<Vec<T>, Fault> {
    match body.optional(key) {
        None => Ok(Vec::new()),
        Some(field) => read(&field),
    }
}

fn optional_text255(body: &Object<'_>, key: &str) -> Result<Option<String>, Fault> {
    body.optional(key).map(|field| field.text255().map(str::to_owned)).transpose()
}

#[cfg(test)]
mod tests;
