//! Facts of datastores and of their versions.

use super::engine::{manager, manager_of};
use super::field::{uuid, uuid_bytes, variant};
use super::offer::maybe_version;
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::datastore::Label;
use domain::ids::{DatastoreId, ImageId, VersionId};
use domain::time::Timestamp;
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
            datastore::Event::Renamed(name) => {
                datastore_event::Event::Renamed(datastore_event::Renamed { name: name.clone() })
            }
            datastore::Event::DefaultVersionChosen(version) => {
                let version_id = version.map_or_else(Vec::new, |version| uuid_bytes(version.0));
                let chosen = datastore_event::DefaultVersionChosen { version_id };
                datastore_event::Event::DefaultVersionChosen(chosen)
            }
            datastore::Event::NameHeld { version, label } => {
                datastore_event::Event::NameHeld(datastore_event::NameHeld {
                    version_id: uuid_bytes(version.0),
                    name: label.name.clone(),
                    number: label.number.clone(),
                })
            }
            datastore::Event::NameKept { version, label } => {
                datastore_event::Event::NameKept(datastore_event::NameKept {
                    version_id: uuid_bytes(version.0),
                    name: label.name.clone(),
                    number: label.number.clone(),
                })
            }
            datastore::Event::VersionReleased(version) => {
                let version_id = uuid_bytes(version.0);
                let released = datastore_event::VersionReleased { version_id };
                datastore_event::Event::VersionReleased(released)
            }
            datastore::Event::Deleted => {
                datastore_event::Event::Deleted(datastore_event::Deleted {})
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
            datastore_event::Event::Renamed(renamed) => Self::Renamed(renamed.name),
            datastore_event::Event::DefaultVersionChosen(chosen) => Self::DefaultVersionChosen(
                maybe_version(&chosen.version_id, "default_version_chosen.version_id")?,
            ),
            datastore_event::Event::NameHeld(held) => Self::NameHeld {
                version: VersionId(uuid(&held.version_id, "name_held.version_id")?),
                label: Label { name: held.name, number: held.number },
            },
            datastore_event::Event::NameKept(kept) => Self::NameKept {
                version: VersionId(uuid(&kept.version_id, "name_kept.version_id")?),
                label: Label { name: kept.name, number: kept.number },
            },
            datastore_event::Event::VersionReleased(released) => Self::VersionReleased(VersionId(
                uuid(&released.version_id, "version_released.version_id")?,
            )),
            datastore_event::Event::Deleted(datastore_event::Deleted {}) => Self::Deleted,
        })
    }
}

impl From<&version::Event> for wire::VersionEvent {
    fn from(event: &version::Event) -> Self {
        let event = match event {
            version::Event::Registered(details) => version_event::Event::Registered(details.into()),
            version::Event::Described(details) => version_event::Event::Described(details.into()),
            version::Event::Withdrawn { until } => {
                version_event::Event::Withdrawn(version_event::Withdrawn { until_ms: until.0 })
            }
            version::Event::Restored => version_event::Event::Restored(version_event::Restored {}),
            version::Event::Deleted => version_event::Event::Deleted(version_event::Deleted {}),
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
            version_event::Event::Described(described) => Self::Described(described.try_into()?),
            version_event::Event::Withdrawn(version_event::Withdrawn { until_ms }) => {
                Self::Withdrawn { until: Timestamp(until_ms) }
            }
            version_event::Event::Restored(version_event::Restored {}) => Self::Restored,
            version_event::Event::Deleted(version_event::Deleted {}) => Self::Deleted,
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
            image_id: details.image.map_or_else(Vec::new, |image| uuid_bytes(image.0)),
            packages: details.packages.clone(),
            active: details.active,
            image_tags: details.image_tags.clone(),
            registry_ext: details.registry_ext.clone(),
            repl_strategy: details.repl_strategy.clone(),
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
            image: match registered.image_id.as_slice() {
                [] => None,
                bytes => Some(ImageId(uuid(bytes, "registered.image_id")?)),
            },
            packages: registered.packages,
            active: registered.active,
            image_tags: registered.image_tags,
            registry_ext: registered.registry_ext,
            repl_strategy: registered.repl_strategy,
        })
    }
}
