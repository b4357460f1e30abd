//! A datastore version: which engine manager runs which image.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::engine::Manager;
use crate::ids::{DatastoreId, ImageId, VersionId};
use serde::{Deserialize, Serialize};

/// A version, folded; absent before it is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What is known of it.
    pub details: Option<Details>,
}

/// What a version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Its id.
    pub id: VersionId,
    /// Its datastore.
    pub datastore: DatastoreId,
    /// Its name, such as `10.11`; unique within the datastore.
    pub name: String,
    /// The engine's full version number, such as `10.11.11`.
    pub number: String,
    /// Which manager runs it.
    pub manager: Manager,
    /// The image that it runs from.
    pub image: ImageId,
    /// Its packages, for administrators to read.
    pub packages: Vec<String>,
    /// Whether new instances may use it.
    pub active: bool,
}

/// What a version may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be this.
    Register(Details),
}

/// What may have happened to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is this now.
    Registered(Details),
}

/// Why a version refuses: it never does yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {}

impl Aggregate for Version {
    const KIND: Kind = Kind::Version;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let Command::Register(details) = command;
        if self.details.as_ref() == Some(details) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Registered(details.clone())])
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        let Event::Registered(details) = event;
        self.details = Some(details.clone());
    }

    events_of!(Version);
}
