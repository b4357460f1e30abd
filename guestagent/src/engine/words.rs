//! What agents say of databases and users, whichever the engine.

use std::collections::HashSet;
use std::hash::Hash;

use domain::instance::action::Account;

use super::{EngineError, User};

pub(super) fn database_exists(name: &str) -> EngineError {
    EngineError::Exists { message: format!("A database with the name \"{name}\" already exists.") }
}

pub(super) fn no_database(name: &str) -> EngineError {
    EngineError::NotFound { message: format!("Database {name} cannot be found on the instance.") }
}

pub(super) fn user_exists(account: &Account) -> EngineError {
    let name = shown(account);
    EngineError::Exists { message: format!("A user with the name \"{name}\" already exists.") }
}

pub(super) fn no_user(account: &Account) -> EngineError {
    let name = shown(account);
    EngineError::NotFound { message: format!("User {name} cannot be found on the instance.") }
}

/// The account that a user to be made is going to have.
pub(super) fn of(user: &User<'_>) -> Account {
    Account { name: user.name.to_owned(), host: user.host.to_owned() }
}

/// The first that stands twice in a list.
pub(super) fn repeated<T: Copy + Eq + Hash>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    let mut all = all;
    all.find(|one| !seen.insert(*one))
}

/// As a path of the REST interface names it.
fn shown(account: &Account) -> String {
    if account.host == "%" {
        return account.name.clone();
    }
    format!("{}@{}", account.name, account.host)
}
