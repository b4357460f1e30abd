//! A token that holds now: its claims, joined with what the users file says today.

use std::sync::Arc;

use super::directory::{Credential, Directory, Project, User};
use super::token::{Claims, audit_id};
use super::{Embedded, Revoker};
use crate::roles::RoleSet;
use crate::{Caller, Role};

/// Who asks, with which rights, as of now.
pub(super) struct Session {
    pub(super) directory: Arc<Directory>,
    pub(super) claims: Claims,
    pub(super) user: Arc<User>,
    /// The project and the roles there, never empty; `None` for an unscoped token.
    pub(super) scope: Option<(Arc<Project>, RoleSet)>,
    pub(super) credential: Option<Arc<Credential>>,
}

impl Embedded {
    /// What the token is good for; `None` if for nothing.
    pub(super) fn session(&self, token: &str) -> Option<Session> {
        let claims = Claims::verify(token, &self.key)?;
        if self.now_secs() >= claims.expires_secs || self.is_revoked(&claims) {
            return None;
        }
        Session::of(claims, self.users.directory())
    }

    fn is_revoked(&self, claims: &Claims) -> bool {
        [Some(claims.audit), claims.chain]
            .into_iter()
            .flatten()
            .any(|id| self.revocations.is_revoked(audit_id(id).as_str()))
    }
}

impl Session {
    /// Joins claims, that must have been verified, with the directory; `None` if the directory
    /// no longer bears them out.
    pub(super) fn of(claims: Claims, directory: Arc<Directory>) -> Option<Self> {
        let user = Arc::clone(directory.user(claims.user).filter(|user| user.is_enabled)?);
        let credential = match claims.credential {
            None => None,
            Some(id) => Some(Arc::clone(directory.credential(id)?)),
        };
        let secret = credential.as_ref().map_or(&user.digest, |credential| &credential.digest);
        if secret.mark() != claims.mark {
            return None;
        }
        let scope = match claims.project {
            None => None,
            Some(id) => {
                let project = directory.project(id).filter(|project| project.is_enabled)?;
                let mut roles = directory.roles(user.uuid, id).intersection(claims.roles);
                if let Some(credential) = &credential {
                    roles = roles.intersection(credential.roles);
                }
                if roles.is_empty() {
                    return None;
                }
                Some((Arc::clone(project), roles))
            }
        };
        Some(Self { directory, claims, user, scope, credential })
    }

    /// The caller; `None` for an unscoped token.
    pub(super) fn caller(&self) -> Option<Caller> {
        let (project, roles) = self.scope.as_ref()?;
        Some(Caller {
            user_id: self.user.id.clone(),
            user_name: self.user.name.clone(),
            project_id: project.id.clone(),
            project_name: project.name.clone(),
            roles: roles.iter().collect(),
            audit_id: audit_id(self.claims.audit),
            audit_chain_id: audit_id(self.claims.chain.unwrap_or(self.claims.audit)),
        })
    }

    pub(super) fn is_admin(&self) -> bool {
        self.scope.as_ref().is_some_and(|(_, roles)| roles.contains(Role::Admin))
    }

    pub(super) fn revoker(&self) -> Revoker {
        Revoker {
            user_id: self.user.id.clone(),
            project_id: self.scope.as_ref().map(|(project, _)| project.id.clone()),
            roles: self.scope.iter().flat_map(|(_, roles)| roles.iter()).collect(),
        }
    }
}
