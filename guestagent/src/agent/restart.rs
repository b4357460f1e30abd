//! Stops the server and starts it again, once.
//!
//! # Invariants
//! - Which server is to go is on disk before it is told to: a repeat after a crash stops that
//!   one and no later one.
//! - Whatever comes of it, the server is wanted afterwards: one that does not start with new
//!   settings gets its former ones back, and one that does not start at all is tried again and
//!   again, as after any other end.

use std::time::{Duration, Instant};

use domain::guest::{ActionCause, DatabaseHealth, Desired};
use domain::ids::ActionId;

use super::Guest;
use super::action::{ActionError, failed};
use super::journal::{Journal, Settled};
use super::settings;
use super::shim_client::ShimError;
use super::start::{forget_welcome, wait_for_login, welcome_agent};
use crate::control::{Request, ServerState, Status};
use crate::process::Identity;

/// Longer than the shim waits before it kills a server, and for the killed one to be gone.
const STOP_MAX: Duration = Duration::from_secs(40);
/// Between two looks whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long the news that the server is up may take.
const HEALTH_MAX: Duration = Duration::from_secs(5);

/// Leaves a server that was started after the action, with the document's settings.
pub(crate) async fn run(
    guest: &Guest,
    journal: &mut Journal,
    document: &Desired,
    id: ActionId,
) -> Result<(), ActionError> {
    let status = guest.shim.status_and_log(0).await?;
    let running = identity(&status.server);
    let old = journal.server_to_stop(id);
    let is_new = old.is_some_and(|old| running.is_some() && running.as_deref() != old);
    let ends_before = if is_new {
        status.ends
    } else {
        let trial = settings::trial(guest, journal, document, id).await?;
        if journal.server_to_stop(id).is_none() {
            journal.start_restart(id, running.as_deref())?;
        }
        welcome_agent(guest)?;
        let stopped = stop(guest).await;
        if let (Ok(()), Some(trial)) = (&stopped, trial) {
            trial.begin(guest)?;
        }
        let started = guest.shim.ask(Request::Start).await?;
        stopped?;
        started.ends
    };
    match wait_for_login(guest, ends_before).await {
        Err(ActionError::Failed(failure)) if settings::is_on_trial(guest) => {
            let failure = settings::blame(guest, &failure)?;
            journal.fail(id, Settled::refused(document, failure.clone()))?;
            if let Err(error) = settings::reject(guest).await {
                tracing::error!(%error, "The former settings are not in force again.");
            }
            return Err(ActionError::Failed(failure));
        }
        ended => ended?,
    }
    forget_welcome(guest)?;
    settings::accept(guest, journal, document)?;
    wait_for_health(guest).await;
    Ok(())
}

/// Leaves the server stopped.
pub(crate) async fn stop(guest: &Guest) -> Result<(), ActionError> {
    let until = Instant::now() + STOP_MAX;
    let mut asked = guest.shim.ask(Request::Stop).await;
    loop {
        match asked {
            Ok(status) if status.server == ServerState::Resting => return Ok(()),
            // The shim is being replaced; the next one knows what is wanted.
            Ok(Status { .. }) | Err(ShimError::Silent(_)) if Instant::now() < until => {}
            Ok(Status { .. }) => {
                let detail = "the server does not end".to_owned();
                return Err(failed(ActionCause::ServerWontStart, detail));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK_EVERY).await;
        asked = guest.shim.status_and_log(0).await;
    }
}

/// Which process the server is.
fn identity(server: &ServerState) -> Option<String> {
    match server {
        ServerState::Running { pid, .. } | ServerState::Stopping { pid } => {
            Identity::of(*pid).ok().map(|identity| identity.to_string())
        }
        ServerState::Resting | ServerState::Ended => None,
    }
}

/// Waits until it is reported that the server is up, so that nobody who is told of the restart
/// still sees it down.
async fn wait_for_health(guest: &Guest) {
    guest.health.look_now();
    let mut health = guest.health.subscribe();
    let answers = health.wait_for(DatabaseHealth::answers);
    if tokio::time::timeout(HEALTH_MAX, answers).await.is_err() {
        tracing::warn!("The server let its agent in and is not up.");
    }
}
