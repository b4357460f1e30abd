//! The port to a database server: one adapter per engine.
//!
//! Nothing here starts or stops a server; that is asked of the shim.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use domain::engine::Manager;
use domain::guest::{Database, Page, UserSeen};
use domain::guest_spec::{GuestSpec, Layout};
use domain::instance::action::Account;

pub use change::{Attempt, Change, User, UserUpdate};

mod change;
pub(crate) mod mariadb;

/// What an agent must be able to do with its server, whichever it is.
#[async_trait]
pub trait DatabaseEngine: Send + Sync {
    /// The text of the server's settings file.
    ///
    /// # Errors
    /// A setting that can't stand in such a file.
    fn settings_file(&self, settings: &BTreeMap<String, String>) -> Result<String, BadSetting>;

    /// The settings in such a file.
    fn settings_of(&self, file: &str) -> BTreeMap<String, String>;

    /// Says whether a server would start with this settings file, without starting one.
    ///
    /// # Errors
    /// [`EngineError::BadSettings`], or the program can't be run.
    async fn check_settings(&self, file: &Path) -> Result<(), EngineError>;

    /// Has the running server take a setting; none is its own default.
    ///
    /// # Errors
    /// See [`EngineError`]; a value that the server would cut to another is refused.
    async fn set(&self, name: &str, value: Option<&str>) -> Result<Taken, EngineError>;

    /// Whether the settings file, as it is written, keeps the server's users from changing
    /// anything.
    fn guard(&self) -> Guard;

    /// Has the settings file that is written next do so or not. A setting that says something
    /// else has no effect while it does.
    fn set_guard(&self, guard: Guard);

    /// Has the running server do so, at once: changes under way are ended.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn hold(&self) -> Result<(), EngineError>;

    /// Has the running server do as the settings say.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn let_go(&self, settings: &BTreeMap<String, String>) -> Result<(), EngineError>;

    /// What the server runs before it lets anybody in, so that it lets its agent in whatever
    /// became of the agent's account, and nobody by the template's password.
    fn init_file(&self) -> String;

    /// Leaves the server having answered, over a connection that is kept.
    ///
    /// # Errors
    /// It does not answer, or does not let its agent in.
    async fn ping(&self) -> Result<(), EngineError>;

    /// Leaves a database of that name; one that was there stays as it is.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn ensure_database(&self, database: &Database) -> Result<(), EngineError>;

    /// Leaves a user with exactly this password and these rights.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn ensure_user(&self, user: &User<'_>) -> Result<(), EngineError>;

    /// Leaves everything as it is, and says whether the change can be made: whether what it
    /// makes is not there yet, and what it changes is.
    ///
    /// # Errors
    /// [`EngineError::Exists`] and [`EngineError::NotFound`] above all.
    async fn check(&self, change: &Change<'_>) -> Result<(), EngineError>;

    /// Makes a change that was checked before. Not undone if it can't be finished: what of it is
    /// there stays.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn apply(&self, change: &Change<'_>, attempt: Attempt) -> Result<(), EngineError>;

    /// The tenant's databases, in the order of their names.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn databases(&self, page: &Page) -> Result<Listed<String>, EngineError>;

    /// The tenant's users, in the order of `name@host`.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn users(&self, page: &Page) -> Result<Listed<UserSeen>, EngineError>;

    /// One of the tenant's users; none for one that is not there or not the tenant's.
    ///
    /// # Errors
    /// See [`EngineError`].
    async fn user(&self, account: &Account) -> Result<Option<UserSeen>, EngineError>;

    /// The lines of a server's log that tell what went wrong at its last start, as it says them:
    /// the first is nearest to the cause.
    fn complaints<'a>(&self, log: &'a str) -> Vec<&'a str>;
}

/// Whether a server's users are kept from changing anything, for want of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// They change what they may.
    Lifted,
    /// They only read.
    Held,
}

/// When a setting comes into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It has.
    Now,
    /// At the server's next start.
    AtRestart,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// What is in it, in order.
    pub items: Vec<T>,
    /// Whether there is more behind it.
    pub has_more: bool,
}

/// A setting that can't stand in a settings file.
#[derive(Debug, thiserror::Error)]
#[error("the setting '{name}' can't be written down")]
pub struct BadSetting {
    /// Its name.
    pub name: String,
}

/// Why a server did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody answers: ask again.
    #[error("the server does not answer")]
    Silent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It does not let its agent in.
    #[error("the server does not let its agent in: {message}")]
    NoEntry {
        /// The server's words.
        message: String,
    },
    /// There is no room left on the volume.
    #[error("the volume is full: {message}")]
    DiskFull {
        /// The server's words.
        message: String,
    },
    /// What should be made is there already.
    #[error("{message}")]
    Exists {
        /// What is.
        message: String,
    },
    /// What should be changed or removed is not there.
    #[error("{message}")]
    NotFound {
        /// What is not.
        message: String,
    },
    /// It would not start with these settings.
    #[error("the server would not start: {complaint}")]
    BadSettings {
        /// The server's words.
        complaint: String,
    },
    /// It refuses the statement.
    #[error("{message} (error {code})")]
    Refused {
        /// The server's number of the error.
        code: u16,
        /// The server's words.
        message: String,
    },
}

/// The adapter to the instance's server. The agent logs in with `password`.
pub(crate) fn adapter(spec: &GuestSpec, password: String) -> Box<dyn DatabaseEngine> {
    let layout = Layout(&spec.directory);
    match spec.manager {
        Manager::Mysql | Manager::Mariadb => {
            Box::new(mariadb::Mariadb::new(&layout, password, spec.server.clone()))
        }
    }
}
