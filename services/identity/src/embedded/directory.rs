//! The users file, indexed for looking things up.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::key::{SecretDigest, SigningKey};
use crate::roles::RoleSet;
use crate::users::{Grant, Users};
use crate::{ProjectId, UserId, ids};

#[derive(Clone)]
pub(super) struct Project {
    pub(super) uuid: Uuid,
    pub(super) id: ProjectId,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) is_enabled: bool,
}

pub(super) struct User {
    pub(super) uuid: Uuid,
    pub(super) id: UserId,
    pub(super) name: String,
    pub(super) digest: SecretDigest,
    pub(super) is_enabled: bool,
    pub(super) default_project: Option<Uuid>,
}

pub(super) struct Credential {
    pub(super) uuid: Uuid,
    pub(super) name: String,
    pub(super) digest: SecretDigest,
    pub(super) user: Uuid,
    pub(super) project: Uuid,
    /// With the implied ones.
    pub(super) roles: RoleSet,
}

/// Everything that the users file says, as of one reading.
pub(super) struct Directory {
    pub(super) projects: Vec<Arc<Project>>,
    pub(super) users: Vec<Arc<User>>,
    pub(super) grants: Vec<Grant>,
    credentials: Vec<Arc<Credential>>,
    projects_by_id: HashMap<Uuid, usize>,
    users_by_id: HashMap<Uuid, usize>,
    users_by_name: HashMap<String, usize>,
    /// With the implied ones, by user and project.
    roles: HashMap<(Uuid, Uuid), RoleSet>,
}

impl Directory {
    pub(super) fn new(users: Users, key: &SigningKey) -> Self {
        let projects: Vec<_> = users
            .projects
            .into_iter()
            .map(|project| Project {
                uuid: project.id,
                id: ProjectId::new(ids::text(project.id)),
                name: project.name,
                description: project.description,
                is_enabled: project.is_enabled,
            })
            .map(Arc::new)
            .collect();
        let credentials = users
            .credentials
            .into_iter()
            .map(|credential| Credential {
                uuid: credential.id,
                digest: key.digest(credential.id, credential.secret.expose()),
                name: credential.name,
                user: credential.user,
                project: credential.project,
                roles: credential.roles.expanded(),
            })
            .map(Arc::new)
            .collect();
        let roles = users
            .grants
            .iter()
            .map(|grant| ((grant.user, grant.project), grant.roles.expanded()))
            .collect();
        let people: Vec<_> = users
            .users
            .into_iter()
            .map(|user| User {
                uuid: user.id,
                id: UserId::new(ids::text(user.id)),
                digest: key.digest(user.id, user.password.expose()),
                name: user.name,
                is_enabled: user.is_enabled,
                default_project: user.default_project,
            })
            .map(Arc::new)
            .collect();
        Self {
            projects_by_id: indexed(&projects, |project| project.uuid),
            users_by_id: indexed(&people, |user| user.uuid),
            users_by_name: indexed(&people, |user| user.name.clone()),
            projects,
            users: people,
            grants: users.grants,
            credentials,
            roles,
        }
    }

    pub(super) fn user(&self, id: Uuid) -> Option<&Arc<User>> {
        self.users_by_id.get(&id).map(|&place| &self.users[place])
    }

    pub(super) fn user_named(&self, name: &str) -> Option<&Arc<User>> {
        self.users_by_name.get(name).map(|&place| &self.users[place])
    }

    pub(super) fn project(&self, id: Uuid) -> Option<&Arc<Project>> {
        self.projects_by_id.get(&id).map(|&place| &self.projects[place])
    }

    pub(super) fn project_named(&self, name: &str) -> Option<&Arc<Project>> {
        self.projects.iter().find(|project| project.name == name)
    }

    pub(super) fn credential(&self, id: Uuid) -> Option<&Arc<Credential>> {
        self.credentials.iter().find(|credential| credential.uuid == id)
    }

    pub(super) fn credential_named(&self, user: Uuid, name: &str) -> Option<&Arc<Credential>> {
        self.credentials
            .iter()
            .find(|credential| credential.user == user && credential.name == name)
    }

    /// What the user may do in the project, with the implied roles.
    pub(super) fn roles(&self, user: Uuid, project: Uuid) -> RoleSet {
        self.roles.get(&(user, project)).copied().unwrap_or_default()
    }

    /// The enabled projects in which the user has a role, in the file's order.
    pub(super) fn projects_of(&self, user: Uuid) -> impl Iterator<Item = &Arc<Project>> {
        self.projects
            .iter()
            .filter(move |project| project.is_enabled && !self.roles(user, project.uuid).is_empty())
    }
}

fn indexed<T, K: std::hash::Hash + Eq>(
    rows: &[Arc<T>],
    key: impl Fn(&T) -> K,
) -> HashMap<K, usize> {
    rows.iter().enumerate().map(|(place, row)| (key(row), place)).collect()
}
