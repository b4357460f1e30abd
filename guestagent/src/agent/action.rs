//! Runs one action of a document.
//!
//! # Invariants
//! - "Started" is on disk before an action's first effect, and only after everything that a
//!   first attempt checks: what a repeat finds done or gone is the action's own doing.

use std::io;

use domain::guest::{
    Action, ActionBody, ActionCause, ActionFailure, Desired, UserChange, UserToMake,
};
use domain::ids::ActionId;
use domain::secret::Sealed;
use zeroize::Zeroizing;

use super::journal::Journal;
use super::shim_client::ShimError;
use super::{Guest, prepare, restart};
use crate::control::RefusalCause;
use crate::engine::{Attempt, Change, EngineError, User, UserUpdate};

/// Why an action has not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    /// It never will.
    #[error("it can't be done: {}", .0.detail)]
    Failed(ActionFailure),
    /// Something is in its way that may go.
    #[error("it has to wait: {0}")]
    Blocked(String),
}

impl From<io::Error> for ActionError {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return failed(ActionCause::DiskFull, error.to_string());
        }
        Self::Blocked(error.to_string())
    }
}

impl From<ShimError> for ActionError {
    fn from(error: ShimError) -> Self {
        match error {
            ShimError::Silent(_) => Self::Blocked(telemetry::Chain(&error).to_string()),
            ShimError::Refused { cause, detail } => match cause {
                RefusalCause::TemplateMissing => failed(ActionCause::EngineMissing, detail),
                RefusalCause::VolumeFull => failed(ActionCause::DiskFull, detail),
                RefusalCause::VolumeMissing
                | RefusalCause::NotPrepared
                | RefusalCause::NotUnderstood
                | RefusalCause::Io => failed(ActionCause::ServerWontStart, detail),
            },
        }
    }
}

impl From<EngineError> for ActionError {
    fn from(error: EngineError) -> Self {
        let cause = match error {
            EngineError::Silent(_) => {
                return Self::Blocked(telemetry::Chain(&error).to_string());
            }
            EngineError::DiskFull { .. } => ActionCause::DiskFull,
            EngineError::Exists { .. } => ActionCause::Exists,
            EngineError::NotFound { .. } => ActionCause::NotFound,
            EngineError::NoEntry { .. }
            | EngineError::BadSettings { .. }
            | EngineError::Refused { .. } => ActionCause::Statement,
        };
        failed(cause, error.to_string())
    }
}

/// An action that can't be done.
pub(crate) fn failed(cause: ActionCause, detail: String) -> ActionError {
    ActionError::Failed(ActionFailure { cause, detail })
}

/// Leaves the action done. The caller takes note of its end.
pub(crate) async fn run(
    guest: &Guest,
    journal: &mut Journal,
    document: &Desired,
    action: &Action,
) -> Result<(), ActionError> {
    let id = action.id;
    let mut make = async |change: Change<'_>| make(guest, journal, id, &change).await;
    match &action.body {
        ActionBody::Prepare { databases, users } => {
            journal.start(id)?;
            guest.health.set_preparing(true);
            let prepared = prepare::run(guest, document, databases, users).await;
            guest.health.set_preparing(false);
            prepared
        }
        ActionBody::CreateDatabases { databases } => make(Change::CreateDatabases(databases)).await,
        ActionBody::DeleteDatabase { name } => make(Change::DropDatabase(name)).await,
        ActionBody::CreateUsers { users } => {
            let passwords = passwords_to_make(guest, users)?;
            make(Change::CreateUsers(&users_to_make(users, &passwords))).await
        }
        ActionBody::UpdateUsers { changes } => {
            let passwords = changes.iter().map(|change| changed_password(guest, change));
            let passwords = passwords.collect::<Result<Vec<_>, _>>()?;
            let updates: Vec<UserUpdate<'_>> = changes
                .iter()
                .zip(&passwords)
                .map(|(change, password)| UserUpdate {
                    account: &change.account,
                    name: change.name.as_deref(),
                    host: change.host.as_deref(),
                    password: password.as_ref().map(|password| password.as_str()),
                })
                .collect();
            make(Change::UpdateUsers(&updates)).await
        }
        ActionBody::DeleteUser { account } => make(Change::DropUser(account)).await,
        ActionBody::Grant { account, databases } => {
            make(Change::Grant { account, databases }).await
        }
        ActionBody::Revoke { account, database } => {
            make(Change::Revoke { account, database }).await
        }
        ActionBody::Restart => restart::run(guest, journal, document, id).await,
        ActionBody::EnableRoot { password } => {
            let password = open(guest, guest.spec.manager.root_name(), password)?;
            make(Change::EnableRoot(&password)).await
        }
        ActionBody::DisableRoot => make(Change::DisableRoot).await,
    }
}

async fn make(
    guest: &Guest,
    journal: &mut Journal,
    id: ActionId,
    change: &Change<'_>,
) -> Result<(), ActionError> {
    let attempt = if journal.has_started(id) {
        Attempt::Again
    } else {
        guest.engine.check(change).await?;
        journal.start(id)?;
        Attempt::First
    };
    Ok(guest.engine.apply(change, attempt).await?)
}

/// The passwords of users to be made, in their order.
pub(crate) fn passwords_to_make(
    guest: &Guest,
    users: &[UserToMake],
) -> Result<Vec<Zeroizing<String>>, ActionError> {
    users.iter().map(|user| open(guest, &user.name, &user.password)).collect()
}

/// Users to be made, with their passwords.
pub(crate) fn users_to_make<'a>(
    users: &'a [UserToMake],
    passwords: &'a [Zeroizing<String>],
) -> Vec<User<'a>> {
    users
        .iter()
        .zip(passwords)
        .map(|(user, password)| User {
            name: &user.name,
            host: &user.host,
            password,
            databases: &user.databases,
        })
        .collect()
}

fn changed_password(
    guest: &Guest,
    change: &UserChange,
) -> Result<Option<Zeroizing<String>>, ActionError> {
    let sealed = change.password.as_ref();
    sealed.map(|sealed| open(guest, &change.account.name, sealed)).transpose()
}

fn open(guest: &Guest, user: &str, sealed: &Sealed) -> Result<Zeroizing<String>, ActionError> {
    // Asked for again it comes sealed to the key that is ours now.
    let bytes = guest.key.open(sealed).map_err(|error| ActionError::Blocked(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        failed(ActionCause::Statement, format!("the password of {user} is no text"))
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}
