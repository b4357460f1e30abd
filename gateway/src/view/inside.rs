//! Databases and users inside an instance.

use domain::guest::UserSeen;
use serde::Serialize;

/// A database, of which only the name is shown.
#[derive(Debug, Serialize)]
pub(crate) struct DatabaseView<'a> {
    name: &'a str,
}

/// A user; its password is nowhere shown.
#[derive(Debug, Serialize)]
pub(crate) struct UserView<'a> {
    name: &'a str,
    host: &'a str,
    databases: Vec<DatabaseView<'a>>,
}

/// Databases of these names.
pub(crate) fn databases(names: &[String]) -> Vec<DatabaseView<'_>> {
    names.iter().map(|name| DatabaseView { name }).collect()
}

impl<'a> UserView<'a> {
    /// A user as its guest sees it.
    pub(crate) fn of(user: &'a UserSeen) -> Self {
        Self {
            name: &user.account.name,
            host: &user.account.host,
            databases: databases(&user.databases),
        }
    }
}
