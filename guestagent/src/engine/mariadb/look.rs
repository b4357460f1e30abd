//! What a MariaDB server holds of its tenant's: databases, users, rights.
//!
//! # Invariants
//! - Names are compared and ordered byte by byte. The server's own tables would take `é` for `e`.
//! - What is the server's or the agent's own is not there.

use domain::engine::mariadb::{RESERVED_DATABASES, RESERVED_USERS};
use domain::guest::{Page, UserSeen};
use domain::instance::action::Account;

use super::session::Session;
use super::sql::{string, unescaped_grant};
use crate::engine::{EngineError, Listed};

/// How the server names directories that are no databases of its own making.
const FOREIGN_PREFIX: &str = "#mysql50#";

/// Whether a database of that name is, or would be, none of the tenant's.
pub(super) fn is_reserved_database(name: &str) -> bool {
    RESERVED_DATABASES.contains(&name.to_ascii_lowercase().as_str())
        || name.starts_with(FOREIGN_PREFIX)
}

/// Whether a user of that name is, or would be, none of the tenant's.
pub(super) fn is_reserved_user(name: &str) -> bool {
    name.is_empty() || RESERVED_USERS.contains(&name.to_ascii_lowercase().as_str())
}

pub(super) async fn databases(
    session: &mut Session,
    page: &Page,
) -> Result<Listed<String>, EngineError> {
    let query = format!(
        "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA \
         WHERE BINARY LOWER(SCHEMA_NAME) NOT IN ({}) AND BINARY SCHEMA_NAME NOT LIKE '{}%' {}",
        strings(&RESERVED_DATABASES),
        FOREIGN_PREFIX,
        behind("SCHEMA_NAME", page),
    );
    Ok(listed(session.rows(&query).await?, page))
}

pub(super) async fn users(
    session: &mut Session,
    page: &Page,
) -> Result<Listed<UserSeen>, EngineError> {
    // Roles have no host.
    let query = format!(
        "SELECT User, Host FROM mysql.global_priv \
         WHERE BINARY LOWER(User) NOT IN ({}) AND User <> '' AND Host <> '' {}",
        strings(&RESERVED_USERS),
        behind("CONCAT(User, '@', Host)", page),
    );
    let Listed { items, has_more } = listed(session.rows(&query).await?, page);
    Ok(Listed { items: with_databases(session, items).await?, has_more })
}

pub(super) async fn user(
    session: &mut Session,
    account: &Account,
) -> Result<Option<UserSeen>, EngineError> {
    if is_reserved_user(&account.name) || account.host.is_empty() {
        return Ok(None);
    }
    let condition = is_account(account);
    let query = format!("SELECT User, Host FROM mysql.global_priv WHERE {condition}");
    let found = session.rows(&query).await?;
    Ok(with_databases(session, found).await?.pop())
}

pub(super) async fn has_user(
    session: &mut Session,
    account: &Account,
) -> Result<bool, EngineError> {
    if is_reserved_user(&account.name) || account.host.is_empty() {
        return Ok(false);
    }
    session.finds(&format!("mysql.global_priv WHERE {}", is_account(account))).await
}

pub(super) async fn has_database(session: &mut Session, name: &str) -> Result<bool, EngineError> {
    if is_reserved_database(name) {
        return Ok(false);
    }
    let name = string(name);
    let query = format!("information_schema.SCHEMATA WHERE BINARY SCHEMA_NAME = BINARY {name}");
    session.finds(&query).await
}

/// The user's rights on that very database, as the server wrote down whom they are for.
pub(super) async fn grants(
    session: &mut Session,
    account: &Account,
    database: &str,
) -> Result<Vec<String>, EngineError> {
    if is_reserved_database(database) {
        return Ok(Vec::new());
    }
    let query = format!("SELECT Db FROM mysql.db WHERE {}", is_account(account));
    let mut patterns: Vec<String> = session.rows(&query).await?;
    patterns.retain(|pattern| unescaped_grant(pattern) == database);
    Ok(patterns)
}

async fn with_databases(
    session: &mut Session,
    users: Vec<(String, String)>,
) -> Result<Vec<UserSeen>, EngineError> {
    let mut seen: Vec<UserSeen> = users
        .into_iter()
        .map(|(name, host)| UserSeen { account: Account { name, host }, databases: Vec::new() })
        .collect();
    if seen.is_empty() {
        return Ok(seen);
    }
    let conditions: Vec<String> =
        seen.iter().map(|user| format!("({})", is_account(&user.account))).collect();
    let query = format!("SELECT User, Host, Db FROM mysql.db WHERE {}", conditions.join(" OR "));
    for (name, host, pattern) in session.rows::<(String, String, String)>(&query).await? {
        let database = unescaped_grant(&pattern);
        let is_meant = |user: &&mut UserSeen| {
            user.account.name == name && user.account.host.eq_ignore_ascii_case(&host)
        };
        if let Some(user) = seen.iter_mut().find(is_meant)
            && !is_reserved_database(&database)
        {
            user.databases.push(database);
        }
    }
    for user in &mut seen {
        user.databases.sort();
        user.databases.dedup();
    }
    Ok(seen)
}

/// The condition for the rows of one account: the server takes hosts for equal in any case.
fn is_account(account: &Account) -> String {
    let (name, host) = (string(&account.name), string(&account.host));
    format!("BINARY User = BINARY {name} AND BINARY LOWER(Host) = BINARY LOWER({host})")
}

/// The end of a query for the rows of a page and one more.
fn behind(name: &str, page: &Page) -> String {
    let after = page
        .after
        .as_ref()
        .map_or_else(String::new, |after| format!("AND BINARY {name} > BINARY {} ", string(after)));
    format!("{after}ORDER BY BINARY {name} LIMIT {}", u64::from(page.limit) + 1)
}

fn listed<T>(mut items: Vec<T>, page: &Page) -> Listed<T> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    Listed { items, has_more }
}

fn strings(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| string(name)).collect();
    quoted.join(", ")
}
