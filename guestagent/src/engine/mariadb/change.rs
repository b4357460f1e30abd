//! Changes in a MariaDB server: whether they can be made, and making them.
//!
//! No statement here covers several databases or users, and none can be taken back, so all that
//! can be known beforehand is found out before the first one.

use domain::guest::Database;
use domain::instance::action::Account;

use super::look::{self, is_reserved_database, is_reserved_user};
use super::root;
use super::session::Session;
use super::sql::{GRANT_CHARS_MAX, account, escaped_grant, identifier, string};
use crate::engine::words::{database_exists, no_database, no_user, of, repeated, user_exists};
use crate::engine::{Attempt, Change, EngineError, ServerCode, User, UserUpdate};

/// The server's numbers of its verdicts.
const DATABASE_EXISTS: u16 = 1007;
const NO_SUCH_DATABASE: u16 = 1008;
const NO_SUCH_GRANTEE: u16 = 1133;
const NO_SUCH_GRANT: u16 = 1141;
const WRONG_NAME: u16 = 1102;
const COLLATION_OF_OTHER_CHARSET: u16 = 1253;
const USER_OPERATION_FAILED: u16 = 1396;

/// The most characters of names, in the server's own tables.
const DATABASE_CHARS_MAX: usize = 64;
const USER_CHARS_MAX: usize = 128;

pub(super) async fn check(session: &mut Session, change: &Change<'_>) -> Result<(), EngineError> {
    match change {
        Change::CreateDatabases(databases) => check_new_databases(session, databases).await,
        Change::DropDatabase(name) => need_database(session, name).await,
        Change::CreateUsers(users) => check_new_users(session, users).await,
        Change::UpdateUsers(updates) => check_updates(session, updates).await,
        Change::DropUser(account) => need_user(session, account).await,
        Change::Grant { account, databases } => {
            need_user(session, account).await?;
            need_grantable(session, databases).await
        }
        Change::Revoke { account, database } => {
            need_user(session, account).await?;
            match look::grants(session, account, database).await?[..] {
                [] => Err(no_database(database)),
                [_, ..] => Ok(()),
            }
        }
        Change::EnableRoot(_) | Change::DisableRoot => Ok(()),
    }
}

pub(super) async fn apply(
    session: &mut Session,
    change: &Change<'_>,
    attempt: Attempt,
) -> Result<(), EngineError> {
    match change {
        Change::CreateDatabases(databases) => {
            for database in *databases {
                let statement = create_database(database, attempt);
                session.run(&statement).await.map_err(|error| {
                    instead(error, DATABASE_EXISTS, || database_exists(&database.name))
                })?;
            }
            Ok(())
        }
        Change::DropDatabase(name) => {
            let statement =
                format!("DROP DATABASE {}{}", if_again(attempt, "IF EXISTS "), identifier(name));
            let done = session.run(&statement).await;
            done.map_err(|error| instead(error, NO_SUCH_DATABASE, || no_database(name)))
        }
        Change::CreateUsers(users) => {
            for user in *users {
                create_user(session, user, attempt).await?;
            }
            Ok(())
        }
        Change::UpdateUsers(updates) => {
            for update in *updates {
                update_user(session, update, attempt).await?;
            }
            Ok(())
        }
        Change::DropUser(of) => {
            let statement = format!("DROP USER {}{}", if_again(attempt, "IF EXISTS "), at(of));
            let done = session.run(&statement).await;
            done.map_err(|error| instead(error, USER_OPERATION_FAILED, || no_user(of)))
        }
        Change::Grant { account, databases } => grant(session, account, databases).await,
        Change::Revoke { account, database } => revoke(session, account, database, attempt).await,
        Change::EnableRoot(password) => root::enable(session, password).await,
        Change::DisableRoot => root::disable(session).await,
    }
}

/// The statement that makes a database.
pub(super) fn create_database(database: &Database, attempt: Attempt) -> String {
    let unless = if_again(attempt, "IF NOT EXISTS ");
    let mut statement = format!("CREATE DATABASE {unless}{}", identifier(&database.name));
    if let Some(charset) = &database.charset {
        statement += &format!(" CHARACTER SET = {}", string(charset));
    }
    if let Some(collation) = &database.collation {
        statement += &format!(" COLLATE = {}", string(collation));
    }
    statement
}

/// The statement that gives all rights on a database.
pub(super) fn grant_all(account: &str, database: &str) -> String {
    let database = identifier(&escaped_grant(database));
    format!("GRANT ALL PRIVILEGES ON {database}.* TO {account}")
}

async fn check_new_databases(
    session: &mut Session,
    databases: &[Database],
) -> Result<(), EngineError> {
    if let Some(name) = repeated(databases.iter().map(|database| database.name.as_str())) {
        return Err(database_exists(name));
    }
    for database in databases {
        let name = &database.name;
        if is_reserved_database(name) || look::has_database(session, name).await? {
            return Err(database_exists(name));
        }
        check_storable(name, DATABASE_CHARS_MAX)?;
        check_charset(session, database).await?;
    }
    Ok(())
}

/// Has the server look up character set and collation, which it otherwise does half-way.
async fn check_charset(session: &mut Session, database: &Database) -> Result<(), EngineError> {
    let charset = string(database.charset.as_deref().unwrap_or("utf8mb4"));
    let mut query = format!("SELECT CONVERT('' USING {charset})");
    if let Some(collation) = &database.collation {
        query += &format!(" COLLATE {}", string(collation));
    }
    match session.rows::<String>(&query).await {
        // Alone, a collation brings its own character set.
        Err(EngineError::Refused {
            code: ServerCode::Number(COLLATION_OF_OTHER_CHARSET), ..
        }) if database.charset.is_none() => Ok(()),
        looked_up => looked_up.map(drop),
    }
}

async fn check_new_users(session: &mut Session, users: &[User<'_>]) -> Result<(), EngineError> {
    let accounts: Vec<Account> = users.iter().map(of).collect();
    if let Some(account) = repeated(accounts.iter().map(|account| (&account.name, &account.host))) {
        return Err(user_exists(&Account { name: account.0.clone(), host: account.1.clone() }));
    }
    for (user, account) in users.iter().zip(&accounts) {
        need_free(session, account).await?;
        need_grantable(session, user.databases).await?;
    }
    Ok(())
}

async fn check_updates(
    session: &mut Session,
    updates: &[UserUpdate<'_>],
) -> Result<(), EngineError> {
    for update in updates {
        need_user(session, update.account).await?;
        let target = update.target();
        if target != *update.account {
            need_free(session, &target).await?;
        }
    }
    Ok(())
}

async fn create_user(
    session: &mut Session,
    user: &User<'_>,
    attempt: Attempt,
) -> Result<(), EngineError> {
    let unless = if_again(attempt, "IF NOT EXISTS ");
    let of = of(user);
    let password = string(user.password);
    let statement = format!("CREATE USER {unless}{} IDENTIFIED BY {password}", at(&of));
    let done = session.run(&statement).await;
    done.map_err(|error| instead(error, USER_OPERATION_FAILED, || user_exists(&of)))?;
    grant(session, &of, user.databases).await
}

/// The password first: whoever goes by the new name has it.
async fn update_user(
    session: &mut Session,
    update: &UserUpdate<'_>,
    attempt: Attempt,
) -> Result<(), EngineError> {
    let (old, new) = (update.account, update.target());
    if attempt == Attempt::Again
        && new != *old
        && !look::has_user(session, old).await?
        && look::has_user(session, &new).await?
    {
        return Ok(());
    }
    if let Some(password) = update.password {
        let statement = format!("ALTER USER {} IDENTIFIED BY {}", at(old), string(password));
        let done = session.run(&statement).await;
        done.map_err(|error| instead(error, USER_OPERATION_FAILED, || no_user(old)))?;
    }
    if new != *old {
        let statement = format!("RENAME USER {} TO {}", at(old), at(&new));
        if let Err(error) = session.run(&statement).await {
            let is_taken = look::has_user(session, &new).await?;
            let verdict = || if is_taken { user_exists(&new) } else { no_user(old) };
            return Err(instead(error, USER_OPERATION_FAILED, verdict));
        }
    }
    Ok(())
}

async fn grant(
    session: &mut Session,
    account: &Account,
    databases: &[String],
) -> Result<(), EngineError> {
    for database in databases {
        let done = session.run(&grant_all(&at(account), database)).await;
        done.map_err(|error| instead(error, NO_SUCH_GRANTEE, || no_user(account)))?;
    }
    Ok(())
}

async fn revoke(
    session: &mut Session,
    account: &Account,
    database: &str,
    attempt: Attempt,
) -> Result<(), EngineError> {
    let patterns = look::grants(session, account, database).await?;
    if patterns.is_empty() && attempt == Attempt::First {
        return Err(no_database(database));
    }
    for pattern in patterns {
        let pattern = identifier(&pattern);
        let statement = format!("REVOKE ALL PRIVILEGES ON {pattern}.* FROM {}", at(account));
        match session.run(&statement).await {
            // Somebody else was faster.
            Ok(()) | Err(EngineError::Refused { code: ServerCode::Number(NO_SUCH_GRANT), .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn need_database(session: &mut Session, name: &str) -> Result<(), EngineError> {
    if look::has_database(session, name).await? { Ok(()) } else { Err(no_database(name)) }
}

async fn need_user(session: &mut Session, account: &Account) -> Result<(), EngineError> {
    if look::has_user(session, account).await? { Ok(()) } else { Err(no_user(account)) }
}

async fn need_free(session: &mut Session, account: &Account) -> Result<(), EngineError> {
    if is_reserved_user(&account.name) || look::has_user(session, account).await? {
        return Err(user_exists(account));
    }
    check_storable(&account.name, USER_CHARS_MAX)
}

async fn need_grantable(session: &mut Session, databases: &[String]) -> Result<(), EngineError> {
    for name in databases {
        need_database(session, name).await?;
        if escaped_grant(name).chars().count() > GRANT_CHARS_MAX {
            // Without the escapes the rights would be on other databases too.
            return Err(refused(format!(
                "Rights on the database \"{name}\" can't be granted: with an escape before each \
                 _ and % its name is longer than {GRANT_CHARS_MAX} characters."
            )));
        }
    }
    Ok(())
}

/// Refuses names that the server refuses only half-way, or changes without a word on their way
/// into its tables.
fn check_storable(name: &str, chars_max: usize) -> Result<(), EngineError> {
    let fits = (1..=chars_max).contains(&name.chars().count());
    let is_kept = |c: char| c != '\0' && c <= '\u{ffff}';
    if !fits || name.ends_with(' ') || !name.chars().all(is_kept) {
        return Err(refused(format!(
            "The name \"{name}\" can't be stored: it is empty, has more than {chars_max} \
             characters, ends with a space, or has a character beyond U+FFFF."
        )));
    }
    Ok(())
}

fn refused(message: String) -> EngineError {
    EngineError::Refused { code: ServerCode::Number(WRONG_NAME), message }
}

fn at(of: &Account) -> String {
    account(&of.name, &of.host)
}

/// Words that make a statement take for done what is done.
fn if_again(attempt: Attempt, words: &'static str) -> &'static str {
    match attempt {
        Attempt::First => "",
        Attempt::Again => words,
    }
}

/// Our words for one of the server's verdicts; other errors as they are.
fn instead(error: EngineError, verdict: u16, words: impl FnOnce() -> EngineError) -> EngineError {
    if matches!(error, EngineError::Refused { code, .. } if code == ServerCode::Number(verdict)) {
        return words();
    }
    error
}
