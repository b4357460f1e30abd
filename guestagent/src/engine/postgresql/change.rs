//! Changes in a PostgreSQL server: whether they can be made, and making them.
//!
//! A database can't be made in a transaction, so that several changes are none either: all that
//! can be known beforehand is found out before the first one.

use domain::engine::postgresql::{Collation, ROOT, is_reserved_user};
use domain::guest::Database;
use domain::instance::action::Account;
use tokio_postgres::error::SqlState;

use super::look::{self, fits, is_reserved_database};
use super::session::Session;
use super::sql::{identifier, string};
use super::{rights, root};
use crate::engine::words::{database_exists, no_database, no_user, of, repeated, user_exists};
use crate::engine::{Attempt, Change, EngineError, ServerCode, User, UserUpdate};

pub(super) async fn check(session: &Session, change: &Change<'_>) -> Result<(), EngineError> {
    match change {
        Change::CreateDatabases(databases) => check_new_databases(session, databases).await,
        Change::DropDatabase(name) => number_of(session, name).await.map(drop),
        Change::CreateUsers(users) => check_new_users(session, users).await,
        Change::UpdateUsers(updates) => check_updates(session, updates).await,
        Change::DropUser(account) => need_user(session, account).await,
        Change::Grant { account, databases } => {
            need_user(session, account).await?;
            need_databases(session, databases).await
        }
        Change::Revoke { account, database } => {
            need_user(session, account).await?;
            let has_rights = look::has_rights(session, account, database).await?;
            if has_rights { Ok(()) } else { Err(no_database(database)) }
        }
        Change::EnableRoot(_) | Change::DisableRoot => Ok(()),
    }
}

pub(super) async fn apply(
    session: &Session,
    change: &Change<'_>,
    attempt: Attempt,
) -> Result<(), EngineError> {
    match change {
        Change::CreateDatabases(databases) => {
            rights::drop_groups_left(session).await?;
            for database in *databases {
                create_database(session, database, attempt).await?;
            }
            Ok(())
        }
        Change::DropDatabase(name) => drop_database(session, name, attempt).await,
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
        Change::DropUser(account) => drop_user(session, account, attempt).await,
        Change::Grant { account, databases } => grant(session, account, databases).await,
        Change::Revoke { account, database } => revoke(session, account, database, attempt).await,
        Change::EnableRoot(password) => root::enable(session, password).await,
        Change::DisableRoot => root::disable(session).await,
    }
}

/// Leaves a user with exactly this password and these rights.
pub(super) async fn ensure_user(session: &Session, user: &User<'_>) -> Result<(), EngineError> {
    let account = of(user);
    create_user(session, user, Attempt::Again).await?;
    let password = rights::password(user.password);
    session.run(&format!("ALTER ROLE {} {password}", identifier(user.name))).await?;
    let Some(seen) = look::user(session, &account).await? else { return Err(no_user(&account)) };
    for database in seen.databases.iter().filter(|name| !user.databases.contains(name)) {
        revoke(session, &account, database, Attempt::Again).await?;
    }
    Ok(())
}

async fn check_new_databases(session: &Session, databases: &[Database]) -> Result<(), EngineError> {
    if let Some(name) = repeated(databases.iter().map(|database| database.name.as_str())) {
        return Err(database_exists(name));
    }
    for database in databases {
        let name = &database.name;
        if is_reserved_database(name) || look::has_database(session, name).await? {
            return Err(database_exists(name));
        }
        check_storable(name)?;
        check_charset(session, database).await?;
    }
    Ok(())
}

/// What can be told of character set and collation before a database is made with them.
async fn check_charset(session: &Session, database: &Database) -> Result<(), EngineError> {
    if let Some(charset) = &database.charset {
        let is_known = "SELECT 1 WHERE pg_char_to_encoding($1::text::name) >= 0";
        if !fits(charset) || !session.finds(is_known, &[charset]).await? {
            return Err(refused(format!("The character set \"{charset}\" is unknown.")));
        }
    }
    if let Some(collation) = &database.collation
        && Collation::of(collation).is_none()
    {
        return Err(refused(format!("The collation \"{collation}\" is unknown.")));
    }
    Ok(())
}

async fn check_new_users(session: &Session, users: &[User<'_>]) -> Result<(), EngineError> {
    let accounts: Vec<Account> = users.iter().map(of).collect();
    if let Some(name) = repeated(accounts.iter().map(|account| account.name.as_str())) {
        return Err(user_exists(&Account { name: name.to_owned(), host: "%".to_owned() }));
    }
    for (user, account) in users.iter().zip(&accounts) {
        need_free(session, account).await?;
        need_databases(session, user.databases).await?;
    }
    Ok(())
}

async fn check_updates(session: &Session, updates: &[UserUpdate<'_>]) -> Result<(), EngineError> {
    for update in updates {
        need_user(session, update.account).await?;
        let target = update.target();
        if target != *update.account {
            need_free(session, &target).await?;
        }
    }
    Ok(())
}

async fn create_database(
    session: &Session,
    database: &Database,
    attempt: Attempt,
) -> Result<(), EngineError> {
    let name = &database.name;
    let is_there = look::has_database(session, name).await?;
    if !is_there || attempt == Attempt::First {
        let done = session.run(&creation(database)).await;
        done.map_err(|error| {
            instead(error, &SqlState::DUPLICATE_DATABASE, || database_exists(name))
        })?;
    }
    let number = number_of(session, name).await?;
    rights::ensure_group(session, name, number).await
}

/// The statement that makes a database. Of the template that holds nothing but what comes with
/// the server, since only that can be had in every character set.
fn creation(database: &Database) -> String {
    let name = identifier(&database.name);
    let mut statement =
        format!("CREATE DATABASE {name} OWNER {} TEMPLATE template0", identifier(ROOT));
    if let Some(charset) = &database.charset {
        statement += &format!(" ENCODING {}", string(charset));
    }
    let is_other = |charset: &String| !["UTF8", "UTF-8"].contains(&&*charset.to_ascii_uppercase());
    let (libc, icu) = match database.collation.as_deref().and_then(Collation::of) {
        Some(Collation::Libc(locale)) => (Some(locale), None),
        Some(Collation::Icu(language)) => (None, Some(language)),
        // The usual one is of one character set only.
        None => (database.charset.as_ref().filter(|charset| is_other(charset)).map(|_| "C"), None),
    };
    if let Some(locale) = libc {
        statement += &format!(" LOCALE {}", string(locale));
    }
    if let Some(language) = icu {
        statement += &format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", string(&language));
    }
    statement
}

async fn drop_database(session: &Session, name: &str, attempt: Attempt) -> Result<(), EngineError> {
    if look::number_of(session, name).await?.is_none() {
        if attempt == Attempt::First {
            return Err(no_database(name));
        }
        return rights::drop_groups_left(session).await;
    }
    let quoted = identifier(name);
    // Its owner may have made it a template, which can't be dropped.
    session.run(&format!("ALTER DATABASE {quoted} IS_TEMPLATE false")).await?;
    let done = session.run(&format!("DROP DATABASE {quoted} WITH (FORCE)")).await;
    done.map_err(|error| instead(error, &SqlState::UNDEFINED_DATABASE, || no_database(name)))?;
    rights::drop_groups_left(session).await
}

async fn create_user(
    session: &Session,
    user: &User<'_>,
    attempt: Attempt,
) -> Result<(), EngineError> {
    let account = of(user);
    if attempt == Attempt::First || !look::has_user(session, &account).await? {
        let statement = format!(
            "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS {}",
            identifier(user.name),
            rights::password(user.password)
        );
        let done = session.run(&statement).await;
        done.map_err(|error| {
            instead(error, &SqlState::DUPLICATE_OBJECT, || user_exists(&account))
        })?;
    }
    grant(session, &account, user.databases).await
}

/// The password first: whoever goes by the new name has it.
async fn update_user(
    session: &Session,
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
    let missing = |error| instead(error, &SqlState::UNDEFINED_OBJECT, || no_user(old));
    if let Some(password) = update.password {
        let statement =
            format!("ALTER ROLE {} {}", identifier(&old.name), rights::password(password));
        session.run(&statement).await.map_err(missing)?;
    }
    if new != *old {
        let statement =
            format!("ALTER ROLE {} RENAME TO {}", identifier(&old.name), identifier(&new.name));
        let done = session.run(&statement).await.map_err(missing);
        done.map_err(|error| instead(error, &SqlState::DUPLICATE_OBJECT, || user_exists(&new)))?;
    }
    Ok(())
}

async fn drop_user(
    session: &Session,
    account: &Account,
    attempt: Attempt,
) -> Result<(), EngineError> {
    if look::has_user(session, account).await? {
        let done = rights::drop_role(session, &account.name).await;
        return done
            .map_err(|error| instead(error, &SqlState::UNDEFINED_OBJECT, || no_user(account)));
    }
    if attempt == Attempt::Again { Ok(()) } else { Err(no_user(account)) }
}

async fn grant(
    session: &Session,
    account: &Account,
    databases: &[String],
) -> Result<(), EngineError> {
    for database in databases {
        let number = number_of(session, database).await?;
        let done = rights::grant(session, &account.name, database, number).await;
        done.map_err(|error| instead(error, &SqlState::UNDEFINED_OBJECT, || no_user(account)))?;
    }
    Ok(())
}

async fn revoke(
    session: &Session,
    account: &Account,
    database: &str,
    attempt: Attempt,
) -> Result<(), EngineError> {
    let has_rights = look::has_rights(session, account, database).await?;
    match look::number_of(session, database).await? {
        // Begun before, so that what is left of it has to be done all the same.
        Some(number) if has_rights || attempt == Attempt::Again => {
            rights::revoke(session, &account.name, database, number).await
        }
        None if attempt == Attempt::Again => Ok(()),
        Some(_) | None => Err(no_database(database)),
    }
}

async fn number_of(session: &Session, name: &str) -> Result<u32, EngineError> {
    look::number_of(session, name).await?.ok_or_else(|| no_database(name))
}

async fn need_user(session: &Session, account: &Account) -> Result<(), EngineError> {
    if look::has_user(session, account).await? { Ok(()) } else { Err(no_user(account)) }
}

async fn need_databases(session: &Session, databases: &[String]) -> Result<(), EngineError> {
    for name in databases {
        number_of(session, name).await?;
    }
    Ok(())
}

async fn need_free(session: &Session, account: &Account) -> Result<(), EngineError> {
    if account.host != "%" {
        return Err(refused(format!("A user can't be bound to the host \"{}\".", account.host)));
    }
    if is_reserved_user(&account.name) {
        return Err(user_exists(account));
    }
    check_storable(&account.name)?;
    if rights::has_role(session, &account.name).await? {
        return Err(user_exists(account));
    }
    Ok(())
}

/// Refuses names that the server would cut, or that end where it does not see it.
fn check_storable(name: &str) -> Result<(), EngineError> {
    if fits(name) {
        return Ok(());
    }
    Err(refused(format!(
        "The name \"{name}\" can't be stored: it is empty, has more than 63 bytes, or a NUL in it."
    )))
}

fn refused(message: String) -> EngineError {
    EngineError::Refused { code: ServerCode::State(*b"42602"), message }
}

/// Our words for one of the server's verdicts; other errors as they are.
fn instead(
    error: EngineError,
    verdict: &SqlState,
    words: impl FnOnce() -> EngineError,
) -> EngineError {
    let is_meant = matches!(
        &error,
        EngineError::Refused { code: ServerCode::State(state), .. }
            if state == verdict.code().as_bytes()
    );
    if is_meant { words() } else { error }
}
