//! The logs that an instance keeps: who may read them, and which of them are switched.

use serde::{Deserialize, Serialize};

/// A log of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Log {
    /// For the instance's owner, who switches it on and off.
    User(UserLog),
    /// What the server says of itself; for administrators.
    Error,
    /// What the guest agent says; for administrators.
    Guest,
}

/// A log that the instance's owner switches on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum UserLog {
    /// Each statement, and who comes and goes.
    General,
    /// Statements that take long.
    SlowQuery,
}

impl UserLog {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::General, Self::SlowQuery];
}

impl Log {
    /// All of them, as lists show them.
    pub const ALL: [Self; 4] =
        [Self::User(UserLog::General), Self::User(UserLog::SlowQuery), Self::Error, Self::Guest];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User(UserLog::General) => "general",
            Self::User(UserLog::SlowQuery) => "slow_query",
            Self::Error => "error",
            Self::Guest => "guest",
        }
    }

    /// The switch of a log that has one.
    pub fn of_user(self) -> Option<UserLog> {
        match self {
            Self::User(log) => Some(log),
            Self::Error | Self::Guest => None,
        }
    }
}

/// Where the lines of a log are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In a file of its own, which the server writes.
    OwnFile,
    /// In all that the server says.
    Output,
    /// In what the server says, among other lines.
    PartOfOutput(Line),
    /// In what the agent says.
    Agent,
}

/// Whom a line of what a server says tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// The server itself.
    OfServer,
    /// A client's session.
    OfSession,
    /// Whom the line before tells of.
    Further,
}
