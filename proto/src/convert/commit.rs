//! Commits: what every fact is wrapped in.
//!
//! # Invariants
//! - The schema version is looked at before anything else, so that a newer commit is refused
//!   for what it is.
//! - The aggregate's kind and the kind of the events are the same.

use super::field::{all, bytes_32, each, message, time, timestamp, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::aggregate::Key;
use domain::commit::{Commit, Events, SCHEMA_VERSION};
use domain::ids::{CommandId, CommitId, RequestId};
use wire::commit;

impl From<&Commit> for wire::Commit {
    fn from(value: &Commit) -> Self {
        debug_assert_eq!(
            value.aggregate.kind,
            value.events.kind(),
            "a commit holds events of its aggregate"
        );
        Self {
            commit_id: uuid_bytes(value.commit_id.0),
            command_id: uuid_bytes(value.command_id.0),
            causation_id: value.causation_id.map(|id| uuid_bytes(id.0)),
            aggregate: Some((&value.aggregate).into()),
            actor: Some((&value.actor).into()),
            request_id: value.request_id.as_ref().map(|id| id.0.clone()),
            time: Some(timestamp(value.time)),
            schema_version: value.schema_version,
            epoch: value.epoch,
            previous_hash: value.previous_hash.map(|hash| hash.to_vec()),
            events: Some((&value.events).into()),
        }
    }
}

impl TryFrom<wire::Commit> for Commit {
    type Error = DecodeError;

    fn try_from(commit: wire::Commit) -> Result<Self, DecodeError> {
        if !(1..=SCHEMA_VERSION).contains(&commit.schema_version) {
            return Err(DecodeError::UnsupportedSchema { found: commit.schema_version });
        }
        let aggregate: Key = message(commit.aggregate, "aggregate")?;
        let events: Events = variant(commit.events, "events")?.try_into()?;
        if events.kind() != aggregate.kind {
            return Err(DecodeError::BadValue {
                field: "events",
                expected: "of the aggregate's kind",
            });
        }
        Ok(Self {
            commit_id: CommitId(uuid(&commit.commit_id, "commit_id")?),
            command_id: CommandId(uuid(&commit.command_id, "command_id")?),
            causation_id: commit
                .causation_id
                .map(|id| uuid(&id, "causation_id").map(CommitId))
                .transpose()?,
            aggregate,
            actor: message(commit.actor, "actor")?,
            request_id: commit.request_id.map(RequestId),
            time: time(commit.time, "time")?,
            schema_version: commit.schema_version,
            epoch: commit.epoch,
            previous_hash: commit
                .previous_hash
                .map(|hash| bytes_32(&hash, "previous_hash"))
                .transpose()?,
            events,
        })
    }
}

impl From<&Key> for wire::AggregateKey {
    fn from(key: &Key) -> Self {
        Self { kind: key.kind.as_str().to_owned(), id: uuid_bytes(key.id) }
    }
}

impl TryFrom<wire::AggregateKey> for Key {
    type Error = DecodeError;

    fn try_from(key: wire::AggregateKey) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: key
                .kind
                .parse()
                .map_err(|()| DecodeError::UnknownValue { field: "aggregate.kind" })?,
            id: uuid(&key.id, "aggregate.id")?,
        })
    }
}

impl From<&Events> for commit::Events {
    fn from(events: &Events) -> Self {
        match events {
            Events::Plane(events) => Self::Plane(wire::PlaneEvents { events: all(events) }),
            Events::Project(events) => Self::Project(wire::ProjectEvents { events: all(events) }),
            Events::Host(events) => Self::Host(wire::HostEvents { events: all(events) }),
            Events::Datastore(events) => {
                Self::Datastore(wire::DatastoreEvents { events: all(events) })
            }
            Events::Version(events) => Self::Version(wire::VersionEvents { events: all(events) }),
            Events::Catalogue(events) => {
                Self::Catalogue(wire::CatalogueEvents { events: all(events) })
            }
            Events::Configuration(events) => {
                Self::Configuration(wire::ConfigurationEvents { events: all(events) })
            }
            Events::Instance(events) => {
                Self::Instance(wire::InstanceEvents { events: all(events) })
            }
        }
    }
}

impl TryFrom<commit::Events> for Events {
    type Error = DecodeError;

    fn try_from(events: commit::Events) -> Result<Self, DecodeError> {
        Ok(match events {
            commit::Events::Plane(list) => Self::Plane(each(list.events)?),
            commit::Events::Project(list) => Self::Project(each(list.events)?),
            commit::Events::Host(list) => Self::Host(each(list.events)?),
            commit::Events::Datastore(list) => Self::Datastore(each(list.events)?),
            commit::Events::Version(list) => Self::Version(each(list.events)?),
            commit::Events::Catalogue(list) => Self::Catalogue(each(list.events)?),
            commit::Events::Configuration(list) => Self::Configuration(each(list.events)?),
            commit::Events::Instance(list) => Self::Instance(each(list.events)?),
        })
    }
}
