//! Waits for a server that was started, and knows why one did not.

use std::io;
use std::time::{Duration, Instant};

use domain::guest::ActionCause;

use super::Guest;
use super::action::{ActionError, failed};
use super::converge::{ensure_directory, for_server};
use super::shim_client::ShimError;
use crate::control::{LOG_TAIL_MAX, Status};
use crate::engine::EngineError;
use crate::files;

/// How long a server may take until it lets its agent in.
const START_MAX: Duration = Duration::from_secs(90);
/// Between two attempts to log in.
const LOGIN_EVERY: Duration = Duration::from_millis(20);
/// A server that ends so often while it is waited for won't start.
const ENDS_MAX: u32 = 2;
/// How many of the server's own lines go into a failure.
pub(super) const LINES_MAX: usize = 3;

/// Has the next server let its agent in, whatever became of the agent's account.
pub(crate) fn welcome_agent(guest: &Guest) -> io::Result<()> {
    let entry = guest.engine.entry();
    ensure_directory(&entry.path, &guest.spec)?;
    files::replace(&entry.path, entry.text.as_bytes(), for_server(&guest.spec))
}

/// Takes what is secret of that out of the server's reach: the server names the file at each
/// start, so it stays, with nothing in it.
pub(crate) fn forget_welcome(guest: &Guest) -> io::Result<()> {
    let entry = guest.engine.entry();
    if !entry.is_secret {
        return Ok(());
    }
    files::replace(&entry.path, b"", for_server(&guest.spec))
}

/// Waits until the server lets its agent in. `ends_before` is how often it had ended when it was
/// started.
pub(crate) async fn wait_for_login(guest: &Guest, ends_before: u32) -> Result<(), ActionError> {
    let until = Instant::now() + START_MAX;
    loop {
        let Err(error) = guest.engine.ping().await else {
            return Ok(());
        };
        let status = match guest.shim.status_and_log(0).await {
            Ok(status) => status,
            // The shim is being replaced; the server stays.
            Err(ShimError::Silent(_)) if Instant::now() < until => {
                tokio::time::sleep(LOGIN_EVERY).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let ends = status.ends.saturating_sub(ends_before);
        if ends >= ENDS_MAX || Instant::now() >= until {
            let status = guest.shim.status_and_log(LOG_TAIL_MAX).await?;
            return Err(wont_start(guest, &status, &error));
        }
        tokio::time::sleep(LOGIN_EVERY).await;
    }
}

/// What the server itself says about not starting.
fn wont_start(guest: &Guest, status: &Status, error: &EngineError) -> ActionError {
    let log = status.log_tail.as_deref().unwrap_or_default();
    let lines = guest.engine.complaints(log);
    let mut said = vec![match &status.last_end {
        Some(end) => format!("the server {end}"),
        None => error.to_string(),
    }];
    said.extend(lines.iter().take(LINES_MAX).map(|line| (*line).to_owned()));
    let is_full = tells_of_a_full_volume(&lines);
    let cause = if is_full { ActionCause::DiskFull } else { ActionCause::ServerWontStart };
    failed(cause, said.join("; "))
}

/// Whether complaints of a server have a full volume as their cause.
pub(crate) fn tells_of_a_full_volume(complaints: &[impl AsRef<str>]) -> bool {
    let words = ["No space left on device", "errno: 28", "OS error 28"];
    complaints.iter().any(|line| words.iter().any(|word| line.as_ref().contains(word)))
}
