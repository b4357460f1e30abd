//! What facts and guests' documents have in common: managers, health, databases.

use super::field::{variant, word};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::engine::{Log, Manager, UserLog};
use domain::guest::{Database, DatabaseHealth};
use wire::database_health::{Down, Health};

pub(super) fn manager_of(manager: Manager) -> wire::Manager {
    match manager {
        Manager::Mysql => wire::Manager::Mysql,
        Manager::Mariadb => wire::Manager::Mariadb,
        Manager::Postgresql => wire::Manager::Postgresql,
    }
}

pub(super) fn manager(value: i32, field: &'static str) -> Result<Manager, DecodeError> {
    word(value, field, |manager| match manager {
        wire::Manager::Unspecified => None,
        wire::Manager::Mysql => Some(Manager::Mysql),
        wire::Manager::Mariadb => Some(Manager::Mariadb),
        wire::Manager::Postgresql => Some(Manager::Postgresql),
    })
}

pub(super) fn log_of(log: Log) -> wire::Log {
    match log {
        Log::User(UserLog::General) => wire::Log::General,
        Log::User(UserLog::SlowQuery) => wire::Log::SlowQuery,
        Log::Error => wire::Log::Error,
        Log::Guest => wire::Log::Guest,
    }
}

pub(super) fn log(value: i32, field: &'static str) -> Result<Log, DecodeError> {
    word(value, field, |log| match log {
        wire::Log::Unspecified => None,
        wire::Log::General => Some(Log::User(UserLog::General)),
        wire::Log::SlowQuery => Some(Log::User(UserLog::SlowQuery)),
        wire::Log::Error => Some(Log::Error),
        wire::Log::Guest => Some(Log::Guest),
    })
}

pub(super) fn user_log(value: i32, field: &'static str) -> Result<UserLog, DecodeError> {
    let log = log(value, field)?.of_user();
    log.ok_or(DecodeError::BadValue { field, expected: "a log that its owner may switch" })
}

impl From<&DatabaseHealth> for wire::DatabaseHealth {
    fn from(health: &DatabaseHealth) -> Self {
        let health = match health {
            DatabaseHealth::Unknown => Health::Unknown(()),
            DatabaseHealth::Starting => Health::Starting(()),
            DatabaseHealth::Up => Health::Up(()),
            DatabaseHealth::Full => Health::Full(()),
            DatabaseHealth::Down { cause } => Health::Down(Down { cause: cause.clone() }),
        };
        Self { health: Some(health) }
    }
}

impl TryFrom<wire::DatabaseHealth> for DatabaseHealth {
    type Error = DecodeError;

    fn try_from(message: wire::DatabaseHealth) -> Result<Self, DecodeError> {
        Ok(match variant(message.health, "database_health")? {
            Health::Unknown(()) => Self::Unknown,
            Health::Starting(()) => Self::Starting,
            Health::Up(()) => Self::Up,
            Health::Full(()) => Self::Full,
            Health::Down(down) => Self::Down { cause: down.cause },
        })
    }
}

impl From<&Database> for wire::Database {
    fn from(database: &Database) -> Self {
        Self {
            name: database.name.clone(),
            charset: database.charset.clone(),
            collation: database.collation.clone(),
        }
    }
}

impl From<wire::Database> for Database {
    fn from(database: wire::Database) -> Self {
        Self { name: database.name, charset: database.charset, collation: database.collation }
    }
}
