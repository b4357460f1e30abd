//! What clients send about databases and users inside an instance, in all clients' spellings,
//! checked against the rules of the engine that holds them.

use super::Password;
use super::accounts::{self, HOST_ANY, UserAsked, optional_text, refusal};
use super::document::Document;
use super::field::Field;
use crate::fault::Fault;
use domain::engine::Manager;
use domain::guest::Database;
use domain::instance::action::Account;

/// A change of a user; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserUpdate {
    pub(crate) name: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) password: Option<Password>,
}

/// `name` or `name@host` of a path, decoded already: split at the last `@`, since names may hold
/// one.
pub(crate) fn account(text: &str) -> Account {
    let (name, host) = text.rsplit_once('@').unwrap_or((text, ""));
    let host = if host.is_empty() { HOST_ANY } else { host };
    Account { name: name.to_owned(), host: host.to_owned() }
}

/// Checks an account that a path names.
///
/// # Errors
/// When no user here can have this name, or it is reserved.
pub(crate) fn check_account(manager: Manager, account: &Account) -> Result<(), Fault> {
    manager
        .check_user_name(&account.name)
        .and_then(|()| manager.check_user_host(&account.host))
        .map_err(refusal)
}

/// Checks names of databases that exist, or may.
///
/// # Errors
/// When no database here can have such a name, or it is reserved.
pub(crate) fn check_names(manager: Manager, names: &[String]) -> Result<(), Fault> {
    names.iter().try_for_each(|name| manager.check_database_name(name)).map_err(refusal)
}

/// Databases to be made: `databases`, or openstacksdk's `database`.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn databases(manager: Manager, document: &Document) -> Result<Vec<Database>, Fault> {
    let entries = several(document, "databases", "database")?;
    let databases: Vec<Database> =
        entries.iter().map(accounts::database).collect::<Result<_, _>>()?;
    accounts::check_databases(manager, &databases)?;
    Ok(databases)
}

/// Users to be made.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn users(manager: Manager, document: &Document) -> Result<Vec<UserAsked>, Fault> {
    let entries = several(document, "users", "user")?;
    let users: Vec<UserAsked> = entries.iter().map(accounts::user).collect::<Result<_, _>>()?;
    check_users(manager, &users)?;
    Ok(users)
}

/// The one user to be made that the path names, as openstacksdk sends it: under `users`, or
/// bare.
///
/// # Errors
/// The first rule that the body breaks, or when it names another user than the path.
pub(crate) fn user_at(
    manager: Manager,
    document: &Document,
    path: &str,
) -> Result<UserAsked, Fault> {
    let entry = match document.find("users")? {
        Some(entry) => entry,
        None => document.find("user")?.unwrap_or_else(|| document.whole("user")),
    };
    let [entry] = entry.list_or_one()?.try_into().map_err(|entries: Vec<_>| {
        entry.refused(format!("has {} elements, but the path names one user", entries.len()))
    })?;
    let body = entry.object()?;
    let of_path = account(path);
    // A name that holds an `@` may stand alone in the path.
    let (name, host) = match body.optional("name") {
        Some(name) if name.text()? == path => (path.to_owned(), HOST_ANY.to_owned()),
        Some(name) if name.text()? != of_path.name => {
            return Err(name.refused("is not the name in the path"));
        }
        Some(_) | None => (of_path.name, of_path.host),
    };
    let mut user = accounts::user_called(name, &body)?;
    if body.optional("host").is_none() {
        user.host = host;
    }
    check_users(manager, std::slice::from_ref(&user))?;
    Ok(user)
}

fn check_users(manager: Manager, users: &[UserAsked]) -> Result<(), Fault> {
    accounts::check_users(manager, users)?;
    users.iter().try_for_each(|user| check_names(manager, &user.databases))
}

/// Users with other passwords: as for creation, databases not counting.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn passwords(manager: Manager, document: &Document) -> Result<Vec<UserAsked>, Fault> {
    let entries = several(document, "users", "user")?;
    let users: Vec<UserAsked> = entries.iter().map(accounts::user).collect::<Result<_, _>>()?;
    accounts::check_users(manager, &users)?;
    Ok(users)
}

/// A change of one user.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn user_update(manager: Manager, document: &Document) -> Result<UserUpdate, Fault> {
    let field = document.under("user")?;
    let body = field.object()?;
    let update = UserUpdate {
        name: optional_text(&body, "name")?,
        host: optional_text(&body, "host")?,
        password: optional_text(&body, "password")?.map(Password),
    };
    let UserUpdate { name, host, password } = &update;
    if name.is_none() && host.is_none() && password.is_none() {
        return Err(field.refused("needs a 'name', a 'host' or a 'password'"));
    }
    let checked = [
        name.as_ref().map(|name| manager.check_user_name(name)),
        host.as_ref().map(|host| manager.check_user_host(host)),
        password.as_ref().map(|password| manager.check_password(&password.0)),
    ];
    checked.into_iter().flatten().collect::<Result<(), _>>().map_err(refusal)?;
    Ok(update)
}

/// The password that root is to have, when the caller chose one.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn root_password(
    manager: Manager,
    document: Option<&Document>,
) -> Result<Option<Password>, Fault> {
    let Some(document) = document else { return Ok(None) };
    let field = document.whole("root");
    let body = field.object()?;
    body.only(&["password"])?;
    let password = optional_text(&body, "password")?.map(Password);
    if let Some(password) = &password {
        manager.check_password(&password.0).map_err(refusal)?;
    }
    Ok(password)
}

/// The names of databases to grant rights on.
///
/// # Errors
/// The first rule that the body breaks.
pub(crate) fn granted(manager: Manager, document: &Document) -> Result<Vec<String>, Fault> {
    let list = document.under("databases")?;
    let names = accounts::names(&list)?;
    if names.is_empty() {
        return Err(list.refused("is too short"));
    }
    check_names(manager, &names)?;
    Ok(names)
}

/// The elements under the key of many, or the one under the key of one.
fn several<'a>(
    document: &'a Document,
    many: &'static str,
    one: &'static str,
) -> Result<Vec<Field<'a>>, Fault> {
    match (document.find(many)?, document.find(one)?) {
        (None, Some(one)) => Ok(vec![one]),
        (Some(many), _) => many.list_or_one(),
        (None, None) => document.under(many)?.list_or_one(),
    }
}

#[cfg(test)]
mod tests;
