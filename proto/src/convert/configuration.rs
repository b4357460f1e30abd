//! Configuration groups.

use super::field::{message, time, timestamp, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::command::v1 as command;
use crate::generated::trove::event::v1 as wire;
use domain::command::Body;
use domain::configuration::{Change, Event, NewValues, Spec, Values};
use domain::ids::{ConfigurationId, DatastoreId, InstanceId, ProjectId, VersionId};
use wire::configuration_event;

impl From<&Event> for wire::ConfigurationEvent {
    fn from(event: &Event) -> Self {
        let event = match event {
            Event::Created { id, spec } => {
                configuration_event::Event::Created(configuration_event::Created {
                    configuration_id: uuid_bytes(id.0),
                    spec: Some(spec.as_ref().into()),
                })
            }
            Event::Described { name, description } => {
                configuration_event::Event::Described(configuration_event::Described {
                    name: name.clone(),
                    description: description.clone(),
                })
            }
            Event::ValuesSet(values) => {
                let values = Some(values.into());
                configuration_event::Event::ValuesSet(configuration_event::ValuesSet { values })
            }
            Event::Deleted => configuration_event::Event::Deleted(configuration_event::Deleted {}),
            Event::FollowerExpected { instance, until } => {
                configuration_event::Event::FollowerExpected(
                    configuration_event::FollowerExpected {
                        instance_id: uuid_bytes(instance.0),
                        until: Some(timestamp(*until)),
                    },
                )
            }
            Event::FollowerKept { instance } => {
                let instance_id = uuid_bytes(instance.0);
                let kept = configuration_event::FollowerKept { instance_id };
                configuration_event::Event::FollowerKept(kept)
            }
            Event::FollowerReleased { instance } => {
                let instance_id = uuid_bytes(instance.0);
                let released = configuration_event::FollowerReleased { instance_id };
                configuration_event::Event::FollowerReleased(released)
            }
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::ConfigurationEvent> for Event {
    type Error = DecodeError;

    fn try_from(event: wire::ConfigurationEvent) -> Result<Self, DecodeError> {
        let instance = |id: &[u8], field| uuid(id, field).map(InstanceId);
        Ok(match variant(event.event, "configuration_event")? {
            configuration_event::Event::Created(created) => Self::Created {
                id: ConfigurationId(uuid(&created.configuration_id, "created.configuration_id")?),
                spec: Box::new(message(created.spec, "created.spec")?),
            },
            configuration_event::Event::Described(described) => {
                Self::Described { name: described.name, description: described.description }
            }
            configuration_event::Event::ValuesSet(set) => {
                Self::ValuesSet(message(set.values, "values_set.values")?)
            }
            configuration_event::Event::Deleted(configuration_event::Deleted {}) => Self::Deleted,
            configuration_event::Event::FollowerExpected(expected) => Self::FollowerExpected {
                instance: instance(&expected.instance_id, "follower_expected.instance_id")?,
                until: time(expected.until, "follower_expected.until")?,
            },
            configuration_event::Event::FollowerKept(kept) => Self::FollowerKept {
                instance: instance(&kept.instance_id, "follower_kept.instance_id")?,
            },
            configuration_event::Event::FollowerReleased(released) => Self::FollowerReleased {
                instance: instance(&released.instance_id, "follower_released.instance_id")?,
            },
        })
    }
}

impl From<&Spec> for wire::ConfigurationSpec {
    fn from(spec: &Spec) -> Self {
        Self {
            project_id: spec.project.0.clone(),
            name: spec.name.clone(),
            description: spec.description.clone(),
            datastore_id: uuid_bytes(spec.datastore.0),
            version_id: uuid_bytes(spec.version.0),
            values: Some((&spec.values).into()),
            body_hash: spec.body_hash.clone(),
        }
    }
}

impl TryFrom<wire::ConfigurationSpec> for Spec {
    type Error = DecodeError;

    fn try_from(spec: wire::ConfigurationSpec) -> Result<Self, DecodeError> {
        Ok(Self {
            project: ProjectId(spec.project_id),
            name: spec.name,
            description: spec.description,
            datastore: DatastoreId(uuid(&spec.datastore_id, "configuration.datastore_id")?),
            version: VersionId(uuid(&spec.version_id, "configuration.version_id")?),
            values: message(spec.values, "configuration.values")?,
            body_hash: spec.body_hash,
        })
    }
}

impl From<&Values> for wire::ParameterValues {
    fn from(values: &Values) -> Self {
        let values = values.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        Self { values }
    }
}

impl TryFrom<wire::ParameterValues> for Values {
    type Error = DecodeError;

    fn try_from(values: wire::ParameterValues) -> Result<Self, DecodeError> {
        values.values.into_iter().map(|(name, value)| Ok((name, value.try_into()?))).collect()
    }
}

/// An update as it is sent.
pub(super) fn update(id: ConfigurationId, change: &Change) -> command::UpdateConfiguration {
    let (values, merge) = match &change.values {
        None => (None, false),
        Some(NewValues::Replace(values)) => (Some(values), false),
        Some(NewValues::Merge(values)) => (Some(values), true),
    };
    command::UpdateConfiguration {
        configuration_id: uuid_bytes(id.0),
        name: change.name.clone(),
        description: change.description.clone(),
        values: values.map(Into::into),
        merge,
    }
}

/// An update as it was sent.
pub(super) fn updated(update: command::UpdateConfiguration) -> Result<Body, DecodeError> {
    let values: Option<Values> = update.values.map(TryInto::try_into).transpose()?;
    let new = if update.merge { NewValues::Merge } else { NewValues::Replace };
    let change =
        Change { name: update.name, description: update.description, values: values.map(new) };
    let field = "update_configuration.configuration_id";
    let id = ConfigurationId(uuid(&update.configuration_id, field)?);
    Ok(Body::UpdateConfiguration { id, change })
}
