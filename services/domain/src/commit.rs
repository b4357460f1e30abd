//! The unit of the log: one decision, all its events, or nothing.

use crate::aggregate::{Key, Kind};
use crate::ids::{CommandId, CommitId, ProjectId, RequestId, UserId};
use crate::time::Timestamp;
use crate::{catalogue, configuration, datastore, host, instance, plane, project, version};

/// The shape of events that this release writes.
pub const SCHEMA_VERSION: u32 = 1;

/// One message of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Names this append; a repeat carries the same.
    pub commit_id: CommitId,
    /// The command that it answers.
    pub command_id: CommandId,
    /// The commit that caused the command, if one did.
    pub causation_id: Option<CommitId>,
    /// Whose facts these are.
    pub aggregate: Key,
    /// Who asked.
    pub actor: Actor,
    /// The REST request behind it, if one is.
    pub request_id: Option<RequestId>,
    /// When the taskmanager decided it; the time of each of its events.
    pub time: Timestamp,
    /// The shape of the events.
    pub schema_version: u32,
    /// The log's epoch; a restore raises it.
    pub epoch: u64,
    /// SHA-256 of subject and stored payload of the aggregate's previous commit.
    pub previous_hash: Option<[u8; 32]>,
    /// What happened.
    pub events: Events,
}

/// Who asked for a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A caller of the REST interface.
    User {
        /// Who.
        user_id: UserId,
        /// In which project.
        project_id: ProjectId,
        /// With which roles.
        roles: Vec<String>,
    },
    /// The control plane itself: timers, effects, configuration.
    Plane,
    /// The agent of the instance that the commit is about.
    Guest,
}

/// The events of one aggregate's commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Events {
    /// Of the plane.
    Plane(Vec<plane::Event>),
    /// Of a project.
    Project(Vec<project::Event>),
    /// Of a host.
    Host(Vec<host::Event>),
    /// Of a datastore.
    Datastore(Vec<datastore::Event>),
    /// Of a version.
    Version(Vec<version::Event>),
    /// Of a catalogue.
    Catalogue(Vec<catalogue::Event>),
    /// Of a configuration group.
    Configuration(Vec<configuration::Event>),
    /// Of an instance.
    Instance(Vec<instance::Event>),
}

impl Events {
    /// Whose events these are.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Plane(_) => Kind::Plane,
            Self::Project(_) => Kind::Project,
            Self::Host(_) => Kind::Host,
            Self::Datastore(_) => Kind::Datastore,
            Self::Version(_) => Kind::Version,
            Self::Catalogue(_) => Kind::Catalogue,
            Self::Configuration(_) => Kind::Configuration,
            Self::Instance(_) => Kind::Instance,
        }
    }
}

/// Implements the two conversions between an aggregate's events and a commit's.
macro_rules! events_of {
    ($variant:ident) => {
        fn wrap(events: Vec<Self::Event>) -> $crate::commit::Events {
            $crate::commit::Events::$variant(events)
        }

        fn unwrap(events: &$crate::commit::Events) -> Option<&[Self::Event]> {
            if let $crate::commit::Events::$variant(events) = events { Some(events) } else { None }
        }
    };
}
pub(crate) use events_of;
