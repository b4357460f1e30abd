//! The account `postgres`, by which a tenant administers its databases.
//!
//! # Invariants
//! - It owns the tenant's databases and may make more, sees what the server does, and may end
//!   others' sessions. It makes no accounts: who may do that here can run programs as the
//!   server's user, and so can a superuser.
//! - It is there from the template on, since it owns databases; it is let in while it is enabled.

use domain::engine::postgresql::ROOT;

use super::rights::{end_sessions, password};
use super::session::Session;
use super::sql::identifier;
use crate::engine::EngineError;

/// What it may do besides.
const ROLES: &str = "pg_monitor, pg_signal_backend, pg_checkpoint";

/// The statements by which it comes into being, let in by nobody.
pub(super) fn made() -> String {
    let root = identifier(ROOT);
    format!(
        "CREATE ROLE {root} NOLOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS; \
         GRANT {ROLES} TO {root}; GRANT CONNECT ON DATABASE postgres TO {root}"
    )
}

/// Leaves a root that may log in from anywhere with this password, and with no other.
pub(super) async fn enable(session: &Session, with: &str) -> Result<(), EngineError> {
    let root = identifier(ROOT);
    // Settings that it may have given itself.
    session.run(&format!("ALTER ROLE {root} RESET ALL")).await?;
    session.run(&format!("ALTER ROLE {root} LOGIN {}", password(with))).await
}

/// Leaves nobody who is let in as root, also none who is logged in.
pub(super) async fn disable(session: &Session) -> Result<(), EngineError> {
    let root = identifier(ROOT);
    session.run(&format!("ALTER ROLE {root} NOLOGIN PASSWORD NULL")).await?;
    end_sessions(session, ROOT, None).await
}
