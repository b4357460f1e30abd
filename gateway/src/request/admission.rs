//! From what a creation names to what is sent: looks up flavor and version, applies the limits
//! and the engine's rules, and copies every figure into the spec.
//!
//! Deliberately absent: quota and capacity. The taskmanager decides those on the newest state.

use super::accounts::{self, UserAsked};
use super::creation::{Creation, DatastoreAsked, VolumeAsked};
use super::idempotency::CreationIds;
use crate::catalogue::{Catalogue, shown};
use crate::config::Config;
use crate::fault::{Fault, Missing};
use domain::flavor::Flavor;
use domain::ids::{FlavorId, InstanceId, ProjectId, UserId};
use domain::instance::Spec;
use domain::instance::spec::{NewUser, VersionRef};
use domain::secret::{PublicKey, StoredSecret};
use domain::version::Details;

/// What a creation is checked against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admission<'a> {
    pub(crate) config: &'a Config,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) sealing_key: PublicKey,
}

impl Admission<'_> {
    /// The spec and the sealed passwords of a creation.
    ///
    /// # Errors
    /// What it names that is not there, or what rule it breaks.
    pub(crate) fn admit(
        &self,
        creation: Creation,
        owner: (ProjectId, UserId),
        ids: &CreationIds<InstanceId>,
    ) -> Result<(Spec, Vec<StoredSecret>), Fault> {
        let version = version(self.config, self.catalogue, &creation.datastore)?;
        refuse_extras(&creation, &version)?;
        let flavor = self.flavor(creation.flavor.as_ref(), &version)?;
        let volume_gib = self.volume_gib(creation.volume.as_ref())?;
        let region = self.region(creation.region)?;
        accounts::check(version.manager, &creation.databases, &creation.users)?;
        let (users, secrets) = self.seal(creation.users, ids);
        let (project, user) = owner;
        let spec = Spec {
            project,
            user,
            name: creation.name,
            flavor,
            volume_gib,
            volume_type: creation.volume.and_then(|volume| volume.kind),
            version,
            databases: creation.databases,
            users,
            nics: creation.nics,
            availability_zone: creation.availability_zone,
            region,
            locality: creation.locality,
            is_public: creation.is_public,
            body_hash: ids.body_hash.clone(),
            configuration: None,
        };
        Ok((spec, secrets))
    }

    fn flavor(&self, wanted: Option<&FlavorId>, version: &VersionRef) -> Result<Flavor, Fault> {
        let wanted = wanted.ok_or_else(|| {
            Fault::invalid("Flavor was not specified: 'flavorRef' is a required property")
        })?;
        flavor(self.config, wanted, version)
    }

    fn volume_gib(&self, asked: Option<&VolumeAsked>) -> Result<u32, Fault> {
        let size = asked.ok_or_else(|| Fault::invalid("Volume size was not specified."))?.size_gib;
        volume_gib(self.config, size)
    }

    fn region(&self, asked: Option<String>) -> Result<String, Fault> {
        match asked {
            Some(region) if region != self.config.region => {
                Err(Fault::Invalid(format!("Region '{}' is not served here.", shown(&region))))
            }
            Some(_) | None => Ok(self.config.region.clone()),
        }
    }

    fn seal(
        &self,
        users: Vec<UserAsked>,
        ids: &CreationIds<InstanceId>,
    ) -> (Vec<NewUser>, Vec<StoredSecret>) {
        let sealed = users.into_iter().enumerate().map(|(index, user)| {
            let id = ids.secret(index);
            let sealed = bus::seal::seal(&self.sealing_key, user.password.0.as_bytes());
            let UserAsked { name, host, databases, .. } = user;
            (NewUser { name, host, password: id, databases }, StoredSecret { id, sealed })
        });
        sealed.unzip()
    }
}

/// The flavor of this id, for an instance of this version.
///
/// # Errors
/// When there is none, or it does not serve the version.
pub(crate) fn flavor(
    config: &Config,
    id: &FlavorId,
    version: &VersionRef,
) -> Result<Flavor, Fault> {
    let known = config.flavor(id.as_str());
    let known = known
        .ok_or_else(|| Fault::Invalid(format!("Flavor {} cannot be found.", shown(id.as_str()))))?;
    let (datastore, name) = (&version.datastore_name, &version.name);
    if config.serving(datastore, name).any(|flavor| flavor.id == known.id) {
        return Ok(known.clone());
    }
    Err(Fault::Invalid(format!(
        "Flavor {} is not supported for datastore {datastore} version {name}.",
        known.id
    )))
}

/// A volume's size that is not too large.
///
/// # Errors
/// When it is.
pub(crate) fn volume_gib(config: &Config, size: u64) -> Result<u32, Fault> {
    let max_gib = config.volume_gib_max;
    match u32::try_from(size) {
        Ok(size) if size <= max_gib => Ok(size),
        Ok(_) | Err(_) => Err(Fault::VolumeTooLarge { max_gib, asked: size.to_string() }),
    }
}

/// The active version that is asked for, or the default one.
///
/// # Errors
/// What it names that is not there, or not active.
pub(crate) fn version(
    config: &Config,
    catalogue: &Catalogue,
    asked: &DatastoreAsked,
) -> Result<VersionRef, Fault> {
    let wanted = asked.datastore.as_deref().unwrap_or(&config.default_datastore);
    let datastore = catalogue.datastore(wanted)?;
    let version = match &asked.version {
        Some(version) => named(catalogue.versions_named(datastore.id, version), asked, version)?,
        None => {
            let default = datastore.default_version.and_then(|id| {
                catalogue.versions_of(datastore.id).find(|version| version.id == id)
            });
            default.ok_or_else(|| {
                Fault::Invalid(format!(
                    "Datastore '{}' has no default version: name one.",
                    datastore.name
                ))
            })?
        }
    };
    if !version.active {
        return Err(Fault::Invalid(format!("Datastore version '{}' is not active.", version.name)));
    }
    let image = version.image.ok_or_else(|| {
        Fault::Invalid(format!("Datastore version '{}' has no image.", version.name))
    })?;
    Ok(VersionRef {
        datastore: datastore.id,
        datastore_name: datastore.name.clone(),
        id: version.id,
        name: version.name.clone(),
        number: version.number.clone(),
        manager: version.manager,
        image,
    })
}

fn named<'a>(
    mut found: Vec<&'a Details>,
    asked: &DatastoreAsked,
    name: &str,
) -> Result<&'a Details, Fault> {
    if let Some(number) = &asked.number {
        found.retain(|version| version.number == *number);
    }
    match found.as_slice() {
        [version] => Ok(version),
        [] => Err(Fault::Invalid(format!("Datastore version '{}' cannot be found.", shown(name)))),
        [_, ..] => Err(Fault::Invalid(format!(
            "Datastore version '{}' is ambiguous: give its id or its 'version_number'.",
            shown(name)
        ))),
    }
}

/// What a creation names that this service does not hold.
fn refuse_extras(creation: &Creation, version: &VersionRef) -> Result<(), Fault> {
    let extras = &creation.extras;
    if let Some(id) = &extras.backup {
        return Err(Fault::NotFound(Missing::Backup(shown(id))));
    }
    if extras.replica_source.is_some() {
        return Err(Fault::NotOffered(format!(
            "Replication is not offered for datastore {} {} by this service yet.",
            version.datastore_name, version.name
        )));
    }
    if extras.has_modules {
        return Err(Fault::NotOffered("Modules are not offered by this service.".to_owned()));
    }
    Ok(())
}
