//! The port to a database server: one adapter per engine.
//!
//! Nothing here starts or stops a server; that is asked of the shim.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::engine::Manager;
use domain::guest::Database;
use domain::guest_spec::{GuestSpec, Layout};

pub(crate) mod mariadb;

/// What an agent must be able to do with its server, whichever it is.
#[async_trait]
pub trait DatabaseEngine: Send + Sync {
    /// The text of the server's settings file.
    ///
    /// # Errors
    /// A setting that can't stand in such a file.
    fn settings_file(&self, settings: &BTreeMap<String, String>) -> Result<String, BadSetting>;

    /// What the server runs before it lets anybody in, so that it lets nobody in by the
    /// template's password.
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

    /// The lines of a server's log that tell what went wrong at its last start, as it says them:
    /// the first is nearest to the cause.
    fn complaints<'a>(&self, log: &'a str) -> Vec<&'a str>;
}

/// A user to be made.
#[derive(Clone, Copy)]
pub struct User<'a> {
    /// Its name.
    pub name: &'a str,
    /// From where it may log in.
    pub host: &'a str,
    /// Its password.
    pub password: &'a str,
    /// The databases that it gets all rights on.
    pub databases: &'a [String],
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
    let socket = Layout(&spec.directory).server_socket();
    match spec.manager {
        Manager::Mysql | Manager::Mariadb => Box::new(mariadb::Mariadb::new(&socket, password)),
    }
}
