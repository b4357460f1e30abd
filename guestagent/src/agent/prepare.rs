//! The first start of an instance's server, with its databases and users.
//!
//! # Invariants
//! - Each step leaves what it is to leave, whether it was there or not, so all of it may be
//!   repeated; a server that runs already is not started again.
//! - Nobody but the agent logs in before its password is set: the server runs the init file
//!   before it listens.

use std::io;
use std::time::{Duration, Instant};

use domain::guest::{ActionCause, ActionFailure, Database, Desired, UserToMake};
use domain::guest_spec::Layout;
use zeroize::Zeroizing;

use super::Guest;
use super::converge::{for_server, write_settings};
use super::shim_client::ShimError;
use crate::control::{LOG_TAIL_MAX, RefusalCause, Request, ServerState, Status};
use crate::engine::{EngineError, User};
use crate::files;

/// How long a server may take until it lets its agent in.
const START_MAX: Duration = Duration::from_secs(90);
/// Between two attempts to log in.
const LOGIN_EVERY: Duration = Duration::from_millis(20);
/// A server that ends so often while it is being prepared won't start.
const ENDS_MAX: u32 = 2;
/// How many of the server's own lines go into a failure.
const LINES_MAX: usize = 3;

/// Why a preparation has not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    /// It never will.
    #[error("it can't be done: {}", .0.detail)]
    Failed(ActionFailure),
    /// Something is in its way that may go.
    #[error("it has to wait: {0}")]
    Blocked(String),
}

impl From<io::Error> for PrepareError {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return failed(ActionCause::DiskFull, error.to_string());
        }
        Self::Blocked(error.to_string())
    }
}

impl From<ShimError> for PrepareError {
    fn from(error: ShimError) -> Self {
        match error {
            ShimError::Silent(_) => Self::Blocked(telemetry::Chain(&error).to_string()),
            ShimError::Refused { cause, detail } => match cause {
                RefusalCause::TemplateMissing => failed(ActionCause::EngineMissing, detail),
                RefusalCause::VolumeFull => failed(ActionCause::DiskFull, detail),
                RefusalCause::VolumeMissing
                | RefusalCause::NotPrepared
                | RefusalCause::NotUnderstood
                | RefusalCause::Io => failed(ActionCause::ServerWontStart, detail),
            },
        }
    }
}

impl From<EngineError> for PrepareError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Silent(_) => Self::Blocked(telemetry::Chain(&error).to_string()),
            EngineError::DiskFull { .. } => failed(ActionCause::DiskFull, error.to_string()),
            EngineError::NoEntry { .. } | EngineError::Refused { .. } => {
                failed(ActionCause::Statement, error.to_string())
            }
        }
    }
}

fn failed(cause: ActionCause, detail: String) -> PrepareError {
    PrepareError::Failed(ActionFailure { cause, detail })
}

/// Leaves a running server with these databases and users.
pub(crate) async fn run(
    guest: &Guest,
    document: &Desired,
    databases: &[Database],
    users: &[UserToMake],
) -> Result<(), PrepareError> {
    // Opened first: what can't be read must not be found out half-way.
    let passwords = open_passwords(guest, users)?;
    ensure_server(guest, document).await?;
    for database in databases {
        guest.engine.ensure_database(database).await?;
    }
    for (user, password) in users.iter().zip(&passwords) {
        let user =
            User { name: &user.name, host: &user.host, password, databases: &user.databases };
        guest.engine.ensure_user(&user).await?;
    }
    Ok(())
}

fn open_passwords(
    guest: &Guest,
    users: &[UserToMake],
) -> Result<Vec<Zeroizing<String>>, PrepareError> {
    users
        .iter()
        .map(|user| {
            // Asked for again it comes sealed to the key that is ours now.
            let open = guest.key.open(&user.password);
            let bytes = open.map_err(|error| PrepareError::Blocked(error.to_string()))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| {
                failed(ActionCause::Statement, format!("the password of {} is no text", user.name))
            })?;
            Ok(Zeroizing::new(text.to_owned()))
        })
        .collect()
}

async fn ensure_server(guest: &Guest, document: &Desired) -> Result<(), PrepareError> {
    let layout = Layout(&guest.spec.directory);
    let init = layout.server_init();
    let status = guest.shim.status_and_log(0).await?;
    let runs = matches!(status.server, ServerState::Running { .. });
    if !runs {
        let program = &guest.spec.server.program;
        if !program.exists() {
            let detail = format!("there is no program {}", program.display());
            return Err(failed(ActionCause::EngineMissing, detail));
        }
        guest.shim.ask(Request::Prepare).await?;
        write_settings(guest, document)?.map_err(PrepareError::Failed)?;
        let words = Zeroizing::new(guest.engine.init_file());
        files::replace(&init, words.as_bytes(), for_server(&guest.spec))?;
    }
    let started = guest.shim.ask(Request::Start).await?;
    wait_for_login(guest, started.ends).await?;
    // The server names the file at each start, so it stays, with nothing in it.
    files::replace(&init, b"", for_server(&guest.spec))?;
    Ok(())
}

async fn wait_for_login(guest: &Guest, ends_before: u32) -> Result<(), PrepareError> {
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
            // A creation that has failed is taken back: there is nothing to keep trying for.
            let status = guest.shim.status_and_log(LOG_TAIL_MAX).await?;
            guest.shim.ask(Request::Stop).await?;
            return Err(wont_start(guest, &status, &error));
        }
        tokio::time::sleep(LOGIN_EVERY).await;
    }
}

/// What the server itself says about not starting.
fn wont_start(guest: &Guest, status: &Status, error: &EngineError) -> PrepareError {
    let log = status.log_tail.as_deref().unwrap_or_default();
    let lines = guest.engine.complaints(log);
    let mut said = vec![match &status.last_end {
        Some(end) => format!("the server {end}"),
        None => error.to_string(),
    }];
    said.extend(lines.iter().take(LINES_MAX).map(|line| (*line).to_owned()));
    let full = lines.iter().any(|line| {
        line.contains("No space left on device")
            || line.contains("errno: 28")
            || line.contains("OS error 28")
    });
    let cause = if full { ActionCause::DiskFull } else { ActionCause::ServerWontStart };
    failed(cause, said.join("; "))
}
