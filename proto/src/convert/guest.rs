//! A guest's questions for its document, and the document.

use super::action::account;
use super::engine::{manager, manager_of};
use super::field::{all, bytes_32, each, required, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as event;
use crate::generated::trove::guest::v1 as wire;
use domain::guest::{
    Action, ActionBody, Database, Desired, DesiredAnswer, DesiredRequest, Revision, UserChange,
    UserToMake,
};
use domain::ids::ActionId;
use domain::secret::Sealed;
use wire::action::Body;
use wire::desired_answer;

impl From<&Revision> for wire::Revision {
    fn from(revision: &Revision) -> Self {
        Self { epoch: revision.epoch, sequence: revision.sequence }
    }
}

impl From<wire::Revision> for Revision {
    fn from(revision: wire::Revision) -> Self {
        Self { epoch: revision.epoch, sequence: revision.sequence }
    }
}

impl From<&DesiredRequest> for wire::DesiredRequest {
    fn from(request: &DesiredRequest) -> Self {
        Self { public_key: request.public_key.to_vec() }
    }
}

impl TryFrom<wire::DesiredRequest> for DesiredRequest {
    type Error = DecodeError;

    fn try_from(request: wire::DesiredRequest) -> Result<Self, DecodeError> {
        Ok(Self { public_key: bytes_32(&request.public_key, "public_key")? })
    }
}

impl From<&DesiredAnswer> for wire::DesiredAnswer {
    fn from(answer: &DesiredAnswer) -> Self {
        let answer = match answer {
            DesiredAnswer::Document(desired) => {
                desired_answer::Answer::Document(desired.as_ref().into())
            }
            DesiredAnswer::None => desired_answer::Answer::None(()),
        };
        Self { answer: Some(answer) }
    }
}

impl TryFrom<wire::DesiredAnswer> for DesiredAnswer {
    type Error = DecodeError;

    fn try_from(answer: wire::DesiredAnswer) -> Result<Self, DecodeError> {
        Ok(match variant(answer.answer, "desired_answer")? {
            desired_answer::Answer::Document(desired) => {
                Self::Document(Box::new(desired.try_into()?))
            }
            desired_answer::Answer::None(()) => Self::None,
        })
    }
}

impl From<&Desired> for wire::Desired {
    fn from(desired: &Desired) -> Self {
        Self {
            revision: Some((&desired.revision).into()),
            fence: desired.fence,
            manager: manager_of(desired.manager).into(),
            version: desired.version.clone(),
            settings: desired.settings.clone(),
            actions: all(&desired.actions),
            memory_mb: desired.memory_mb,
            is_stopped: desired.is_stopped,
        }
    }
}

impl TryFrom<wire::Desired> for Desired {
    type Error = DecodeError;

    fn try_from(desired: wire::Desired) -> Result<Self, DecodeError> {
        Ok(Self {
            revision: required(desired.revision, "desired.revision")?.into(),
            fence: desired.fence,
            manager: manager(desired.manager, "desired.manager")?,
            version: desired.version,
            settings: desired.settings,
            actions: each(desired.actions)?,
            memory_mb: desired.memory_mb,
            is_stopped: desired.is_stopped,
        })
    }
}

impl From<&Action> for wire::Action {
    fn from(action: &Action) -> Self {
        Self { action_id: uuid_bytes(action.id.0), body: Some((&action.body).into()) }
    }
}

impl TryFrom<wire::Action> for Action {
    type Error = DecodeError;

    fn try_from(action: wire::Action) -> Result<Self, DecodeError> {
        Ok(Self {
            id: ActionId(uuid(&action.action_id, "action.action_id")?),
            body: variant(action.body, "action")?.try_into()?,
        })
    }
}

impl From<&ActionBody> for Body {
    fn from(body: &ActionBody) -> Self {
        match body {
            ActionBody::Prepare { databases, users } => {
                Self::Prepare(wire::Prepare { databases: all(databases), users: all(users) })
            }
            ActionBody::CreateDatabases { databases } => {
                Self::CreateDatabases(wire::CreateDatabases { databases: all(databases) })
            }
            ActionBody::DeleteDatabase { name } => {
                Self::DeleteDatabase(wire::DeleteDatabase { name: name.clone() })
            }
            ActionBody::CreateUsers { users } => {
                Self::CreateUsers(wire::CreateUsers { users: all(users) })
            }
            ActionBody::UpdateUsers { changes } => {
                Self::UpdateUsers(wire::UpdateUsers { changes: all(changes) })
            }
            ActionBody::DeleteUser { account } => {
                Self::DeleteUser(wire::DeleteUser { account: Some(account.into()) })
            }
            ActionBody::Grant { account, databases } => Self::Grant(wire::Grant {
                account: Some(account.into()),
                databases: databases.clone(),
            }),
            ActionBody::Revoke { account, database } => Self::Revoke(wire::Revoke {
                account: Some(account.into()),
                database: database.clone(),
            }),
            ActionBody::Restart => Self::Restart(wire::Restart {}),
            ActionBody::EnableRoot { password } => {
                Self::EnableRoot(wire::EnableRoot { sealed_password: password.0.clone() })
            }
            ActionBody::DisableRoot => Self::DisableRoot(wire::DisableRoot {}),
        }
    }
}

impl TryFrom<Body> for ActionBody {
    type Error = DecodeError;

    fn try_from(body: Body) -> Result<Self, DecodeError> {
        Ok(match body {
            Body::Prepare(prepare) => Self::Prepare {
                databases: databases(prepare.databases),
                users: users(prepare.users),
            },
            Body::CreateDatabases(create) => {
                Self::CreateDatabases { databases: databases(create.databases) }
            }
            Body::DeleteDatabase(delete) => Self::DeleteDatabase { name: delete.name },
            Body::CreateUsers(create) => Self::CreateUsers { users: users(create.users) },
            Body::UpdateUsers(update) => Self::UpdateUsers { changes: each(update.changes)? },
            Body::DeleteUser(delete) => {
                Self::DeleteUser { account: account(delete.account, "delete_user.account")? }
            }
            Body::Grant(grant) => Self::Grant {
                account: account(grant.account, "grant.account")?,
                databases: grant.databases,
            },
            Body::Revoke(revoke) => Self::Revoke {
                account: account(revoke.account, "revoke.account")?,
                database: revoke.database,
            },
            Body::Restart(wire::Restart {}) => Self::Restart,
            Body::EnableRoot(enable) => {
                Self::EnableRoot { password: Sealed(enable.sealed_password) }
            }
            Body::DisableRoot(wire::DisableRoot {}) => Self::DisableRoot,
        })
    }
}

fn databases(databases: Vec<event::Database>) -> Vec<Database> {
    databases.into_iter().map(Database::from).collect()
}

fn users(users: Vec<wire::UserToMake>) -> Vec<UserToMake> {
    users.into_iter().map(UserToMake::from).collect()
}

impl From<&UserToMake> for wire::UserToMake {
    fn from(user: &UserToMake) -> Self {
        Self {
            name: user.name.clone(),
            host: user.host.clone(),
            sealed_password: user.password.0.clone(),
            databases: user.databases.clone(),
        }
    }
}

impl From<wire::UserToMake> for UserToMake {
    fn from(user: wire::UserToMake) -> Self {
        Self {
            name: user.name,
            host: user.host,
            password: Sealed(user.sealed_password),
            databases: user.databases,
        }
    }
}

impl From<&UserChange> for wire::UserChange {
    fn from(change: &UserChange) -> Self {
        Self {
            account: Some((&change.account).into()),
            name: change.name.clone(),
            host: change.host.clone(),
            sealed_password: change.password.as_ref().map(|password| password.0.clone()),
        }
    }
}

impl TryFrom<wire::UserChange> for UserChange {
    type Error = DecodeError;

    fn try_from(change: wire::UserChange) -> Result<Self, DecodeError> {
        Ok(Self {
            account: account(change.account, "user_change.account")?,
            name: change.name,
            host: change.host,
            password: change.sealed_password.map(Sealed),
        })
    }
}
