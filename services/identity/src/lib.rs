//! Who is calling: turns the token of a request into a [`Caller`].
//!
//! [`Identity`] is the port. [`embedded`] is its adapter for a stack that stands on its own: a
//! small token service that speaks enough of Keystone's v3 interface for the usual clients, with
//! its users in a private file ([`users`]).
//!
//! # Invariants
//! - A [`Caller`] always has a project: tokens without one are refused here.
//! - Neither a token nor a password is ever logged or shown by `Debug`.
//! - This crate knows nothing of the event log. Whoever embeds it tells it which tokens were
//!   revoked and records new revocations ([`embedded::Revocations`]).

mod caller;
pub mod embedded;
mod ids;
mod private_file;
mod roles;
pub mod users;

use async_trait::async_trait;

pub use caller::{AuditId, Caller, ProjectId, Role, UserId};
pub use private_file::PrivateFileError;

/// Says whose token it is.
#[async_trait]
pub trait Identity: Send + Sync {
    /// The caller that holds `token`, with its rights as they stand now.
    ///
    /// A token is as good as its user, project and roles: an answer holds for the request at
    /// hand and is not worth keeping.
    async fn caller(&self, token: &str) -> Result<Caller, IdentityError>;
}

/// Why there is no caller.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The token is missing, garbage, expired, revoked or for no project, or its user may no
    /// longer do anything there. All of these look alike from outside: answer 401.
    #[error("token is not valid")]
    Unauthorized,
    /// The identity service gave no answer, so nothing is known of the token: answer 503.
    #[error("identity service did not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
