//! The first start of an instance's server, with its databases and users.
//!
//! # Invariants
//! - Each step leaves what it is to leave, whether it was there or not, so all of it may be
//!   repeated; a server that runs already is not started again.
//! - Nobody but the agent logs in before its password is set: what the server reads before it
//!   listens says so.

use domain::guest::{ActionCause, Database, Desired, UserToMake};

use super::Guest;
use super::action::{ActionError, failed, passwords_to_make, users_to_make};
use super::settings;
use super::start::{forget_welcome, wait_for_login, welcome_agent};
use crate::control::{Request, ServerState};

/// Leaves a running server with these databases and users.
pub(crate) async fn run(
    guest: &Guest,
    document: &Desired,
    databases: &[Database],
    users: &[UserToMake],
) -> Result<(), ActionError> {
    // Opened first: what can't be read must not be found out half-way.
    let passwords = passwords_to_make(guest, users)?;
    ensure_server(guest, document).await?;
    for database in databases {
        guest.engine.ensure_database(database).await?;
    }
    for user in users_to_make(users, &passwords) {
        guest.engine.ensure_user(&user).await?;
    }
    Ok(())
}

async fn ensure_server(guest: &Guest, document: &Desired) -> Result<(), ActionError> {
    let status = guest.shim.status_and_log(0).await?;
    let runs = matches!(status.server, ServerState::Running { .. });
    if !runs {
        let program = &guest.spec.server.program;
        if !program.exists() {
            let detail = format!("there is no program {}", program.display());
            return Err(failed(ActionCause::EngineMissing, detail));
        }
        guest.shim.ask(Request::Prepare).await?;
        settings::check(guest, document).await?;
        settings::write(guest, &document.settings)?;
        welcome_agent(guest)?;
    }
    let started = guest.shim.ask(Request::Start).await?;
    if let Err(error) = wait_for_login(guest, started.ends).await {
        // A creation that has failed is taken back: there is nothing to keep trying for.
        if matches!(error, ActionError::Failed(_)) {
            guest.shim.ask(Request::Stop).await?;
        }
        return Err(error);
    }
    forget_welcome(guest)?;
    Ok(())
}
