//! What a PostgreSQL server holds of its tenant's: databases, users, rights.
//!
//! # Invariants
//! - Names are compared and ordered byte by byte.
//! - What is the server's or the agent's own is not there. Users have no host but `%`.

use domain::engine::postgresql::{RESERVED_DATABASES, is_reserved_user};
use domain::guest::{Page, UserSeen};
use domain::instance::action::Account;

use super::rights::group_of;
use super::session::Session;
use crate::engine::{EngineError, Listed};

/// The only host of a user.
const ANYWHERE: &str = "%";

/// Whether a database of that name is, or would be, none of the tenant's.
pub(super) fn is_reserved_database(name: &str) -> bool {
    name.is_empty() || RESERVED_DATABASES.contains(&name.to_ascii_lowercase().as_str())
}

pub(super) async fn databases(
    session: &Session,
    page: &Page,
) -> Result<Listed<String>, EngineError> {
    let query = "SELECT datname::text FROM pg_database \
                 WHERE NOT lower(datname) = ANY ($1) AND ($2::text IS NULL OR \
                 datname::text COLLATE \"C\" > $2 COLLATE \"C\") \
                 ORDER BY datname::text COLLATE \"C\" LIMIT $3";
    let reserved = RESERVED_DATABASES.as_slice();
    let names = session.column(query, &[&reserved, &page.after, &one_more(page)]).await?;
    Ok(listed(names, page))
}

pub(super) async fn users(session: &Session, page: &Page) -> Result<Listed<UserSeen>, EngineError> {
    let query = "SELECT rolname::text FROM pg_roles WHERE rolcanlogin AND ($1::text IS NULL OR \
                 (rolname || '@%') COLLATE \"C\" > $1 COLLATE \"C\") \
                 ORDER BY (rolname || '@%') COLLATE \"C\"";
    let mut names: Vec<String> = session.column(query, &[&page.after]).await?;
    names.retain(|name| !is_reserved_user(name));
    let Listed { items, has_more } = listed(names, page);
    Ok(Listed { items: with_databases(session, items).await?, has_more })
}

pub(super) async fn user(
    session: &Session,
    account: &Account,
) -> Result<Option<UserSeen>, EngineError> {
    if !has_user(session, account).await? {
        return Ok(None);
    }
    Ok(with_databases(session, vec![account.name.clone()]).await?.pop())
}

pub(super) async fn has_user(session: &Session, account: &Account) -> Result<bool, EngineError> {
    if is_reserved_user(&account.name) || account.host != ANYWHERE || !fits(&account.name) {
        return Ok(false);
    }
    let query = "SELECT 1 FROM pg_roles WHERE rolcanlogin AND rolname::text = $1";
    session.finds(query, &[&account.name]).await
}

pub(super) async fn has_database(session: &Session, name: &str) -> Result<bool, EngineError> {
    Ok(number_of(session, name).await?.is_some())
}

/// The number by which the server knows a database, which stays when its name changes.
pub(super) async fn number_of(session: &Session, name: &str) -> Result<Option<u32>, EngineError> {
    if is_reserved_database(name) || !fits(name) {
        return Ok(None);
    }
    let query = "SELECT oid FROM pg_database WHERE datname::text = $1";
    Ok(session.column(query, &[&name]).await?.pop())
}

/// Whether a user has rights on that very database.
pub(super) async fn has_rights(
    session: &Session,
    account: &Account,
    database: &str,
) -> Result<bool, EngineError> {
    let Some(number) = number_of(session, database).await? else { return Ok(false) };
    let query = "SELECT 1 FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
                 JOIN pg_roles u ON u.oid = m.member \
                 WHERE g.rolname::text = $1 AND u.rolname::text = $2";
    session.finds(query, &[&group_of(number), &account.name]).await
}

/// Whether the server can hold a name as it is.
pub(super) fn fits(name: &str) -> bool {
    (1..=63).contains(&name.len()) && !name.contains('\0')
}

async fn with_databases(
    session: &Session,
    names: Vec<String>,
) -> Result<Vec<UserSeen>, EngineError> {
    let query = "SELECT u.rolname::text, d.datname::text FROM pg_auth_members m \
                 JOIN pg_roles u ON u.oid = m.member JOIN pg_roles g ON g.oid = m.roleid \
                 JOIN pg_database d ON g.rolname = $2 || d.oid::text \
                 WHERE u.rolname::text = ANY ($1) ORDER BY d.datname::text COLLATE \"C\"";
    let rows = session.rows(query, &[&names, &group_prefix()]).await?;
    let rights: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let seen = names.into_iter().map(|name| {
        let own = rights
            .iter()
            .filter(|(user, database)| *user == name && !is_reserved_database(database));
        let databases = own.map(|(_, database)| database.clone()).collect();
        UserSeen { account: Account { name, host: ANYWHERE.to_owned() }, databases }
    });
    Ok(seen.collect())
}

fn group_prefix() -> &'static str {
    domain::engine::postgresql::GROUP_PREFIX
}

fn one_more(page: &Page) -> i64 {
    i64::from(page.limit) + 1
}

fn listed<T>(mut items: Vec<T>, page: &Page) -> Listed<T> {
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    Listed { items, has_more }
}
