//! Databases and users inside an instance.

use domain::guest::UserSeen;
use schemars::JsonSchema;
use serde::Serialize;

/// A database, of which only the name is shown.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Database")]
pub(crate) struct DatabaseView<'a> {
    name: &'a str,
}

/// A user; its password is nowhere shown.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "User")]
pub(crate) struct UserView<'a> {
    name: &'a str,
    host: &'a str,
    databases: Vec<DatabaseView<'a>>,
}

/// Root, with the password that it logs in by.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Root")]
pub(crate) struct RootView<'a> {
    pub(crate) name: &'static str,
    pub(crate) password: &'a str,
}

/// When root was first let in, and by whom.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct RootHistory<'a> {
    pub(crate) id: String,
    pub(crate) enabled: String,
    pub(crate) user: &'a str,
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
