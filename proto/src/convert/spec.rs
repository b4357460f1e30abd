//! What a creation asks for.

use super::engine::{manager, manager_of};
use super::field::{all, each, message, required, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::flavor::Flavor;
use domain::guest::Database;
use domain::ids::{
    ConfigurationId, DatastoreId, FlavorId, ImageId, ProjectId, SecretId, UserId, VersionId,
};
use domain::instance::Resize;
use domain::instance::spec::{NewUser, Nic, Spec, VersionRef};
use wire::resize::To;

impl From<&Spec> for wire::Spec {
    fn from(spec: &Spec) -> Self {
        Self {
            project_id: spec.project.0.clone(),
            user_id: spec.user.0.clone(),
            name: spec.name.clone(),
            flavor: Some((&spec.flavor).into()),
            volume_gib: spec.volume_gib,
            volume_type: spec.volume_type.clone(),
            version: Some((&spec.version).into()),
            databases: all(&spec.databases),
            users: all(&spec.users),
            nics: all(&spec.nics),
            availability_zone: spec.availability_zone.clone(),
            region: spec.region.clone(),
            locality: spec.locality.clone(),
            is_public: spec.is_public,
            body_hash: spec.body_hash.clone(),
            configuration_id: spec.configuration.map(|id| uuid_bytes(id.0)),
        }
    }
}

impl TryFrom<wire::Spec> for Spec {
    type Error = DecodeError;

    fn try_from(spec: wire::Spec) -> Result<Self, DecodeError> {
        Ok(Self {
            project: ProjectId(spec.project_id),
            user: UserId(spec.user_id),
            name: spec.name,
            flavor: required(spec.flavor, "spec.flavor")?.into(),
            volume_gib: spec.volume_gib,
            volume_type: spec.volume_type,
            version: message(spec.version, "spec.version")?,
            databases: spec.databases.into_iter().map(Database::from).collect(),
            users: each(spec.users)?,
            nics: spec.nics.into_iter().map(Nic::from).collect(),
            availability_zone: spec.availability_zone,
            region: spec.region,
            locality: spec.locality,
            is_public: spec.is_public,
            body_hash: spec.body_hash,
            configuration: spec
                .configuration_id
                .map(|id| uuid(&id, "spec.configuration_id").map(ConfigurationId))
                .transpose()?,
        })
    }
}

impl From<&Resize> for wire::Resize {
    fn from(resize: &Resize) -> Self {
        Self {
            to: Some(match resize {
                Resize::Flavor(flavor) => To::Flavor(flavor.into()),
                Resize::Volume { gib } => To::VolumeGib(*gib),
            }),
        }
    }
}

impl TryFrom<wire::Resize> for Resize {
    type Error = DecodeError;

    fn try_from(resize: wire::Resize) -> Result<Self, DecodeError> {
        Ok(match variant(resize.to, "resize")? {
            To::Flavor(flavor) => Self::Flavor(flavor.into()),
            To::VolumeGib(gib) => Self::Volume { gib },
        })
    }
}

impl From<&Flavor> for wire::Flavor {
    fn from(flavor: &Flavor) -> Self {
        Self {
            id: flavor.id.0.clone(),
            name: flavor.name.clone(),
            ram_mb: flavor.ram_mb,
            vcpus: flavor.vcpus,
        }
    }
}

impl From<wire::Flavor> for Flavor {
    fn from(flavor: wire::Flavor) -> Self {
        Self {
            id: FlavorId(flavor.id),
            name: flavor.name,
            ram_mb: flavor.ram_mb,
            vcpus: flavor.vcpus,
        }
    }
}

impl From<&VersionRef> for wire::VersionRef {
    fn from(version: &VersionRef) -> Self {
        Self {
            datastore_id: uuid_bytes(version.datastore.0),
            datastore_name: version.datastore_name.clone(),
            version_id: uuid_bytes(version.id.0),
            name: version.name.clone(),
            number: version.number.clone(),
            manager: manager_of(version.manager).into(),
            image_id: uuid_bytes(version.image.0),
        }
    }
}

impl TryFrom<wire::VersionRef> for VersionRef {
    type Error = DecodeError;

    fn try_from(version: wire::VersionRef) -> Result<Self, DecodeError> {
        Ok(Self {
            datastore: DatastoreId(uuid(&version.datastore_id, "version_ref.datastore_id")?),
            datastore_name: version.datastore_name,
            id: VersionId(uuid(&version.version_id, "version_ref.version_id")?),
            name: version.name,
            number: version.number,
            manager: manager(version.manager, "version_ref.manager")?,
            image: ImageId(uuid(&version.image_id, "version_ref.image_id")?),
        })
    }
}

impl From<&NewUser> for wire::NewUser {
    fn from(user: &NewUser) -> Self {
        Self {
            name: user.name.clone(),
            host: user.host.clone(),
            password_id: uuid_bytes(user.password.0),
            databases: user.databases.clone(),
        }
    }
}

impl TryFrom<wire::NewUser> for NewUser {
    type Error = DecodeError;

    fn try_from(user: wire::NewUser) -> Result<Self, DecodeError> {
        Ok(Self {
            name: user.name,
            host: user.host,
            password: SecretId(uuid(&user.password_id, "new_user.password_id")?),
            databases: user.databases,
        })
    }
}

impl From<&Nic> for wire::Nic {
    fn from(nic: &Nic) -> Self {
        Self {
            network: nic.network.clone(),
            subnet: nic.subnet.clone(),
            address: nic.address.clone(),
        }
    }
}

impl From<wire::Nic> for Nic {
    fn from(nic: wire::Nic) -> Self {
        Self { network: nic.network, subnet: nic.subnet, address: nic.address }
    }
}
