//! Facts of datastores and of their versions.

use super::engine::{manager, manager_of};
use super::field::{uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::ids::{DatastoreId, ImageId, VersionId};
use domain::version::Details;
use domain::{datastore, version};
use wire::{datastore_event, version_event};

impl From<&datastore::Event> for wire::DatastoreEvent {
    fn from(event: &datastore::Event) -> Self {
        let event = match event {
            datastore::Event::Registered { id, name } => {
                datastore_event::Event::Registered(datastore_event::Registered {
                    datastore_id: uuid_bytes(id.0),
                    name: name.clone(),
                })
            }
            datastore::Event::DefaultVersionSet(version) => {
                datastore_event::Event::DefaultVersionSet(datastore_event::DefaultVersionSet {
                    version_id: uuid_bytes(version.0),
                })
            }
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::DatastoreEvent> for datastore::Event {
    type Error = DecodeError;

    fn try_from(message: wire::DatastoreEvent) -> Result<Self, DecodeError> {
        Ok(match variant(message.event, "datastore_event")? {
            datastore_event::Event::Registered(registered) => Self::Registered {
                id: DatastoreId(uuid(&registered.datastore_id, "registered.datastore_id")?),
                name: registered.name,
            },
            datastore_event::Event::DefaultVersionSet(set) => Self::DefaultVersionSet(VersionId(
                uuid(&set.version_id, "default_version_set.version_id")?,
            )),
        })
    }
}

impl From<&version::Event> for wire::VersionEvent {
    fn from(event: &version::Event) -> Self {
        let event = match event {
            version::Event::Registered(details) => version_event::Event::Registered(details.into()),
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::VersionEvent> for version::Event {
    type Error = DecodeError;

    fn try_from(message: wire::VersionEvent) -> Result<Self, DecodeError> {
        Ok(match variant(message.event, "version_event")? {
            version_event::Event::Registered(registered) => {
                Self::Registered(registered.try_into()?)
            }
        })
    }
}

impl From<&Details> for version_event::Registered {
    fn from(details: &Details) -> Self {
        Self {
            version_id: uuid_bytes(details.id.0),
            datastore_id: uuid_bytes(details.datastore.0),
            name: details.name.clone(),
            number: details.number.clone(),
            manager: manager_of(details.manager).into(),
            image_id: uuid_bytes(details.image.0),
            packages: details.packages.clone(),
            active: details.active,
        }
    }
}

impl TryFrom<version_event::Registered> for Details {
    type Error = DecodeError;

    fn try_from(registered: version_event::Registered) -> Result<Self, DecodeError> {
        Ok(Self {
            id: VersionId(uuid(&registered.version_id, "registered.version_id")?),
            datastore: DatastoreId(uuid(&registered.datastore_id, "registered.datastore_id")?),
            name: registered.name,
            number: registered.number,
            manager: manager(registered.manager, "registered.manager")?,
            image: ImageId(uuid(&registered.image_id, "registered.image_id")?),
            packages: registered.packages,
            active: registered.active,
        })
    }
}
