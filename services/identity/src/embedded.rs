//! A small identity service inside the gateway: Keystone's v3 interface, as far as the usual
//! clients use it, over a users file.
//!
//! ```text
//! users file ──▶ Directory ──┐
//! key file ────▶ SigningKey ─┼─▶ Embedded ──▶ impl Identity   (every request of the gateway)
//! event log ───▶ Revocations ┘           └──▶ router()        (log-in, discovery, lists)
//! ```
//!
//! # Invariants
//! - A token is checked without any stored state but the revocations: any gateway with the same
//!   key file and users file accepts what another one issued.
//! - A token gives what it was issued for *and* what the users file still grants. It ends with
//!   its hour, with its revocation, with the password or credential it was got by, and is
//!   suspended while its user or project is disabled or the roles are gone.
//! - Unknown user, wrong password and disabled user are one answer, made the same way.
//! - Everything that this service shows is read-only but tokens: users are changed in the file.

mod catalog;
mod directory;
mod fault;
mod key;
mod log_in;
mod place;
mod request;
mod router;
mod routes;
mod session;
mod token;
mod view;
mod watched;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde::Deserialize;

use crate::users::UsersError;
use crate::{AuditId, Caller, Identity, IdentityError, ProjectId, Role, UserId};
use key::SigningKey;
use watched::WatchedUsers;

pub use key::{KeyError, generate_key};
pub use place::{NoHost, PublicUrl, challenge};
pub use router::router;

/// How long a token lasts; one made from another token ends with that one.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// Where the embedded service finds its things.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The users file ([`crate::users`]).
    pub users_file: PathBuf,
    /// The key that signs tokens, the same one for all gateways of a stack
    /// ([`generate_key`]). Another key ends every token.
    pub key_file: PathBuf,
    /// Scheme, host and port by which clients reach the gateway. Absent: `http` and the `Host`
    /// of each request, which is right unless a proxy stands in between.
    pub public_url: Option<PublicUrl>,
}

/// Which tokens were revoked. The gateway answers from its read model and records by command.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Whether the token of this audit id was revoked. Asked for every request, so it must
    /// not wait for anything.
    fn is_revoked(&self, audit_id: &str) -> bool;

    /// Records the revocation for good. Once this returns, [`Revocations::is_revoked`] says so
    /// here, and elsewhere soon. Repeating it does no harm.
    async fn revoke(&self, revocation: Revocation) -> Result<(), NotRecorded>;
}

/// A token that its holder, or an admin, has put out of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The token, and with it every token made from it if it is the first of its chain.
    pub audit_id: AuditId,
    /// From then on the token is dead anyway, so the revocation may be forgotten.
    pub expires_at: SystemTime,
    /// Who asked for it.
    pub by: Revoker,
}

/// Who revokes. Not a [`Caller`], as a token without a project may be revoked, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoker {
    /// The user.
    pub user_id: UserId,
    /// The project of the token that the request was made with.
    pub project_id: Option<ProjectId>,
    /// The roles there; empty without a project.
    pub roles: Vec<Role>,
}

/// The revocation may or may not have been recorded: the caller is told to repeat it.
#[derive(Debug, thiserror::Error)]
#[error("revocation was not recorded")]
pub struct NotRecorded(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Why the embedded service can't start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The users file is at fault.
    #[error("embedded identity service")]
    Users(#[from] UsersError),
    /// The key file is at fault.
    #[error("embedded identity service")]
    Key(#[from] KeyError),
}

/// Tells the time; a test's clock may be moved.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The embedded identity service.
pub struct Embedded {
    key: Arc<SigningKey>,
    users: WatchedUsers,
    revocations: Arc<dyn Revocations>,
    public_url: Option<PublicUrl>,
    clock: Clock,
}

impl Embedded {
    /// Reads both files, which must exist: see [`crate::users::generate`] and [`generate_key`].
    ///
    /// # Errors
    /// When one of the files can't be used; the error says what to do about it.
    pub fn open(config: &Config, revocations: Arc<dyn Revocations>) -> Result<Self, OpenError> {
        let key = Arc::new(SigningKey::read(&config.key_file)?);
        let users = WatchedUsers::open(config.users_file.clone(), Arc::clone(&key))?;
        let public_url = config.public_url.clone();
        Ok(Self { key, users, revocations, public_url, clock: Arc::new(SystemTime::now) })
    }

    /// The same service by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Whole seconds since 1970; tokens know no finer time.
    fn now_secs(&self) -> u64 {
        (self.clock)().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
    }
}

#[async_trait]
impl Identity for Embedded {
    async fn caller(&self, token: &str) -> Result<Caller, IdentityError> {
        self.session(token).and_then(|session| session.caller()).ok_or(IdentityError::Unauthorized)
    }
}
