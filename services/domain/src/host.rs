//! A machine of the `local` provisioner: its capacity, and which instance has which place.
//!
//! # Invariants
//! - An address and a uid belong to at most one instance.
//! - The memory and disk of all places fit into the capacity.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::{HostId, InstanceId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Agent and server have a uid each.
pub const UIDS_PER_PLACE: u32 = 2;

/// A host, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its own figures; absent before it registered.
    pub capacity: Option<Capacity>,
    /// Who has which place.
    pub places: BTreeMap<InstanceId, Place>,
}

/// What a host offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// The host.
    pub host: HostId,
    /// Memory for instances, in MiB.
    pub memory_mb: u64,
    /// Disk for volumes, in MiB.
    pub disk_mb: u64,
    /// The first address of its range.
    pub first_address: Ipv4Addr,
    /// How many addresses the range has.
    pub addresses: u32,
    /// The first uid of its range, of which an instance takes [`UIDS_PER_PLACE`]; absent where
    /// instances run as the plane's own user.
    pub first_uid: Option<u32>,
    /// Where servers listen in place of an engine's standard port, because another program of the
    /// machine holds that one: standard port to actual port.
    pub moved_ports: BTreeMap<u16, u16>,
}

/// What one instance takes of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The host.
    pub host: HostId,
    /// Where its server listens.
    pub address: Ipv4Addr,
    /// On which port.
    pub port: u16,
    /// Its agent's user, and its group; the next uid is its server's. Absent where instances run
    /// as the plane's own user.
    pub uid: Option<u32>,
    /// Memory in MiB.
    pub memory_mb: u64,
    /// Disk in MiB.
    pub disk_mb: u64,
}

/// What a host may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make these figures known.
    Register(Capacity),
    /// Give an instance a place.
    Place {
        /// Which.
        instance: InstanceId,
        /// The port that its engine's clients expect.
        standard_port: u16,
        /// Memory in MiB.
        memory_mb: u64,
        /// Disk in MiB.
        disk_mb: u64,
    },
    /// Let an instance's place take this much; less is never refused.
    Resize {
        /// Whose.
        instance: InstanceId,
        /// Memory in MiB.
        memory_mb: u64,
        /// Disk in MiB.
        disk_mb: u64,
    },
    /// Take the place back.
    Release {
        /// Whose.
        instance: InstanceId,
    },
}

/// What may have happened to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its figures are these now.
    Registered(Capacity),
    /// An instance got a place.
    Placed {
        /// Which.
        instance: InstanceId,
        /// Where.
        place: Place,
    },
    /// A place takes this much now.
    Resized {
        /// Whose.
        instance: InstanceId,
        /// Memory in MiB.
        memory_mb: u64,
        /// Disk in MiB.
        disk_mb: u64,
    },
    /// A place is free again.
    Released {
        /// Whose it was.
        instance: InstanceId,
    },
}

/// Why a host refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It has not registered yet, or has no such place.
    Unknown,
    /// All its addresses or uids are taken.
    NoAddress {
        /// How many it has.
        addresses: u32,
    },
    /// Its memory is promised to others.
    NoMemory {
        /// Left, in MiB.
        left_mb: u64,
        /// Asked, in MiB.
        asked_mb: u64,
    },
    /// Its disk is promised to others.
    NoDisk {
        /// Left, in MiB.
        left_mb: u64,
        /// Asked, in MiB.
        asked_mb: u64,
    },
}

impl Host {
    fn place(
        &self,
        instance: InstanceId,
        standard_port: u16,
        memory_mb: u64,
        disk_mb: u64,
    ) -> Result<Vec<Event>, Rejection> {
        if self.places.contains_key(&instance) {
            return Ok(Vec::new());
        }
        let capacity = self.capacity.as_ref().ok_or(Rejection::Unknown)?;
        self.check_room(capacity, memory_mb, disk_mb)?;
        let (address, uid) = self.free_address(capacity)?;
        let port = capacity.moved_ports.get(&standard_port).copied().unwrap_or(standard_port);
        let place = Place { host: capacity.host, address, port, uid, memory_mb, disk_mb };
        Ok(vec![Event::Placed { instance, place }])
    }

    fn check_room(
        &self,
        capacity: &Capacity,
        memory_mb: u64,
        disk_mb: u64,
    ) -> Result<(), Rejection> {
        let taken = |what: fn(&Place) -> u64| self.places.values().map(what).sum::<u64>();
        let left_mb = capacity.memory_mb.saturating_sub(taken(|place| place.memory_mb));
        if memory_mb > left_mb {
            return Err(Rejection::NoMemory { left_mb, asked_mb: memory_mb });
        }
        let left_mb = capacity.disk_mb.saturating_sub(taken(|place| place.disk_mb));
        if disk_mb > left_mb {
            return Err(Rejection::NoDisk { left_mb, asked_mb: disk_mb });
        }
        Ok(())
    }

    fn resize(
        &self,
        instance: InstanceId,
        memory_mb: u64,
        disk_mb: u64,
    ) -> Result<Vec<Event>, Rejection> {
        let place = self.places.get(&instance).ok_or(Rejection::Unknown)?;
        if (place.memory_mb, place.disk_mb) == (memory_mb, disk_mb) {
            return Ok(Vec::new());
        }
        let capacity = self.capacity.as_ref().ok_or(Rejection::Unknown)?;
        let more = |asked: u64, has: u64| asked.saturating_sub(has);
        let (more_memory, more_disk) =
            (more(memory_mb, place.memory_mb), more(disk_mb, place.disk_mb));
        self.check_room(capacity, more_memory, more_disk)?;
        Ok(vec![Event::Resized { instance, memory_mb, disk_mb }])
    }

    /// The lowest address that nobody has, with the uid of the same rank.
    fn free_address(&self, capacity: &Capacity) -> Result<(Ipv4Addr, Option<u32>), Rejection> {
        let taken: BTreeSet<u32> = self.places.values().map(|place| place.address.into()).collect();
        let uids: BTreeSet<u32> = self.places.values().filter_map(|place| place.uid).collect();
        let first = u32::from(capacity.first_address);
        (0..capacity.addresses)
            .map(|rank| (first + rank, capacity.first_uid.map(|uid| uid + rank * UIDS_PER_PLACE)))
            .find(|(address, uid)| {
                !taken.contains(address) && uid.is_none_or(|uid| !uids.contains(&uid))
            })
            .map(|(address, uid)| (address.into(), uid))
            .ok_or(Rejection::NoAddress { addresses: capacity.addresses })
    }
}

impl Aggregate for Host {
    const KIND: Kind = Kind::Host;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Register(capacity) if self.capacity.as_ref() == Some(capacity) => {
                Ok(Vec::new())
            }
            Command::Register(capacity) => Ok(vec![Event::Registered(capacity.clone())]),
            Command::Place { instance, standard_port, memory_mb, disk_mb } => {
                self.place(*instance, *standard_port, *memory_mb, *disk_mb)
            }
            Command::Resize { instance, memory_mb, disk_mb } => {
                self.resize(*instance, *memory_mb, *disk_mb)
            }
            Command::Release { instance } => {
                let known = self.places.contains_key(instance);
                Ok(known.then_some(Event::Released { instance: *instance }).into_iter().collect())
            }
        }
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        match event {
            Event::Registered(capacity) => self.capacity = Some(capacity.clone()),
            Event::Placed { instance, place } => {
                self.places.insert(*instance, place.clone());
            }
            Event::Resized { instance, memory_mb, disk_mb } => {
                if let Some(place) = self.places.get_mut(instance) {
                    place.memory_mb = *memory_mb;
                    place.disk_mb = *disk_mb;
                }
            }
            Event::Released { instance } => {
                self.places.remove(instance);
            }
        }
    }

    events_of!(Host);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::derived;
    use crate::limits::Limits;
    use crate::time::Timestamp;
    use uuid::Uuid;

    fn ask(host: &mut Host, command: &Command) -> Result<usize, Rejection> {
        let context = Context { now: Timestamp(0), limits: &Limits::PRODUCTION };
        let events = host.decide(command, &context)?;
        for event in &events {
            host.evolve(event, Moment { time: Timestamp(0), position: 1 });
        }
        Ok(events.len())
    }

    fn registered() -> Host {
        let mut host = Host::default();
        let capacity = Capacity {
            host: HostId(derived(&["host"])),
            memory_mb: 1024,
            disk_mb: 4096,
            first_address: Ipv4Addr::new(127, 1, 0, 2),
            addresses: 3,
            first_uid: Some(7000),
            moved_ports: BTreeMap::from([(3306, 3307)]),
        };
        ask(&mut host, &Command::Register(capacity.clone())).unwrap();
        assert_eq!(ask(&mut host, &Command::Register(capacity)), Ok(0));
        host
    }

    fn place(number: u128, memory_mb: u64, disk_mb: u64) -> Command {
        let instance = InstanceId(Uuid::from_u128(number));
        Command::Place { instance, standard_port: 3306, memory_mb, disk_mb }
    }

    #[test]
    fn addresses_and_uids_are_the_lowest_that_nobody_has() {
        let mut host = registered();
        for number in 1..=3 {
            assert_eq!(ask(&mut host, &place(number, 1, 1)), Ok(1));
            assert_eq!(ask(&mut host, &place(number, 1, 1)), Ok(0));
        }
        assert_eq!(ask(&mut host, &place(4, 1, 1)), Err(Rejection::NoAddress { addresses: 3 }));
        let second = InstanceId(Uuid::from_u128(2));
        let before = host.places[&second].clone();
        assert_eq!((before.port, before.uid), (3307, Some(7002)));
        ask(&mut host, &Command::Release { instance: second }).unwrap();
        ask(&mut host, &place(5, 1, 1)).unwrap();
        assert_eq!(host.places[&InstanceId(Uuid::from_u128(5))], before);
    }

    #[test]
    fn places_fit_into_memory_and_disk() {
        let mut host = registered();
        ask(&mut host, &place(1, 1000, 1000)).unwrap();
        let no_memory = Rejection::NoMemory { left_mb: 24, asked_mb: 25 };
        assert_eq!(ask(&mut host, &place(2, 25, 1)), Err(no_memory));
        let no_disk = Rejection::NoDisk { left_mb: 3096, asked_mb: 4000 };
        assert_eq!(ask(&mut host, &place(2, 24, 4000)), Err(no_disk));
        assert_eq!(ask(&mut Host::default(), &place(1, 1, 1)), Err(Rejection::Unknown));
    }

    #[test]
    fn a_place_grows_where_there_is_room_and_shrinks_always() {
        let mut host = registered();
        ask(&mut host, &place(1, 500, 1000)).unwrap();
        ask(&mut host, &place(2, 500, 1000)).unwrap();
        let resize = |number, memory_mb, disk_mb| Command::Resize {
            instance: InstanceId(Uuid::from_u128(number)),
            memory_mb,
            disk_mb,
        };
        assert_eq!(ask(&mut host, &resize(1, 524, 3096)), Ok(1));
        assert_eq!(ask(&mut host, &resize(1, 524, 3096)), Ok(0), "a repeat takes nothing");
        let no_memory = Rejection::NoMemory { left_mb: 0, asked_mb: 1 };
        assert_eq!(ask(&mut host, &resize(2, 501, 1000)), Err(no_memory));
        let no_disk = Rejection::NoDisk { left_mb: 0, asked_mb: 1 };
        assert_eq!(ask(&mut host, &resize(2, 400, 1001)), Err(no_disk));
        assert_eq!(ask(&mut host, &resize(1, 400, 1000)), Ok(1));
        assert_eq!(ask(&mut host, &resize(2, 624, 3096)), Ok(1));
        assert_eq!(ask(&mut host, &resize(9, 1, 1)), Err(Rejection::Unknown));
    }
}
