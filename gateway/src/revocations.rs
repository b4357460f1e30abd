//! Revoked tokens: asked of the read model, recorded by command like every other change.

use crate::clock;
use crate::commands::Commands;
use crate::config::Limits;
use crate::request_id;
use async_trait::async_trait;
use domain::command::{Body, Envelope};
use domain::commit::Actor;
use domain::ids::{CommandId, ProjectId, UserId};
use identity::embedded::{NotRecorded, Revocation, Revocations, Revoker};
use readmodel::ReadModel;
use std::sync::Arc;
use uuid::Uuid;

/// The identity service's way to the log.
pub struct LoggedRevocations {
    /// Where revocations are looked up.
    pub read_model: ReadModel,
    /// Where they are recorded.
    pub commands: Arc<dyn Commands>,
    /// How long that may take.
    pub limits: Limits,
}

#[async_trait]
impl Revocations for LoggedRevocations {
    /// What can't be looked up counts as revoked: the read model is back in a moment.
    fn is_revoked(&self, audit_id: &str) -> bool {
        self.read_model.plane().map_or(true, |plane| plane.revoked_tokens.contains_key(audit_id))
    }

    async fn revoke(&self, revocation: Revocation) -> Result<(), NotRecorded> {
        let Revocation { audit_id, expires_at, by } = revocation;
        let envelope = Envelope {
            command_id: CommandId(Uuid::now_v7()),
            deadline: clock::now().after(self.limits.command()),
            actor: actor(&by),
            request_id: request_id::current(),
            body: Body::RevokeToken {
                audit_id: audit_id.as_str().to_owned(),
                expires: clock::timestamp(expires_at),
            },
        };
        let reply = self.commands.send(&envelope).await;
        let accepted = reply
            .map_err(|error| NotRecorded(error.into()))?
            .map_err(|rejection| NotRecorded(format!("refused: {rejection:?}").into()))?;
        if self.read_model.reached(accepted.position, self.limits.read_your_write()).await {
            Ok(())
        } else {
            Err(NotRecorded("recorded, but not in force here yet".into()))
        }
    }
}

fn actor(by: &Revoker) -> Actor {
    let project = by.project_id.as_ref().map_or("", |project| project.as_str());
    Actor::User {
        user_id: UserId::from(by.user_id.as_str()),
        project_id: ProjectId::from(project),
        roles: by.roles.iter().map(|role| role.name().to_owned()).collect(),
    }
}
