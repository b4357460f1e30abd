//! The port to a database server: one adapter per engine.
//!
//! Nothing here starts or stops a server; that is asked of the shim.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use domain::engine::Manager;
use domain::guest::{Database, Page, UserSeen};
use domain::guest_spec::{GuestSpec, Layout};
use domain::instance::action::Account;
use zeroize::Zeroizing;

use crate::template::TemplateError;

pub use change::{Attempt, Change, User, UserUpdate};

mod bootstrap;
mod change;
mod mariadb;
mod postgresql;
mod words;

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

    /// Has the running server take a setting, or finds out that it would take it from its
    /// settings file; none is its own default. What is taken the caller writes into that file,
    /// and after all of it calls [`Self::reread`].
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

    /// Leaves the running server with what its settings file says, as far as it takes that while
    /// it runs.
    ///
    /// # Errors
    /// See [`EngineError`]; what it does not take of the file is refused.
    async fn reread(&self) -> Result<(), EngineError>;

    /// What the server reads at its start besides its settings, so that it lets its agent in
    /// whatever became of the agent's account, and nobody by the template's password.
    fn entry(&self) -> Entry;

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

/// What a server reads at its start besides its settings.
pub struct Entry {
    /// Where it looks for it.
    pub path: PathBuf,
    /// What stands there.
    pub text: Zeroizing<String>,
    /// Whether nobody is to find it there once the agent is in.
    pub is_secret: bool,
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
        /// The server's name of the error.
        code: ServerCode,
        /// The server's words.
        message: String,
    },
}

/// How a server names an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerCode {
    /// By a number.
    Number(u16),
    /// By five letters and digits, as the SQL standard has it.
    State([u8; 5]),
}

impl std::fmt::Display for ServerCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::State(state) => f.write_str(&String::from_utf8_lossy(state)),
        }
    }
}

/// The adapter to the instance's server. The agent logs in with `password`.
pub(crate) fn adapter(spec: &GuestSpec, password: String) -> Box<dyn DatabaseEngine> {
    let layout = Layout(&spec.directory);
    let server = spec.server.clone();
    match spec.manager {
        Manager::Mysql | Manager::Mariadb => {
            Box::new(mariadb::Mariadb::new(&layout, password, server))
        }
        Manager::Postgresql => {
            Box::new(postgresql::Postgresql::new(&layout, spec.port, password, server))
        }
    }
}

/// Makes the template of the engine unpacked at `root`, in the empty directory `out`.
pub(crate) fn make_template(
    manager: Manager,
    root: &Path,
    out: &Path,
) -> Result<(), TemplateError> {
    match manager {
        Manager::Mysql | Manager::Mariadb => mariadb::template::make(root, out),
        Manager::Postgresql => postgresql::template::make(root, out),
    }
}

/// Makes a copy of a template, never started before, an instance's own. A program that it takes
/// runs as the user of that id, since this may be root.
pub(crate) fn make_own(spec: &GuestSpec, data: &Path, uid: Option<u32>) -> std::io::Result<()> {
    match spec.manager {
        Manager::Mysql | Manager::Mariadb => Ok(()),
        Manager::Postgresql => postgresql::own::make(spec, data, uid),
    }
}

/// Whether a line of a server's log is of what was to start it.
fn is_of_starter(line: &str) -> bool {
    ["bwrap:", "trove-guestagent:"].iter().any(|name| line.starts_with(name))
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|elapsed| Err(EngineError::Silent(elapsed.into())))
}
