//! A datastore version: which engine manager runs which image.
//!
//! # Invariants
//! - A version that is used is not deleted. First it is withdrawn: a creation that is recorded
//!   later does not come to be. Once all that was recorded before has been read, it is either used
//!   by some of that, and restored, or by nobody ever, and deleted. No creation pays for this.
//! - A deletion names the withdrawal that it goes by. Once that was taken back, somebody may have
//!   come to use the version, whoever withdrew it again.

use crate::aggregate::{Aggregate, Context, Kind, Moment};
use crate::commit::events_of;
use crate::engine::Manager;
use crate::ids::{DatastoreId, ImageId, VersionId};
use crate::limits::Limits;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A version, folded; without details before it is known and after it is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it is now.
    pub details: Option<Details>,
    /// What the configuration last said of it: what an administrator has changed or taken away
    /// since stays so until the configuration says something else.
    pub configured: Option<Details>,
    /// While it is being decided whether it is deleted.
    pub withdrawn: Option<Withdrawal>,
}

/// A version's withdrawal, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// Its position in the log: who is recorded later does not come to use the version.
    pub since: u64,
    /// When it ends, unless the version is gone by then.
    pub until: Timestamp,
}

/// What uses a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// An instance.
    Instance,
    /// A configuration group.
    Configuration,
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
    /// Serve no creation that comes from now on.
    Withdraw,
    /// Serve creations again.
    Restore,
    /// End, by this withdrawal.
    Delete {
        /// Its position.
        withdrawn: u64,
    },
}

/// What may have happened to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is this now, by the configuration's word.
    Registered(Details),
    /// It is this now, by an administrator's word.
    Described(Details),
    /// It serves no creation any more.
    Withdrawn {
        /// When it does again, unless it is gone by then.
        until: Timestamp,
    },
    /// It serves creations again.
    Restored,
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
    /// This uses it.
    InUse(User),
    /// The withdrawal has been taken back: who looked for users may have to look again.
    Overtaken,
}

impl Version {
    /// What it is, for those who may use it.
    pub fn offered(&self) -> Option<&Details> {
        self.details.as_ref().filter(|_| self.withdrawn.is_none())
    }
}

impl Aggregate for Version {
    const KIND: Kind = Kind::Version;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        match (command, &self.details) {
            (Command::Register(details), _) => {
                let news = self.configured.as_ref() != Some(details);
                Ok(news.then(|| Event::Registered(details.clone())).into_iter().collect())
            }
            (Command::Create(_), Some(_)) => Err(Rejection::Exists),
            (Command::Create(details), None) => Ok(vec![Event::Described(details.clone())]),
            (Command::Change(_) | Command::Withdraw | Command::Delete { .. }, None) => {
                Err(Rejection::NotFound)
            }
            (Command::Change(details), Some(known)) if details == known => Ok(Vec::new()),
            (Command::Change(details), Some(_)) => Ok(vec![Event::Described(details.clone())]),
            (Command::Withdraw, Some(_)) => {
                let until = context.now.after(Limits::span(context.limits.reservation_ms));
                Ok(vec![Event::Withdrawn { until }])
            }
            (Command::Restore, _) => {
                Ok(self.withdrawn.map(|_| Event::Restored).into_iter().collect())
            }
            (Command::Delete { withdrawn }, Some(_)) => {
                let stands = self.withdrawn.is_some_and(|standing| standing.since == *withdrawn);
                if stands { Ok(vec![Event::Deleted]) } else { Err(Rejection::Overtaken) }
            }
        }
    }

    fn evolve(&mut self, event: &Event, at: Moment) {
        match event {
            Event::Registered(details) => {
                self.details = Some(details.clone());
                self.configured = Some(details.clone());
            }
            Event::Described(details) => self.details = Some(details.clone()),
            Event::Withdrawn { until } => {
                self.withdrawn = Some(Withdrawal { since: at.position, until: *until });
            }
            Event::Restored => self.withdrawn = None,
            Event::Deleted => {
                self.details = None;
                self.withdrawn = None;
            }
        }
    }

    events_of!(Version);
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const DELETE: Command = Command::Delete { withdrawn: 1 };

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
        assert_eq!(ask(&mut state, &Command::Withdraw), Ok(1));
        assert_eq!(ask(&mut state, &DELETE), Ok(1));
        assert_eq!(ask(&mut state, &register), Ok(0));
        assert_eq!(state.details, None);
        assert_eq!(ask(&mut state, &Command::Register(details("c"))), Ok(1));
        assert_eq!(state.details, Some(details("c")));
    }

    #[test]
    fn what_is_gone_can_only_be_made_again() {
        let mut state = Version::default();
        assert_eq!(ask(&mut state, &DELETE), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Change(details("a"))), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Create(details("a"))), Ok(1));
        assert_eq!(ask(&mut state, &Command::Create(details("a"))), Err(Rejection::Exists));
        assert_eq!(ask(&mut state, &Command::Withdraw), Ok(1));
        assert_eq!(ask(&mut state, &DELETE), Ok(1));
        assert_eq!(ask(&mut state, &DELETE), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Withdraw), Err(Rejection::NotFound));
        assert_eq!(ask(&mut state, &Command::Create(details("a"))), Ok(1));
        assert!(state.offered().is_some());
    }

    #[test]
    fn what_is_withdrawn_serves_nobody_until_it_is_gone_or_restored() {
        let mut state = Version::default();
        ask(&mut state, &Command::Create(details("a"))).unwrap();
        assert_eq!(ask(&mut state, &DELETE), Err(Rejection::Overtaken), "not withdrawn");
        assert_eq!(ask(&mut state, &Command::Restore), Ok(0));
        assert_eq!(ask(&mut state, &Command::Withdraw), Ok(1));
        assert_eq!((state.offered(), state.details.is_some()), (None, true));
        // Who asks again gets all the time again.
        assert_eq!(ask(&mut state, &Command::Withdraw), Ok(1));
        assert_eq!(ask(&mut state, &Command::Restore), Ok(1));
        assert!(state.offered().is_some());
        assert_eq!(ask(&mut state, &DELETE), Err(Rejection::Overtaken));
        assert_eq!(ask(&mut state, &Command::Withdraw), Ok(1));
        let another = Command::Delete { withdrawn: 2 };
        assert_eq!(ask(&mut state, &another), Err(Rejection::Overtaken));
        assert_eq!(ask(&mut state, &DELETE), Ok(1));
    }
}
