//! A guest's questions for its document, the document, and live questions to it.

use super::engine::{manager, manager_of};
use super::field::{all, bytes_32, each, required, uuid, uuid_bytes, variant};
use crate::error::DecodeError;
use crate::generated::trove::guest::v1 as wire;
use domain::guest::{
    Action, ActionBody, Database, Desired, DesiredAnswer, DesiredRequest, Query, QueryAnswer,
    Revision, UserToMake,
};
use domain::ids::ActionId;
use domain::secret::Sealed;
use wire::{action, desired_answer, query, query_answer};

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
        })
    }
}

impl From<&Action> for wire::Action {
    fn from(value: &Action) -> Self {
        let body = match &value.body {
            ActionBody::Prepare { databases, users } => action::Body::Prepare(wire::Prepare {
                databases: all(databases),
                users: all(users),
            }),
        };
        Self { action_id: uuid_bytes(value.id.0), body: Some(body) }
    }
}

impl TryFrom<wire::Action> for Action {
    type Error = DecodeError;

    fn try_from(value: wire::Action) -> Result<Self, DecodeError> {
        let body = match variant(value.body, "action")? {
            action::Body::Prepare(prepare) => ActionBody::Prepare {
                databases: prepare.databases.into_iter().map(Database::from).collect(),
                users: prepare.users.into_iter().map(UserToMake::from).collect(),
            },
        };
        Ok(Self { id: ActionId(uuid(&value.action_id, "action.action_id")?), body })
    }
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

impl From<&Query> for wire::Query {
    fn from(value: &Query) -> Self {
        let query = match value {
            Query::Health => query::Query::Health(()),
        };
        Self { query: Some(query) }
    }
}

impl TryFrom<wire::Query> for Query {
    type Error = DecodeError;

    fn try_from(value: wire::Query) -> Result<Self, DecodeError> {
        Ok(match variant(value.query, "query")? {
            query::Query::Health(()) => Self::Health,
        })
    }
}

impl From<&QueryAnswer> for wire::QueryAnswer {
    fn from(value: &QueryAnswer) -> Self {
        let answer = match value {
            QueryAnswer::Health(heartbeat) => query_answer::Answer::Health(heartbeat.into()),
        };
        Self { answer: Some(answer) }
    }
}

impl TryFrom<wire::QueryAnswer> for QueryAnswer {
    type Error = DecodeError;

    fn try_from(value: wire::QueryAnswer) -> Result<Self, DecodeError> {
        Ok(match variant(value.answer, "query_answer")? {
            query_answer::Answer::Health(heartbeat) => Self::Health(heartbeat.try_into()?),
        })
    }
}
