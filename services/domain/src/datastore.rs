//! A datastore: a name, the names of its versions, and which of them is the default.
//!
//! # Invariants
//! - No two versions hold one name and number.
//! - The default is one of the versions.
//! - While a version holds a name, the datastore can't be deleted.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::ids::{DatastoreId, VersionId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
        /// What the configuration last said the default is.
        configured_default: Option<VersionId>,
        /// The names that its versions hold; while one is renamed, both.
        versions: BTreeMap<VersionId, BTreeSet<Label>>,
    },
    /// Taken away by an administrator, which the configuration does not undo.
    Deleted,
}

/// What a version is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// The engine's version number.
    pub number: String,
}

/// A change of the default version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultChange {
    /// It is this version.
    To(VersionId),
    /// It is not this version; another one stays.
    Not(VersionId),
}

/// What a datastore may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be what the configuration says.
    Register {
        /// Its id.
        id: DatastoreId,
        /// Its name.
        name: String,
    },
    /// Give the version to an instance that names none, as the configuration says.
    SetDefaultVersion(VersionId),
    /// Begin under this name.
    Create {
        /// Its id.
        id: DatastoreId,
        /// Its name.
        name: String,
    },
    /// Be there, under this name if it has to be made.
    Ensure {
        /// Its id.
        id: DatastoreId,
        /// Its name.
        name: String,
    },
    /// Change, in what is not absent.
    Change {
        /// The new name.
        name: Option<String>,
        /// The new default version.
        default: Option<DefaultChange>,
    },
    /// Let a version hold a name, beside those that it holds.
    Hold {
        /// Which.
        version: VersionId,
        /// The name.
        label: Label,
    },
    /// Let a version hold no name but this.
    Keep {
        /// Which.
        version: VersionId,
        /// The name.
        label: Label,
    },
    /// The version is gone: let it hold no name.
    Release(VersionId),
    /// End.
    Delete,
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
    /// Its default version is this one, by the configuration's word.
    DefaultVersionSet(VersionId),
    /// It has another name.
    Renamed(String),
    /// Its default version is this one or none, by an administrator's word.
    DefaultVersionChosen(Option<VersionId>),
    /// A version holds this name too.
    NameHeld {
        /// Which.
        version: VersionId,
        /// The name.
        label: Label,
    },
    /// A version holds this name and no other.
    NameKept {
        /// Which.
        version: VersionId,
        /// The name.
        label: Label,
    },
    /// A version is gone, with its names.
    VersionReleased(VersionId),
    /// It is gone.
    Deleted,
}

/// Why a datastore refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// It is not known, or gone.
    NotFound,
    /// There is one already.
    Exists,
    /// Another version holds the name and number.
    NameTaken {
        /// Which.
        by: VersionId,
    },
    /// It has no such version.
    NoSuchVersion,
    /// It has versions.
    HasVersions,
}

impl Aggregate for Datastore {
    const KIND: Kind = Kind::Datastore;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Self::Registered { name, default_version, configured_default, versions, .. } = self
        else {
            return self.begin(command);
        };
        match command {
            Command::Register { .. } | Command::Ensure { .. } => Ok(Vec::new()),
            Command::Create { .. } => Err(Rejection::Exists),
            Command::SetDefaultVersion(version) => {
                let news = *configured_default != Some(*version) && versions.contains_key(version);
                Ok(news.then_some(Event::DefaultVersionSet(*version)).into_iter().collect())
            }
            Command::Change { name: new_name, default } => {
                let renamed = new_name.as_ref().filter(|new_name| *new_name != name);
                let mut events: Vec<Event> =
                    renamed.cloned().map(Event::Renamed).into_iter().collect();
                let chosen = match default {
                    None => *default_version,
                    Some(DefaultChange::Not(version)) => default_version.filter(|id| id != version),
                    Some(DefaultChange::To(version)) if versions.contains_key(version) => {
                        Some(*version)
                    }
                    Some(DefaultChange::To(_)) => return Err(Rejection::NoSuchVersion),
                };
                if chosen != *default_version {
                    events.push(Event::DefaultVersionChosen(chosen));
                }
                Ok(events)
            }
            Command::Hold { version, label } => {
                match versions.iter().find(|(_, labels)| labels.contains(label)) {
                    Some((by, _)) if by == version => Ok(Vec::new()),
                    Some((by, _)) => Err(Rejection::NameTaken { by: *by }),
                    None => Ok(vec![Event::NameHeld { version: *version, label: label.clone() }]),
                }
            }
            Command::Keep { version, label } => {
                let news = versions
                    .get(version)
                    .is_some_and(|labels| labels.len() > 1 && labels.contains(label));
                let kept = || Event::NameKept { version: *version, label: label.clone() };
                Ok(news.then(kept).into_iter().collect())
            }
            Command::Release(version) => {
                let news = versions.contains_key(version);
                Ok(news.then_some(Event::VersionReleased(*version)).into_iter().collect())
            }
            Command::Delete if versions.is_empty() => Ok(vec![Event::Deleted]),
            Command::Delete => Err(Rejection::HasVersions),
        }
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        match (event, &mut *self) {
            (Event::Registered { id, name }, state) => {
                *state = Self::Registered {
                    id: *id,
                    name: name.clone(),
                    default_version: None,
                    configured_default: None,
                    versions: BTreeMap::new(),
                };
            }
            (Event::Deleted, state) => *state = Self::Deleted,
            (
                event,
                Self::Registered { name, default_version, configured_default, versions, .. },
            ) => match event {
                Event::DefaultVersionSet(version) => {
                    *default_version = Some(*version);
                    *configured_default = Some(*version);
                }
                Event::Renamed(new_name) => name.clone_from(new_name),
                Event::DefaultVersionChosen(chosen) => *default_version = *chosen,
                Event::NameHeld { version, label } => {
                    versions.entry(*version).or_default().insert(label.clone());
                }
                Event::NameKept { version, label } => {
                    versions.insert(*version, BTreeSet::from([label.clone()]));
                }
                Event::VersionReleased(version) => {
                    versions.remove(version);
                    if *default_version == Some(*version) {
                        *default_version = None;
                    }
                }
                Event::Registered { .. } | Event::Deleted => {}
            },
            (event, Self::Absent | Self::Deleted) => {
                debug_assert!(false, "`decide` wrote {event:?} of an unknown datastore");
            }
        }
    }

    events_of!(Datastore);
}

impl Datastore {
    /// Decides while there is no datastore.
    fn begin(&self, command: &Command) -> Result<Vec<Event>, Rejection> {
        let registered =
            |id: &DatastoreId, name: &String| Event::Registered { id: *id, name: name.clone() };
        match command {
            Command::Create { id, name } | Command::Ensure { id, name } => {
                Ok(vec![registered(id, name)])
            }
            Command::Register { id, name } => {
                let news = *self == Self::Absent;
                Ok(news.then(|| registered(id, name)).into_iter().collect())
            }
            Command::SetDefaultVersion(_) | Command::Release(_) => Ok(Vec::new()),
            Command::Change { .. }
            | Command::Hold { .. }
            | Command::Keep { .. }
            | Command::Delete => Err(Rejection::NotFound),
        }
    }
}

#[cfg(test)]
mod tests;
