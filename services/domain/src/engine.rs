//! What the control plane must know of each database engine: facts and pure rules, no doing.
//!
//! A manager is the word that a datastore version names; two managers may share an engine. Each
//! engine's facts stand in a module of its own, and nothing outside asks which engine it is.

use crate::guest_spec::{CommandLine, Layout};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use logs::{Line, Log, Source, UserLog};

pub mod logs;
pub mod mariadb;
pub mod postgresql;

/// The software that runs a datastore version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manager {
    /// The datastore `mysql`, served by MariaDB.
    Mysql,
    /// The datastore `mariadb`.
    Mariadb,
    /// The datastore `postgresql`.
    Postgresql,
}

/// Why a name or password can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Manager {
    /// All managers.
    pub const ALL: [Self; 3] = [Self::Mysql, Self::Mariadb, Self::Postgresql];

    /// The word in datastore versions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::Postgresql => "postgresql",
        }
    }

    /// The port that clients expect.
    pub fn standard_port(self) -> u16 {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::PORT,
            Self::Postgresql => postgresql::PORT,
        }
    }

    /// The server's settings for a flavor with `ram_mb` MiB of memory.
    pub fn settings(self, ram_mb: u32) -> BTreeMap<String, String> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::settings(ram_mb),
            Self::Postgresql => postgresql::settings(ram_mb),
        }
    }

    /// Where a server looks for its settings, which its agent writes.
    pub fn settings_file(self, layout: &Layout<'_>) -> PathBuf {
        match self {
            Self::Mysql | Self::Mariadb => layout.server_settings(),
            Self::Postgresql => postgresql::settings_file(layout),
        }
    }

    /// The logs of an instance, as lists show them.
    pub fn logs(self) -> &'static [Log] {
        match self {
            Self::Mysql | Self::Mariadb => &Log::ALL,
            Self::Postgresql => &postgresql::logs::ALL,
        }
    }

    /// Where the lines of a log are.
    pub fn log_source(self, log: Log) -> Source {
        match self {
            Self::Mysql | Self::Mariadb => match log {
                Log::User(_) => Source::OwnFile,
                Log::Error => Source::Output,
                Log::Guest => Source::Agent,
            },
            Self::Postgresql => match log {
                Log::User(_) => Source::PartOfOutput(Line::OfSession),
                Log::Error => Source::PartOfOutput(Line::OfServer),
                Log::Guest => Source::Agent,
            },
        }
    }

    /// Whom a line of what the server says tells of.
    pub fn line(self, line: &str) -> Line {
        match self {
            Self::Mysql | Self::Mariadb => Line::OfServer,
            Self::Postgresql => postgresql::logs::line(line),
        }
    }

    /// The account by which a tenant administers its databases, once it is let in.
    pub fn root_name(self) -> &'static str {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::ROOT,
            Self::Postgresql => postgresql::ROOT,
        }
    }

    /// Has a log written or not, whatever the settings said before.
    pub fn switch_log(self, settings: &mut BTreeMap<String, String>, log: UserLog, is_on: bool) {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::logs::set(settings, log, is_on),
            Self::Postgresql => postgresql::logs::set(settings, log, is_on),
        }
    }

    /// Whether a server with these settings writes a log.
    pub fn is_log_on(self, settings: &BTreeMap<String, String>, log: UserLog) -> bool {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::logs::is_on(settings, log),
            Self::Postgresql => postgresql::logs::is_on(settings, log),
        }
    }

    /// Why no tenant may set a parameter of this canonical name; nothing when one may.
    pub fn forbidden(self, parameter: &str) -> Option<&'static str> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::forbidden(parameter),
            Self::Postgresql => postgresql::forbidden(parameter),
        }
    }

    /// Checks that settings fit into a flavor with `ram_mb` MiB of memory.
    ///
    /// # Errors
    /// Which don't.
    pub fn check_settings_fit(
        self,
        settings: &BTreeMap<String, String>,
        ram_mb: u32,
    ) -> Result<(), Refusal> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::memory::check(settings, ram_mb),
            Self::Postgresql => postgresql::memory::check(settings, ram_mb),
        }
    }

    /// The command line of a server, for the engine unpacked at `root`.
    pub fn server_command(
        self,
        root: &Path,
        layout: &Layout<'_>,
        listen: SocketAddrV4,
    ) -> CommandLine {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::server_command(root, layout, listen),
            Self::Postgresql => postgresql::server_command(root, layout, listen),
        }
    }

    /// What keeps a server off the network, behind its command line.
    pub fn off_network(self) -> &'static str {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::OFF_NETWORK,
            Self::Postgresql => postgresql::OFF_NETWORK,
        }
    }

    /// Checks the name of a database to be made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_database_name(self, name: &str) -> Result<(), Refusal> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::check_database_name(name),
            Self::Postgresql => postgresql::check_database_name(name),
        }
    }

    /// Checks character set and collation of a database to be made.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check_charset(
        self,
        charset: Option<&str>,
        collation: Option<&str>,
    ) -> Result<(), Refusal> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::check_charset(charset, collation),
            Self::Postgresql => postgresql::check_charset(charset, collation),
        }
    }

    /// Checks the name of a user to be made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_user_name(self, name: &str) -> Result<(), Refusal> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::check_user_name(name),
            Self::Postgresql => postgresql::check_user_name(name),
        }
    }

    /// Checks the host part of a user to be made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_user_host(self, host: &str) -> Result<(), Refusal> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::check_user_host(host),
            Self::Postgresql => postgresql::check_user_host(host),
        }
    }

    /// Checks a password to be set.
    ///
    /// # Errors
    /// What is wrong with it; never the password itself.
    pub fn check_password(self, password: &str) -> Result<(), Refusal> {
        match self {
            Self::Mysql | Self::Mariadb => mariadb::check_password(password),
            Self::Postgresql => postgresql::check_password(password),
        }
    }
}

/// A user's text in an error message, cut to a length that can be read.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

impl FromStr for Manager {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|manager| manager.as_str() == word).ok_or(())
    }
}
