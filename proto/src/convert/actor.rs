//! Who asked.

use super::field::variant;
use crate::error::DecodeError;
use crate::generated::trove::event::v1 as wire;
use domain::commit::Actor;
use domain::ids::{ProjectId, UserId};
use wire::actor;

impl From<&Actor> for wire::Actor {
    fn from(value: &Actor) -> Self {
        let actor = match value {
            Actor::User { user_id, project_id, roles } => actor::Actor::User(actor::User {
                user_id: user_id.0.clone(),
                project_id: project_id.0.clone(),
                roles: roles.clone(),
            }),
            Actor::Plane => actor::Actor::Plane(actor::Plane {}),
            Actor::Guest => actor::Actor::Guest(actor::Guest {}),
        };
        Self { actor: Some(actor) }
    }
}

impl TryFrom<wire::Actor> for Actor {
    type Error = DecodeError;

    fn try_from(message: wire::Actor) -> Result<Self, DecodeError> {
        Ok(match variant(message.actor, "actor")? {
            actor::Actor::User(user) => Self::User {
                user_id: UserId(user.user_id),
                project_id: ProjectId(user.project_id),
                roles: user.roles,
            },
            actor::Actor::Plane(actor::Plane {}) => Self::Plane,
            actor::Actor::Guest(actor::Guest {}) => Self::Guest,
        })
    }
}
