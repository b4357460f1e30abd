//! A configuration group: values of parameters under a name, and the instances that follow it.
//!
//! # Invariants
//! - A change is one fact of the group, and reaches every instance that follows it.
//! - An instance is named here before it refers to the group and until after it has ceased to;
//!   while one is, the group can't be deleted.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::catalogue::Value;
use crate::commit::events_of;
use crate::ids::{ConfigurationId, DatastoreId, InstanceId, ProjectId, VersionId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Values by the names of their parameters.
pub type Values = BTreeMap<String, Value>;

/// A configuration group, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Configuration {
    /// Never made.
    #[default]
    Absent,
    /// Known to its owner.
    Live(Box<Group>),
    /// Gone.
    Deleted {
        /// Whose it was.
        project: ProjectId,
    },
}

/// A group that its owner can see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: ConfigurationId,
    /// What it was made as; name, description and values are the present ones.
    pub spec: Spec,
    /// When it was made.
    pub created: Timestamp,
    /// When its owner last changed it.
    pub updated: Timestamp,
    /// The position of the last commit that changed the values.
    pub revision: u64,
    /// The instances that follow it, or are about to.
    pub followers: BTreeMap<InstanceId, Follower>,
}

/// An instance that follows a group, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower {
    /// The position of the commit that last expected it.
    pub since: u64,
    /// Until when it must have begun to follow; absent once it has.
    pub until: Option<Timestamp>,
}

/// What a group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Whose it is.
    pub project: ProjectId,
    /// Its name; not unique.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The datastore.
    pub datastore: DatastoreId,
    /// The version whose parameters it is about.
    pub version: VersionId,
    /// The values.
    pub values: Values,
    /// HMAC of the request's body, when it came under an idempotency key.
    pub body_hash: Option<Vec<u8>>,
}

/// A change of a group; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new values.
    pub values: Option<NewValues>,
}

/// New values of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValues {
    /// These and no others.
    Replace(Values),
    /// These beside the others.
    Merge(Values),
}

/// What a group may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin it.
    Create {
        /// Its id.
        id: ConfigurationId,
        /// What it is.
        spec: Box<Spec>,
    },
    /// Change it.
    Update(Change),
    /// End it.
    Delete,
    /// Expect an instance to follow it.
    Expect {
        /// Which.
        instance: InstanceId,
    },
    /// The instance follows it.
    Keep {
        /// Which.
        instance: InstanceId,
    },
    /// The instance does not follow it, or no longer, unless it has been expected again.
    Release {
        /// Which.
        instance: InstanceId,
        /// The expectation that has come to its end.
        since: u64,
    },
}

/// What may have happened to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was made.
    Created {
        /// Its id.
        id: ConfigurationId,
        /// What it is.
        spec: Box<Spec>,
    },
    /// It has another name or description.
    Described {
        /// The name.
        name: String,
        /// The description.
        description: Option<String>,
    },
    /// It has these values and no others.
    ValuesSet(Values),
    /// It is gone.
    Deleted,
    /// An instance is expected to follow it.
    FollowerExpected {
        /// Which.
        instance: InstanceId,
        /// Until when it must have begun to.
        until: Timestamp,
    },
    /// An instance follows it.
    FollowerKept {
        /// Which.
        instance: InstanceId,
    },
    /// An instance does not follow it any more.
    FollowerReleased {
        /// Which.
        instance: InstanceId,
    },
}

/// Why a group refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Not known, or gone.
    NotFound,
    /// The id is taken by a group made from another body.
    AlreadyExists,
    /// Instances follow it.
    InUse,
}

impl Configuration {
    /// The group, if its owner can see it.
    pub fn live(&self) -> Option<&Group> {
        match self {
            Self::Live(group) => Some(group),
            Self::Absent | Self::Deleted { .. } => None,
        }
    }

    fn group(&self) -> Result<&Group, Rejection> {
        self.live().ok_or(Rejection::NotFound)
    }
}

impl Group {
    fn update(&self, change: &Change) -> Vec<Event> {
        let mut events = Vec::new();
        let name = change.name.as_ref().unwrap_or(&self.spec.name);
        let description = change.description.as_ref().or(self.spec.description.as_ref());
        if (name, description) != (&self.spec.name, self.spec.description.as_ref()) {
            let (name, description) = (name.clone(), description.cloned());
            events.push(Event::Described { name, description });
        }
        let values = match &change.values {
            None => return events,
            Some(NewValues::Replace(values)) => values.clone(),
            Some(NewValues::Merge(values)) => {
                let mut merged = self.spec.values.clone();
                merged.extend(values.clone());
                merged
            }
        };
        if values != self.spec.values {
            events.push(Event::ValuesSet(values));
        }
        events
    }
}

impl Aggregate for Configuration {
    const KIND: Kind = Kind::Configuration;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match command {
            Command::Create { id, spec } => match self {
                Self::Absent => Ok(vec![Event::Created { id: *id, spec: spec.clone() }]),
                // The same body under the same idempotency key is the same creation.
                Self::Live(group)
                    if spec.body_hash.is_some() && group.spec.body_hash == spec.body_hash =>
                {
                    Ok(Vec::new())
                }
                Self::Live(_) | Self::Deleted { .. } => Err(Rejection::AlreadyExists),
            },
            Command::Update(change) => Ok(self.group()?.update(change)),
            Command::Delete if self.group()?.followers.is_empty() => Ok(vec![Event::Deleted]),
            Command::Delete => Err(Rejection::InUse),
            Command::Expect { instance } => {
                self.group()?;
                let lifetime = Duration::from_millis(context.limits.reservation_ms);
                let until = context.now.after(lifetime);
                Ok(vec![Event::FollowerExpected { instance: *instance, until }])
            }
            Command::Keep { instance } => match self.group()?.followers.get(instance) {
                Some(Follower { until: None, .. }) => Ok(Vec::new()),
                Some(Follower { until: Some(_), .. }) | None => {
                    Ok(vec![Event::FollowerKept { instance: *instance }])
                }
            },
            Command::Release { instance, since } => {
                let follower = self.live().and_then(|group| group.followers.get(instance));
                let known = follower.is_some_and(|follower| follower.since == *since);
                let released = Event::FollowerReleased { instance: *instance };
                Ok(known.then_some(released).into_iter().collect())
            }
        }
    }

    fn evolve(&mut self, event: &Event, at: Moment) {
        match (event, &mut *self) {
            (Event::Created { id, spec }, state @ Self::Absent) => {
                *state = Self::Live(Box::new(Group {
                    id: *id,
                    spec: (**spec).clone(),
                    created: at.time,
                    updated: at.time,
                    revision: at.position,
                    followers: BTreeMap::new(),
                }));
            }
            (Event::Deleted, Self::Live(group)) => {
                let project = group.spec.project.clone();
                *self = Self::Deleted { project };
            }
            (Event::Described { name, description }, Self::Live(group)) => {
                group.spec.name.clone_from(name);
                group.spec.description.clone_from(description);
                group.updated = at.time;
            }
            (Event::ValuesSet(values), Self::Live(group)) => {
                group.spec.values.clone_from(values);
                group.updated = at.time;
                group.revision = at.position;
            }
            (Event::FollowerExpected { instance, until }, Self::Live(group)) => {
                let follower = Follower { since: at.position, until: Some(*until) };
                group.followers.insert(*instance, follower);
            }
            (Event::FollowerKept { instance }, Self::Live(group)) => {
                let follower = Follower { since: at.position, until: None };
                group.followers.entry(*instance).or_insert(follower).until = None;
            }
            (Event::FollowerReleased { instance }, Self::Live(group)) => {
                group.followers.remove(instance);
            }
            (event, state) => {
                debug_assert!(false, "`decide` wrote {event:?} after {state:?}");
            }
        }
    }

    events_of!(Configuration);
}

#[cfg(test)]
mod tests;
