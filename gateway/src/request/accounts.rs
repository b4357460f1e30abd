//! Databases and users to be made, with the rules of the engine that will hold them.

use super::Password;
use super::field::{Field, Object};
use crate::fault::Fault;
use domain::engine::{Manager, Refusal};
use domain::guest::Database;
use std::collections::BTreeSet;

/// From anywhere.
pub(crate) const HOST_ANY: &str = "%";

/// A user to be made, its password still in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserAsked {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) password: Password,
    pub(crate) databases: Vec<String>,
}

/// Reads a list of databases; names are checked by [`check`].
pub(crate) fn databases(list: &Field<'_>) -> Result<Vec<Database>, Fault> {
    list.list()?.iter().map(database).collect()
}

/// Reads one database.
pub(crate) fn database(entry: &Field<'_>) -> Result<Database, Fault> {
    let entry = entry.object()?;
    Ok(Database {
        name: entry.required("name")?.text()?.to_owned(),
        charset: optional_text(&entry, "character_set")?,
        collation: optional_text(&entry, "collate")?,
    })
}

/// Reads a list of users; names and passwords are checked by [`check`].
pub(crate) fn users(list: &Field<'_>) -> Result<Vec<UserAsked>, Fault> {
    list.list()?.iter().map(user).collect()
}

/// Reads one user.
pub(crate) fn user(entry: &Field<'_>) -> Result<UserAsked, Fault> {
    let entry = entry.object()?;
    let name = entry.required("name")?.text()?.to_owned();
    user_called(name, &entry)
}

/// Reads what there is to a user besides its name.
pub(crate) fn user_called(name: String, entry: &Object<'_>) -> Result<UserAsked, Fault> {
    let databases = entry.optional("databases").map(|list| names(&list)).transpose()?;
    Ok(UserAsked {
        name,
        host: optional_text(entry, "host")?.unwrap_or_else(|| HOST_ANY.to_owned()),
        password: Password(entry.required("password")?.text()?.to_owned()),
        databases: databases.unwrap_or_default(),
    })
}

/// Reads a list of databases of which only the names count.
pub(crate) fn names(list: &Field<'_>) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    for entry in list.list()? {
        let name = entry.object()?.required("name")?.text()?.to_owned();
        if names.contains(&name) {
            return Err(list.refused("has non-unique elements"));
        }
        names.push(name);
    }
    Ok(names)
}

pub(crate) fn optional_text(entry: &Object<'_>, key: &str) -> Result<Option<String>, Fault> {
    entry.optional(key).map(|field| field.text().map(str::to_owned)).transpose()
}

/// Checks what was read against the engine's rules, and the two lists against each other.
pub(crate) fn check(
    manager: Manager,
    databases: &[Database],
    users: &[UserAsked],
) -> Result<(), Fault> {
    check_databases(manager, databases)?;
    let names: BTreeSet<&str> = databases.iter().map(|database| database.name.as_str()).collect();
    check_users(manager, users)?;
    for user in users {
        if let Some(stranger) = user.databases.iter().find(|name| !names.contains(name.as_str())) {
            let stranger: String = stranger.chars().take(80).collect();
            return Err(Fault::invalid(format!(
                "User '{}' is to use database '{stranger}', which is not among the databases of \
                 this request.",
                user.name
            )));
        }
    }
    Ok(())
}

/// Checks databases against the engine's rules.
pub(crate) fn check_databases(manager: Manager, databases: &[Database]) -> Result<(), Fault> {
    let mut names = BTreeSet::new();
    for database in databases {
        manager
            .check_database_name(&database.name)
            .and_then(|()| {
                manager.check_charset(database.charset.as_deref(), database.collation.as_deref())
            })
            .map_err(refusal)?;
        if !names.insert(database.name.as_str()) {
            return Err(Fault::invalid(format!("Database '{}' is named twice.", database.name)));
        }
    }
    Ok(())
}

/// Checks users against the engine's rules, but for the databases that they get rights on.
pub(crate) fn check_users(manager: Manager, users: &[UserAsked]) -> Result<(), Fault> {
    let mut accounts = BTreeSet::new();
    for user in users {
        manager
            .check_user_name(&user.name)
            .and_then(|()| manager.check_user_host(&user.host))
            .and_then(|()| manager.check_password(&user.password.0))
            .map_err(refusal)?;
        if !accounts.insert((user.name.as_str(), user.host.as_str())) {
            return Err(Fault::invalid(format!(
                "User '{}'@'{}' is named twice.",
                user.name, user.host
            )));
        }
    }
    Ok(())
}

/// A broken rule of the engine, as the client is told.
pub(crate) fn refusal(Refusal(text): Refusal) -> Fault {
    Fault::Invalid(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(databases_sent: &Value, users_sent: &Value) -> Result<(), Fault> {
        let databases = databases(&Field::new("databases".to_owned(), databases_sent))?;
        let users = users(&Field::new("users".to_owned(), users_sent))?;
        check(Manager::Mariadb, &databases, &users)
    }

    #[test]
    fn a_user_may_use_the_databases_of_the_same_request_only() {
        let databases = json!([{"name": "shop"}]);
        let user =
            |name: &str| json!([{"name": "u", "password": "p", "databases": [{"name": name}]}]);
        assert_eq!(read(&databases, &user("shop")), Ok(()));
        assert!(read(&databases, &user("other")).is_err());
    }

    #[test]
    fn nothing_is_named_twice() {
        let none = json!([]);
        assert!(read(&json!([{"name": "shop"}, {"name": "shop"}]), &none).is_err());
        let twice =
            json!([{"name": "u", "password": "p"}, {"name": "u", "password": "q", "host": "%"}]);
        assert!(read(&none, &twice).is_err());
        let apart = json!([
            {"name": "u", "password": "p"},
            {"name": "u", "password": "q", "host": "10.0.0.1"}
        ]);
        assert_eq!(read(&none, &apart), Ok(()));
    }

    #[test]
    fn a_refused_password_is_not_quoted() {
        let users = json!([{"name": "u", "password": "a'b"}]);
        let fault = read(&json!([]), &users).unwrap_err();
        assert!(!format!("{fault:?}").contains("a'b"));
    }
}
