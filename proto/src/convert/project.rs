//! Facts of a project.

use super::field::{required, time, timestamp, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::ids::{InstanceId, ProjectId};
use domain::project::Event;
use wire::project_event;

impl From<&Event> for wire::ProjectEvent {
    fn from(event: &Event) -> Self {
        let event = match event {
            Event::Reserved { project_id, instance, amount, until } => {
                project_event::Event::Reserved(project_event::Reserved {
                    project_id: project_id.0.clone(),
                    instance_id: uuid_bytes(instance.0),
                    amount: Some(amount.into()),
                    until: Some(timestamp(*until)),
                })
            }
            Event::Grew { instance, amount, until } => {
                project_event::Event::Grew(project_event::Grew {
                    instance_id: uuid_bytes(instance.0),
                    amount: Some(amount.into()),
                    until: Some(timestamp(*until)),
                })
            }
            Event::Settled { instance, amount } => {
                project_event::Event::Settled(project_event::Settled {
                    instance_id: uuid_bytes(instance.0),
                    amount: Some(amount.into()),
                })
            }
            Event::Committed { instance } => {
                project_event::Event::Committed(project_event::Committed {
                    instance_id: uuid_bytes(instance.0),
                })
            }
            Event::Released { instance } => {
                project_event::Event::Released(project_event::Released {
                    instance_id: uuid_bytes(instance.0),
                })
            }
            Event::LimitsSet { project_id, overrides } => {
                project_event::Event::LimitsSet(project_event::LimitsSet {
                    project_id: project_id.0.clone(),
                    overrides: Some(overrides.into()),
                })
            }
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::ProjectEvent> for Event {
    type Error = DecodeError;

    fn try_from(message: wire::ProjectEvent) -> Result<Self, DecodeError> {
        Ok(match variant(message.event, "project_event")? {
            project_event::Event::Reserved(reserved) => Self::Reserved {
                project_id: ProjectId(reserved.project_id),
                instance: InstanceId(uuid(&reserved.instance_id, "reserved.instance_id")?),
                amount: required(reserved.amount, "reserved.amount")?.into(),
                until: time(reserved.until, "reserved.until")?,
            },
            project_event::Event::Grew(grew) => Self::Grew {
                instance: InstanceId(uuid(&grew.instance_id, "grew.instance_id")?),
                amount: required(grew.amount, "grew.amount")?.into(),
                until: time(grew.until, "grew.until")?,
            },
            project_event::Event::Settled(settled) => Self::Settled {
                instance: InstanceId(uuid(&settled.instance_id, "settled.instance_id")?),
                amount: required(settled.amount, "settled.amount")?.into(),
            },
            project_event::Event::Committed(committed) => Self::Committed {
                instance: InstanceId(uuid(&committed.instance_id, "committed.instance_id")?),
            },
            project_event::Event::Released(released) => Self::Released {
                instance: InstanceId(uuid(&released.instance_id, "released.instance_id")?),
            },
            project_event::Event::LimitsSet(set) => Self::LimitsSet {
                project_id: ProjectId(set.project_id),
                overrides: required(set.overrides, "limits_set.overrides")?.into(),
            },
        })
    }
}
