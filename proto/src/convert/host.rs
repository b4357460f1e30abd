//! Facts of a host, and places on it.

use super::field::{ipv4, message, port, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::host::{Capacity, Event, Place};
use domain::ids::{HostId, InstanceId};
use wire::host_event;

impl From<&Event> for wire::HostEvent {
    fn from(event: &Event) -> Self {
        let event = match event {
            Event::Registered(capacity) => host_event::Event::Registered(capacity.into()),
            Event::Placed { instance, place } => host_event::Event::Placed(host_event::Placed {
                instance_id: uuid_bytes(instance.0),
                place: Some(place.into()),
            }),
            Event::Resized { instance, memory_mb, disk_mb } => {
                host_event::Event::Resized(host_event::Resized {
                    instance_id: uuid_bytes(instance.0),
                    memory_mb: *memory_mb,
                    disk_mb: *disk_mb,
                })
            }
            Event::Released { instance } => host_event::Event::Released(host_event::Released {
                instance_id: uuid_bytes(instance.0),
            }),
        };
        Self { event: Some(event) }
    }
}

impl TryFrom<wire::HostEvent> for Event {
    type Error = DecodeError;

    fn try_from(event: wire::HostEvent) -> Result<Self, DecodeError> {
        Ok(match variant(event.event, "host_event")? {
            host_event::Event::Registered(registered) => Self::Registered(registered.try_into()?),
            host_event::Event::Placed(placed) => Self::Placed {
                instance: InstanceId(uuid(&placed.instance_id, "placed.instance_id")?),
                place: message(placed.place, "placed.place")?,
            },
            host_event::Event::Resized(resized) => Self::Resized {
                instance: InstanceId(uuid(&resized.instance_id, "resized.instance_id")?),
                memory_mb: resized.memory_mb,
                disk_mb: resized.disk_mb,
            },
            host_event::Event::Released(released) => Self::Released {
                instance: InstanceId(uuid(&released.instance_id, "released.instance_id")?),
            },
        })
    }
}

impl From<&Capacity> for host_event::Registered {
    fn from(capacity: &Capacity) -> Self {
        Self {
            host_id: uuid_bytes(capacity.host.0),
            memory_mb: capacity.memory_mb,
            disk_mb: capacity.disk_mb,
            first_address: capacity.first_address.to_string(),
            addresses: capacity.addresses,
            first_uid: capacity.first_uid,
            moved_ports: capacity
                .moved_ports
                .iter()
                .map(|(standard, actual)| (u32::from(*standard), u32::from(*actual)))
                .collect(),
        }
    }
}

impl TryFrom<host_event::Registered> for Capacity {
    type Error = DecodeError;

    fn try_from(registered: host_event::Registered) -> Result<Self, DecodeError> {
        Ok(Self {
            host: HostId(uuid(&registered.host_id, "registered.host_id")?),
            memory_mb: registered.memory_mb,
            disk_mb: registered.disk_mb,
            first_address: ipv4(&registered.first_address, "registered.first_address")?,
            addresses: registered.addresses,
            first_uid: registered.first_uid,
            moved_ports: registered
                .moved_ports
                .into_iter()
                .map(|(standard, actual)| Ok((moved_port(standard)?, moved_port(actual)?)))
                .collect::<Result<_, DecodeError>>()?,
        })
    }
}

impl From<&Place> for wire::Place {
    fn from(place: &Place) -> Self {
        Self {
            host_id: uuid_bytes(place.host.0),
            address: place.address.to_string(),
            port: place.port.into(),
            uid: place.uid,
            memory_mb: place.memory_mb,
            disk_mb: place.disk_mb,
        }
    }
}

impl TryFrom<wire::Place> for Place {
    type Error = DecodeError;

    fn try_from(place: wire::Place) -> Result<Self, DecodeError> {
        Ok(Self {
            host: HostId(uuid(&place.host_id, "place.host_id")?),
            address: ipv4(&place.address, "place.address")?,
            port: port(place.port, "place.port")?,
            uid: place.uid,
            memory_mb: place.memory_mb,
            disk_mb: place.disk_mb,
        })
    }
}

fn moved_port(number: u32) -> Result<u16, DecodeError> {
    port(number, "registered.moved_ports")
}
