//! Actions: what a guest is asked to run once, and why it could not.

use super::field::{all, each, required, uuid, uuid_bytes, variant, word};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::guest::{ActionCause, ActionFailure, Database};
use domain::ids::{SecretId, UserId};
use domain::instance::action::{Account, ActionSpec, PasswordChange};
use wire::action_spec::{self as body, Action as Body};

impl From<&ActionSpec> for wire::ActionSpec {
    fn from(spec: &ActionSpec) -> Self {
        Self { action: Some(body_of(spec)) }
    }
}

fn body_of(spec: &ActionSpec) -> Body {
    match spec {
        ActionSpec::CreateDatabases { databases } => {
            Body::CreateDatabases(body::CreateDatabases { databases: all(databases) })
        }
        ActionSpec::DeleteDatabase { name } => {
            Body::DeleteDatabase(body::DeleteDatabase { name: name.clone() })
        }
        ActionSpec::CreateUsers { users } => {
            Body::CreateUsers(body::CreateUsers { users: all(users) })
        }
        ActionSpec::ChangePasswords { users } => {
            Body::ChangePasswords(body::ChangePasswords { users: all(users) })
        }
        ActionSpec::UpdateUser { account, name, host, password } => {
            Body::UpdateUser(body::UpdateUser {
                account: Some(account.into()),
                name: name.clone(),
                host: host.clone(),
                password_id: password.map(|id| uuid_bytes(id.0)),
            })
        }
        ActionSpec::DeleteUser { account } => {
            Body::DeleteUser(body::DeleteUser { account: Some(account.into()) })
        }
        ActionSpec::Grant { account, databases } => {
            Body::Grant(body::Grant { account: Some(account.into()), databases: databases.clone() })
        }
        ActionSpec::Revoke { account, database } => {
            Body::Revoke(body::Revoke { account: Some(account.into()), database: database.clone() })
        }
        ActionSpec::Restart => Body::Restart(body::Restart {}),
        ActionSpec::EnableRoot { password, by } => Body::EnableRoot(body::EnableRoot {
            password_id: uuid_bytes(password.0),
            user_id: by.as_str().to_owned(),
        }),
        ActionSpec::DisableRoot => Body::DisableRoot(body::DisableRoot {}),
    }
}

impl TryFrom<wire::ActionSpec> for ActionSpec {
    type Error = DecodeError;

    fn try_from(spec: wire::ActionSpec) -> Result<Self, DecodeError> {
        Ok(match variant(spec.action, "action_spec")? {
            Body::CreateDatabases(body) => Self::CreateDatabases {
                databases: body.databases.into_iter().map(Database::from).collect(),
            },
            Body::DeleteDatabase(body) => Self::DeleteDatabase { name: body.name },
            Body::CreateUsers(body) => Self::CreateUsers { users: each(body.users)? },
            Body::ChangePasswords(body) => Self::ChangePasswords { users: each(body.users)? },
            Body::UpdateUser(body) => body.try_into()?,
            Body::DeleteUser(body) => {
                Self::DeleteUser { account: account(body.account, "delete_user.account")? }
            }
            Body::Grant(body) => Self::Grant {
                account: account(body.account, "grant.account")?,
                databases: body.databases,
            },
            Body::Revoke(body) => Self::Revoke {
                account: account(body.account, "revoke.account")?,
                database: body.database,
            },
            Body::Restart(body::Restart {}) => Self::Restart,
            Body::EnableRoot(body) => Self::EnableRoot {
                password: SecretId(uuid(&body.password_id, "enable_root.password_id")?),
                by: UserId(body.user_id),
            },
            Body::DisableRoot(body::DisableRoot {}) => Self::DisableRoot,
        })
    }
}

impl TryFrom<body::UpdateUser> for ActionSpec {
    type Error = DecodeError;

    fn try_from(body: body::UpdateUser) -> Result<Self, DecodeError> {
        Ok(Self::UpdateUser {
            account: account(body.account, "update_user.account")?,
            name: body.name,
            host: body.host,
            password: body
                .password_id
                .map(|id| uuid(&id, "update_user.password_id").map(SecretId))
                .transpose()?,
        })
    }
}

impl From<&PasswordChange> for wire::PasswordChange {
    fn from(change: &PasswordChange) -> Self {
        Self { account: Some((&change.account).into()), password_id: uuid_bytes(change.password.0) }
    }
}

impl TryFrom<wire::PasswordChange> for PasswordChange {
    type Error = DecodeError;

    fn try_from(change: wire::PasswordChange) -> Result<Self, DecodeError> {
        Ok(Self {
            account: account(change.account, "password_change.account")?,
            password: SecretId(uuid(&change.password_id, "password_change.password_id")?),
        })
    }
}

/// An account that is never absent.
pub(super) fn account(
    value: Option<wire::Account>,
    field: &'static str,
) -> Result<Account, DecodeError> {
    required(value, field).map(Account::from)
}

impl From<&Account> for wire::Account {
    fn from(account: &Account) -> Self {
        Self { name: account.name.clone(), host: account.host.clone() }
    }
}

impl From<wire::Account> for Account {
    fn from(account: wire::Account) -> Self {
        Self { name: account.name, host: account.host }
    }
}

impl From<&ActionFailure> for wire::ActionFailure {
    fn from(failure: &ActionFailure) -> Self {
        Self { cause: cause_of(failure.cause).into(), detail: failure.detail.clone() }
    }
}

impl TryFrom<wire::ActionFailure> for ActionFailure {
    type Error = DecodeError;

    fn try_from(failure: wire::ActionFailure) -> Result<Self, DecodeError> {
        Ok(Self {
            cause: word(failure.cause, "action_failure.cause", cause)?,
            detail: failure.detail,
        })
    }
}

fn cause_of(cause: ActionCause) -> wire::ActionCause {
    match cause {
        ActionCause::EngineMissing => wire::ActionCause::EngineMissing,
        ActionCause::DiskFull => wire::ActionCause::DiskFull,
        ActionCause::ServerWontStart => wire::ActionCause::ServerWontStart,
        ActionCause::Statement => wire::ActionCause::Statement,
        ActionCause::Exists => wire::ActionCause::Exists,
        ActionCause::NotFound => wire::ActionCause::NotFound,
        ActionCause::Overdue => wire::ActionCause::Overdue,
    }
}

fn cause(cause: wire::ActionCause) -> Option<ActionCause> {
    match cause {
        wire::ActionCause::Unspecified => None,
        wire::ActionCause::EngineMissing => Some(ActionCause::EngineMissing),
        wire::ActionCause::DiskFull => Some(ActionCause::DiskFull),
        wire::ActionCause::ServerWontStart => Some(ActionCause::ServerWontStart),
        wire::ActionCause::Statement => Some(ActionCause::Statement),
        wire::ActionCause::Exists => Some(ActionCause::Exists),
        wire::ActionCause::NotFound => Some(ActionCause::NotFound),
        wire::ActionCause::Overdue => Some(ActionCause::Overdue),
    }
}
