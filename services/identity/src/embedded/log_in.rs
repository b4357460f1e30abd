//! Turns a log-in into a session, or refuses it.

use std::sync::Arc;

use uuid::Uuid;

use super::directory::{Directory, Project, User};
use super::key::SecretDigest;
use super::request::{CredentialName, LogIn, Named, Proof, Scope};
use super::session::Session;
use super::token::{Claims, Methods};
use super::{Embedded, TOKEN_LIFETIME};
use crate::ids;
use crate::roles::RoleSet;
use crate::users::Secret;

/// Why a log-in is refused.
pub(super) enum Refusal {
    /// Wrong in any way that a guesser should not learn more about.
    Unproven,
    /// Not one of the three methods, alone.
    UnsupportedMethod,
    /// An application credential is for its own project only.
    CredentialWithScope,
    /// A token of an application credential may not make further ones, which would outlive
    /// the credential's limits.
    TokenOfCredential,
}

/// What a proof proves: the claims that do not depend on the scope.
struct Proven {
    directory: Arc<Directory>,
    user: Arc<User>,
    methods: Methods,
    mark: [u8; 8],
    expires_secs: u64,
    chain: Option<Uuid>,
    /// The application credential, with its project and its roles.
    credential: Option<(Uuid, Uuid, RoleSet)>,
}

impl Embedded {
    pub(super) fn log_in(&self, request: &LogIn) -> Result<Session, Refusal> {
        let proven = match &request.proof {
            Proof::Password { user, password } => self.prove_password(user, password)?,
            Proof::Token { token } => self.prove_token(token)?,
            Proof::Credential { credential, secret } => match request.scope {
                Scope::Absent => self.prove_credential(credential, secret)?,
                Scope::Unscoped | Scope::Project(_) | Scope::Elsewhere => {
                    return Err(Refusal::CredentialWithScope);
                }
            },
            Proof::Unsupported => return Err(Refusal::UnsupportedMethod),
        };
        let (project, roles) = granted(&proven, &request.scope)?.unzip();
        let claims = Claims {
            methods: proven.methods,
            user: proven.user.uuid,
            mark: proven.mark,
            roles: roles.unwrap_or_default(),
            issued_secs: self.now_secs(),
            expires_secs: proven.expires_secs,
            audit: Uuid::new_v4(),
            chain: proven.chain,
            project,
            credential: proven.credential.map(|(id, _, _)| id),
        };
        Session::of(claims, proven.directory).ok_or(Refusal::Unproven)
    }

    /// The token of a session that [`Embedded::log_in`] gave.
    pub(super) fn issue(&self, session: &Session) -> String {
        session.claims.sign(&self.key)
    }

    fn prove_password(&self, user: &Named, password: &Secret) -> Result<Proven, Refusal> {
        let directory = self.users.directory();
        let user = find_user(&directory, user).cloned();
        // Without a user the same work is done, so that time does not tell who exists.
        let (owner, expected) = user
            .as_ref()
            .map_or((Uuid::nil(), SecretDigest::NONE), |user| (user.uuid, user.digest));
        let is_match = self.key.digest(owner, password.expose()).matches(&expected);
        let user = user.filter(|user| is_match && user.is_enabled).ok_or(Refusal::Unproven)?;
        Ok(Proven {
            directory,
            mark: user.digest.mark(),
            user,
            methods: Methods::PASSWORD,
            expires_secs: self.now_secs() + TOKEN_LIFETIME.as_secs(),
            chain: None,
            credential: None,
        })
    }

    fn prove_token(&self, token: &str) -> Result<Proven, Refusal> {
        let session = self.session(token).ok_or(Refusal::Unproven)?;
        if session.credential.is_some() {
            return Err(Refusal::TokenOfCredential);
        }
        Ok(Proven {
            directory: session.directory,
            user: session.user,
            methods: session.claims.methods.and_token(),
            mark: session.claims.mark,
            expires_secs: session.claims.expires_secs,
            chain: session.claims.chain.or(Some(session.claims.audit)),
            credential: None,
        })
    }

    fn prove_credential(&self, name: &CredentialName, secret: &Secret) -> Result<Proven, Refusal> {
        let directory = self.users.directory();
        let credential = match name {
            CredentialName::Id(id) => ids::parse(id).and_then(|id| directory.credential(id)),
            CredentialName::OfUser { user, name } => find_user(&directory, user)
                .and_then(|user| directory.credential_named(user.uuid, name)),
        }
        .cloned();
        // As with passwords: the same work, whether there is such a credential or not.
        let (owner, expected) = credential
            .as_ref()
            .map_or((Uuid::nil(), SecretDigest::NONE), |found| (found.uuid, found.digest));
        let is_match = self.key.digest(owner, secret.expose()).matches(&expected);
        let credential = credential.filter(|_| is_match).ok_or(Refusal::Unproven)?;
        let user = directory.user(credential.user).cloned().ok_or(Refusal::Unproven)?;
        Ok(Proven {
            directory,
            user,
            methods: Methods::APPLICATION_CREDENTIAL,
            mark: credential.digest.mark(),
            expires_secs: self.now_secs() + TOKEN_LIFETIME.as_secs(),
            chain: None,
            credential: Some((credential.uuid, credential.project, credential.roles)),
        })
    }
}

/// The project and roles for the token; `None`: it shall be unscoped.
fn granted(proven: &Proven, scope: &Scope) -> Result<Option<(Uuid, RoleSet)>, Refusal> {
    let directory = &proven.directory;
    let user = &proven.user;
    if let Some((_, project, roles)) = proven.credential {
        return Ok(Some((project, roles)));
    }
    match scope {
        Scope::Unscoped => Ok(None),
        Scope::Elsewhere => Err(Refusal::Unproven),
        Scope::Project(name) => {
            let project = find_project(directory, name).ok_or(Refusal::Unproven)?;
            Ok(Some((project.uuid, directory.roles(user.uuid, project.uuid))))
        }
        Scope::Absent => Ok(user
            .default_project
            .and_then(|id| directory.project(id))
            .filter(|project| project.is_enabled)
            .map(|project| (project.uuid, directory.roles(user.uuid, project.uuid)))
            .filter(|(_, roles)| !roles.is_empty())),
    }
}

fn find_user<'a>(directory: &'a Directory, name: &Named) -> Option<&'a Arc<User>> {
    match name {
        Named::Id(id) => ids::parse(id).and_then(|id| directory.user(id)),
        Named::Name { name, is_in_default_domain: true } => directory.user_named(name),
        Named::Name { is_in_default_domain: false, .. } => None,
    }
}

fn find_project<'a>(directory: &'a Directory, name: &Named) -> Option<&'a Arc<Project>> {
    match name {
        Named::Id(id) => ids::parse(id).and_then(|id| directory.project(id)),
        Named::Name { name, is_in_default_domain: true } => directory.project_named(name),
        Named::Name { is_in_default_domain: false, .. } => None,
    }
}
