//! What every aggregate is: a state folded from facts, and a pure decision over it.

use crate::commit::Events;
use crate::ids::{ConfigurationId, DatastoreId, HostId, InstanceId, ProjectId, VersionId, derived};
use crate::limits::Limits;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The pure half of the control plane: no clock, no randomness, no I/O.
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// Second word of its subjects; never changes once released.
    const KIND: Kind;
    /// What it may be asked.
    type Command: Send + Sync;
    /// What may have happened to it.
    type Event: Clone + Send + Sync;
    /// Why it refuses.
    type Rejection: Clone + fmt::Debug + PartialEq + Send + Sync;

    /// Says which facts follow from `command`; an empty list means "already so".
    ///
    /// # Errors
    /// The reason why nothing follows: the user's fault or bad timing.
    fn decide(
        &self,
        command: &Self::Command,
        context: &Context<'_>,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Folds one fact into the state. Total: history can't be refused.
    fn evolve(&mut self, event: &Self::Event, at: Moment);

    /// Its events as a commit holds them.
    fn wrap(events: Vec<Self::Event>) -> Events;

    /// Its events out of a commit; `None` when the commit is of another kind.
    fn unwrap(events: &Events) -> Option<&[Self::Event]>;
}

/// What a decision may know besides state and command.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The commit's time, should one follow.
    pub now: Timestamp,
    /// How long each step may take.
    pub limits: &'a Limits,
}

/// Where and when a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Its commit's time.
    pub time: Timestamp,
    /// Its commit's stream sequence.
    pub position: u64,
}

/// The kinds of aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The control plane itself: one per log.
    Plane,
    /// An OpenStack project's quota.
    Project,
    /// A machine of the `local` provisioner.
    Host,
    /// A datastore.
    Datastore,
    /// A datastore version.
    Version,
    /// The catalogue of a version's parameters.
    Catalogue,
    /// A configuration group.
    Configuration,
    /// A database instance.
    Instance,
}

impl Kind {
    /// All kinds; rows know them by their place, so a new one comes last.
    pub const ALL: [Self; 8] = [
        Self::Plane,
        Self::Project,
        Self::Host,
        Self::Datastore,
        Self::Version,
        Self::Instance,
        Self::Catalogue,
        Self::Configuration,
    ];

    /// The word in subjects.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plane => "plane",
            Self::Project => "project",
            Self::Host => "host",
            Self::Datastore => "datastore",
            Self::Version => "version",
            Self::Catalogue => "catalogue",
            Self::Configuration => "configuration",
            Self::Instance => "instance",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// Names one aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Its id; an id that is not a UUID stands here as its UUIDv5.
    pub id: Uuid,
}

impl Key {
    /// The one plane of a log.
    pub fn plane() -> Self {
        Self { kind: Kind::Plane, id: derived(&["plane"]) }
    }

    /// The catalogue of a version's parameters.
    pub fn catalogue(version: VersionId) -> Self {
        Self { kind: Kind::Catalogue, id: version.0 }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind.as_str(), self.id)
    }
}

impl From<&ProjectId> for Key {
    fn from(id: &ProjectId) -> Self {
        Self { kind: Kind::Project, id: derived(&["project", id.as_str()]) }
    }
}

macro_rules! key_from {
    ($id:ident, $kind:ident) => {
        impl From<$id> for Key {
            fn from(id: $id) -> Self {
                Self { kind: Kind::$kind, id: id.0 }
            }
        }
    };
}

key_from!(HostId, Host);
key_from!(DatastoreId, Datastore);
key_from!(VersionId, Version);
key_from!(ConfigurationId, Configuration);
key_from!(InstanceId, Instance);
