//! A datastore: a name, and which of its versions is the default.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::{DatastoreId, VersionId};
use serde::{Deserialize, Serialize};

/// A datastore, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Datastore {
    /// Never registered.
    #[default]
    Absent,
    /// Known.
    Registered {
        /// Its id.
        id: DatastoreId,
        /// Its name, unique among datastores.
        name: String,
        /// What an instance gets that names no version.
        default_version: Option<VersionId>,
    },
}

/// What a datastore may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be known by this name.
    Register {
        /// Its id.
        id: DatastoreId,
        /// Its name.
        name: String,
    },
    /// Give this version to an instance that names none.
    SetDefaultVersion(VersionId),
}

/// What may have happened to a datastore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is known by this name.
    Registered {
        /// Its id.
        id: DatastoreId,
        /// Its name.
        name: String,
    },
    /// Its default version is this one.
    DefaultVersionSet(VersionId),
}

/// Why a datastore refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It is not known.
    NotFound,
}

impl Aggregate for Datastore {
    const KIND: Kind = Kind::Datastore;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Absent, Command::Register { id, name }) => {
                Ok(vec![Event::Registered { id: *id, name: name.clone() }])
            }
            (Self::Registered { .. }, Command::Register { .. }) => Ok(Vec::new()),
            (Self::Absent, Command::SetDefaultVersion(_)) => Err(Rejection::NotFound),
            (Self::Registered { default_version, .. }, Command::SetDefaultVersion(version)) => {
                let news = *default_version != Some(*version);
                Ok(news.then_some(Event::DefaultVersionSet(*version)).into_iter().collect())
            }
        }
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        match (event, self) {
            (Event::Registered { id, name }, state) => {
                *state = Self::Registered { id: *id, name: name.clone(), default_version: None };
            }
            (Event::DefaultVersionSet(version), Self::Registered { default_version, .. }) => {
                *default_version = Some(*version);
            }
            (Event::DefaultVersionSet(_), Self::Absent) => {
                debug_assert!(false, "`decide` wrote a default version of an unknown datastore");
            }
        }
    }

    events_of!(Datastore);
}
