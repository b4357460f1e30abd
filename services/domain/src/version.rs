//! A datastore version: which engine manager runs which image.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::engine::Manager;
use crate::ids::{DatastoreId, ImageId, VersionId};
use serde::{Deserialize, Serialize};

/// A version, folded; without details before it is known and after it is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it is now.
    pub details: Option<Details>,
    /// What the configuration last said of it: what an administrator has changed or taken away
    /// since stays so until the configuration says something else.
    pub configured: Option<Details>,
}

/// What a version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Its id.
    pub id: VersionId,
    /// Its datastore.
    pub datastore: DatastoreId,
    /// Its name, such as `10.11`; with its number unique within the datastore.
    pub name: String,
    /// The engine's full version number, such as `10.11.11`.
    pub number: String,
    /// Which manager runs it.
    pub manager: Manager,
    /// The image that it runs from; without one nothing can be made of it.
    pub image: Option<ImageId>,
    /// Its packages, for administrators to read.
    pub packages: Vec<String>,
    /// Whether new instances may use it.
    pub active: bool,
    /// By which tags an image service would find its image; for administrators to read.
    pub image_tags: Vec<String>,
    /// Which class of another server software would manage it; for administrators to read.
    pub registry_ext: Option<String>,
    /// Which class of another server software would replicate it; for administrators to read.
    pub repl_strategy: Option<String>,
}

/// What a version may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be what the configuration says.
    Register(Details),
    /// Begin to be this.
    Create(Details),
    /// Be this from now on.
    Change(Details),
    /// End.
    Delete,
}

/// What may have happened to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is this now, by the configuration's word.
    Registered(Details),
    /// It is this now, by an administrator's word.
    Described(Details),
    /// It is gone.
    Deleted,
}

/// Why a version refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Not known, or gone.
    NotFound,
    /// There is one already.
    Exists,
}

impl Aggregate for Version {
    const KIND: Kind = Kind::Version;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, _: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match (command, &self.details) {
            (Command::Register(details), _) => {
                let news = self.configured.as_ref() != Some(details);
                Ok(news.then(|| Event::Registered(details.clone())).into_iter().collect())
            }
            (Command::Create(_), Some(_)) => Err(Rejection::Exists),
            (Command::Create(details), None) => Ok(vec![Event::Described(details.clone())]),
            (Command::Change(_) | Command::Delete, None) => Err(Rejection::NotFound),
            (Command::Change(details), Some(known)) if details == known => Ok(Vec::new()),
            (Command::Change(details), Some(_)) => Ok(vec![Event::Described(details.clone())]),
            (Command::Delete, Some(_)) => Ok(vec![Event::Deleted]),
        }
    }

    fn evolve(&mut self, event: &Event, _: Moment) {
        match event {
            Event::Registered(details) => {
                self.details = Some(details.clone());
                self.configured = Some(details.clone());
            }
            Event::Described(details) => self.details = Some(details.clone()),
            Event::Deleted => self.details = None,
        }
    }

    events_of!(Version);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::time::Timestamp;
    use uuid::Uuid;

    fn ask(state: &mut Version, command: &Command) -> Result<usize, Rejection> {
        let context = Context { now: Timestamp(0), limits: &Limits::PRODUCTION };
        let events = state.decide(command, &context)?;
        for event in &events {
            state.evolve(event, Moment { time: Timestamp(0), position: 1 });
        }
        Ok(events.len())
    }

    fn details(name: &str) -> Details {
        Details {
            id: VersionId(Uuid::from_u128(1)),
            datastore: DatastoreId(Uuid::from_u128(2)),
            name: name.to_owned(),
            number: "1.0".to_owned(),
            manager: Manager::Mariadb,
            image: None,
            packages: Vec::new(),
            active: true,
            image_tags: vec!["a".to_owned()],
            registry_ext: None,
            repl_strategy: None,
        }
    }

    #[test]
    fn an_administrators_word_stands_until_the_configuration_says_something_else() {
        let mut state = Version::default();
        let register = Command::Register(details("a"));
        assert_eq!(ask(&mut state, &register), Ok(1));
        assert_eq!(ask(&mut state, &Command::Change(details("b"))), Ok(1));
        assert_eq!(ask(&mut state, &Command::Change(details("b"))), Ok(0));
        assert_eq!(ask(&mut state, &register), Ok(0));
        assert_eq!(state.details, Some(details("b")));
        assert_eq!(ask(&mut state, &Command::Delete), Ok(1));
        assert_eq!(ask(&mut state, &register), Ok(0));
        assert_eq!(state.details, None);
        assert_eq!(ask(&mut state, &Command::Register(details("c"))), Ok(1));
        assert_eq!(state.details, Some(details("c")));
    }

    #[test]
    fn what_is_gone_can_only_be_made_again() {
        let mut state = Version::default();
        assert_eq!(ask(&mut state, &Command::Delete), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Change(details("a"))), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Create(details("a"))), Ok(1));
        assert_eq!(ask(&mut state, &Command::Create(details("a"))), Err(Rejection::Exists));
        assert_eq!(ask(&mut state, &Command::Delete), Ok(1));
        assert_eq!(ask(&mut state, &Command::Delete), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Create(details("a"))), Ok(1));
    }
}
