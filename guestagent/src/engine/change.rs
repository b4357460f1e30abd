//! What can be changed inside a server: databases, users and their rights.

use domain::guest::Database;
use domain::instance::action::Account;

/// A change inside a server.
pub enum Change<'a> {
    /// Make databases.
    CreateDatabases(&'a [Database]),
    /// Remove a database.
    DropDatabase(&'a str),
    /// Make users.
    CreateUsers(&'a [User<'a>]),
    /// Change users.
    UpdateUsers(&'a [UserUpdate<'a>]),
    /// Remove a user.
    DropUser(&'a Account),
    /// Give a user all rights on databases.
    Grant {
        /// Whom.
        account: &'a Account,
        /// On which.
        databases: &'a [String],
    },
    /// Take a user's rights on a database.
    Revoke {
        /// Whose.
        account: &'a Account,
        /// On which.
        database: &'a str,
    },
    /// Let `root` log in from anywhere, with this password.
    EnableRoot(&'a str),
    /// Let `root` log in no more.
    DisableRoot,
}

/// Whether a change may have been made before, wholly or in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It was not: what is in its way is somebody else's.
    First,
    /// It was begun and nobody knows how far it came: what is there already or gone already is
    /// its own doing.
    Again,
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

/// A user to be changed; what is absent stays.
#[derive(Clone, Copy)]
pub struct UserUpdate<'a> {
    /// Whom.
    pub account: &'a Account,
    /// The new name.
    pub name: Option<&'a str>,
    /// The new host.
    pub host: Option<&'a str>,
    /// The new password.
    pub password: Option<&'a str>,
}

impl UserUpdate<'_> {
    /// Name and host as they are to be.
    pub(crate) fn target(&self) -> Account {
        Account {
            name: self.name.unwrap_or(&self.account.name).to_owned(),
            host: self.host.unwrap_or(&self.account.host).to_owned(),
        }
    }
}
