//! How the server is, as a value that changes only when something has happened.
//!
//! Every change becomes a fact in the plane's log, so nothing that comes and goes by itself may
//! stand in it: a server that keeps falling over is down until it answers, not down and starting
//! by turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::guest::DatabaseHealth;
use tokio::sync::{Notify, watch};

use super::Guest;
use super::shim_client::ShimError;
use super::start::tells_of_a_full_volume;
use crate::control::{End, LOG_TAIL_MAX, ServerState, Status};
use crate::engine::{EngineError, Guard};

/// Between two looks at a server that is well, or known not to be.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at one that is about to answer.
const LOOK_EVERY_STARTING: Duration = Duration::from_millis(50);

/// Whoever was started this short a time ago is silent because it ended before.
const LATELY_MS: u64 = 10_000;
/// Who takes longer to start does not start; recovering a large server takes minutes.
const STARTING_MAX_MS: u64 = 600_000;

/// The server's health, for all who tell it.
#[derive(Debug)]
pub(crate) struct Health {
    value: watch::Sender<DatabaseHealth>,
    preparing: AtomicBool,
    look_now: Notify,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            value: watch::Sender::new(DatabaseHealth::Unknown),
            preparing: AtomicBool::new(false),
            look_now: Notify::new(),
        }
    }
}

impl Health {
    /// As it is now.
    pub(crate) fn now(&self) -> DatabaseHealth {
        self.value.borrow().clone()
    }

    /// As it becomes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<DatabaseHealth> {
        self.value.subscribe()
    }

    /// Says whether the server is just being prepared.
    pub(crate) fn set_preparing(&self, preparing: bool) {
        self.preparing.store(preparing, Ordering::Relaxed);
        self.look_now();
    }

    /// Says that something may have changed.
    pub(crate) fn look_now(&self) {
        self.look_now.notify_one();
    }
}

/// Looks at the server again and again.
pub(crate) struct Watcher {
    guest: Arc<Guest>,
    /// How often the server had ended by itself when it was last looked at.
    ends: Option<u32>,
}

impl Watcher {
    pub(crate) fn new(guest: Arc<Guest>) -> Self {
        Self { guest, ends: None }
    }

    /// Never ends.
    pub(crate) async fn watch(&mut self) {
        let guest = self.guest.clone();
        let health = &guest.health;
        loop {
            let now = self.look().await;
            let period =
                if now == DatabaseHealth::Starting { LOOK_EVERY_STARTING } else { LOOK_EVERY };
            health.value.send_if_modified(|before| {
                let changed = *before != now;
                if changed {
                    tracing::info!(?before, ?now, "Health has changed.");
                    *before = now;
                }
                changed
            });
            tokio::select! {
                () = tokio::time::sleep(period) => {}
                () = health.look_now.notified() => {}
            }
        }
    }

    async fn look(&mut self) -> DatabaseHealth {
        let silence = match self.guest.engine.ping().await {
            Ok(()) => {
                let now = match self.guest.engine.guard() {
                    Guard::Lifted => DatabaseHealth::Up,
                    Guard::Held => DatabaseHealth::Full,
                };
                return self.missed_end().await.unwrap_or(now);
            }
            Err(error) => error,
        };
        let health = &self.guest.health;
        let preparing = health.preparing.load(Ordering::Relaxed);
        match self.status().await {
            Ok((status, is_full)) => judge(health.now(), (&silence, is_full), &status, preparing),
            // A shim that is away for a moment says nothing about the server.
            Err(error) => {
                tracing::debug!(error = %telemetry::Chain(&error), "No status from the shim.");
                health.now()
            }
        }
    }

    /// A server that answers may have ended and come back since the last look. Until the next one
    /// it is told as down, so that whoever lost a session finds out why.
    async fn missed_end(&mut self) -> Option<DatabaseHealth> {
        let status = self.guest.shim.status_and_log(0).await.ok()?;
        let before = self.ends.replace(status.ends);
        let has_ended = before.is_some_and(|before| status.ends > before);
        let was_up = matches!(self.guest.health.now(), DatabaseHealth::Up | DatabaseHealth::Full);
        let cause = status.last_end.filter(|_| has_ended && was_up)?.to_string();
        Some(DatabaseHealth::Down { cause })
    }

    /// How the server is, and whether its log tells of a full volume: only an end is worth
    /// reading it for.
    async fn status(&self) -> Result<(Status, bool), ShimError> {
        let status = self.guest.shim.status_and_log(0).await?;
        if lately_ended(&status).is_none() {
            return Ok((status, false));
        }
        let status = self.guest.shim.status_and_log(LOG_TAIL_MAX).await?;
        let log = status.log_tail.as_deref().unwrap_or_default();
        let is_full = tells_of_a_full_volume(&self.guest.engine.complaints(log));
        Ok((status, is_full))
    }
}

/// The health of a server that did not answer well, and whose log may tell of a full volume.
fn judge(
    before: DatabaseHealth,
    (silence, is_full): (&EngineError, bool),
    status: &Status,
    preparing: bool,
) -> DatabaseHealth {
    let down = |cause: String| DatabaseHealth::Down { cause };
    if preparing && !before.answers() {
        return DatabaseHealth::Starting;
    }
    match (&status.server, &before) {
        (ServerState::Resting, _) if !status.prepared => DatabaseHealth::Unknown,
        (ServerState::Resting | ServerState::Stopping { .. }, _) => down("stopped".to_owned()),
        (
            ServerState::Running { ran_ms, .. },
            DatabaseHealth::Unknown | DatabaseHealth::Starting,
        ) if lately_ended(status).is_none() && *ran_ms < STARTING_MAX_MS => {
            DatabaseHealth::Starting
        }
        (ServerState::Running { .. } | ServerState::Ended, _)
            if is_full && lately_ended(status).is_some() =>
        {
            down("the volume is full".to_owned())
        }
        // The first cause stands until the server answers again.
        (ServerState::Running { .. } | ServerState::Ended, DatabaseHealth::Down { .. }) => before,
        (ServerState::Running { .. } | ServerState::Ended, _) => {
            match (silence, lately_ended(status)) {
                (EngineError::Silent(_), Some(end)) => down(end.to_string()),
                (_, _) => down(silence.to_string()),
            }
        }
    }
}

/// How the server ended, when that explains why it is silent now.
fn lately_ended(status: &Status) -> Option<&End> {
    let explains = match status.server {
        ServerState::Running { ran_ms, .. } => ran_ms < LATELY_MS,
        ServerState::Resting | ServerState::Ended | ServerState::Stopping { .. } => true,
    };
    status.last_end.as_ref().filter(|_| explains)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> EngineError {
        EngineError::Silent("refused".into())
    }

    fn status(server: ServerState, signal: Option<i32>) -> Status {
        Status {
            prepared: true,
            wanted: true,
            server,
            ends: 0,
            last_end: signal.map(|signal| End {
                code: None,
                signal: Some(signal),
                out_of_memory: false,
            }),
            usage: None,
            log_tail: None,
        }
    }

    const RUNNING: ServerState = ServerState::Running { pid: 7, ran_ms: 10 };

    #[test]
    fn a_server_that_was_never_up_is_starting() {
        for before in [DatabaseHealth::Unknown, DatabaseHealth::Starting] {
            let now = judge(before, (&silent(), false), &status(RUNNING, None), false);
            assert_eq!(now, DatabaseHealth::Starting);
        }
    }

    #[test]
    fn a_server_that_keeps_falling_over_is_down_until_it_answers() {
        let ended = status(ServerState::Ended, Some(9));
        let down = judge(DatabaseHealth::Up, (&silent(), false), &ended, false);
        assert_eq!(down, DatabaseHealth::Down { cause: "ended by signal 9".to_owned() });
        let running = status(RUNNING, Some(6));
        assert_eq!(judge(down.clone(), (&silent(), false), &running, false), down);
        assert_eq!(judge(down.clone(), (&silent(), false), &ended, false), down);
    }

    #[test]
    fn a_full_volume_is_the_cause_whatever_else_was_before() {
        let full = DatabaseHealth::Down { cause: "the volume is full".to_owned() };
        let ended = status(ServerState::Ended, Some(6));
        let killed = DatabaseHealth::Down { cause: "ended by signal 9".to_owned() };
        for before in [DatabaseHealth::Up, killed, full.clone()] {
            assert_eq!(judge(before, (&silent(), true), &ended, false), full);
        }
        // Its complaints are of a server that runs on.
        let hangs = judge(DatabaseHealth::Up, (&silent(), true), &status(RUNNING, None), false);
        assert_ne!(hangs, full);
    }

    #[test]
    fn a_server_that_hangs_or_shuts_its_agent_out_is_down() {
        let hangs = judge(DatabaseHealth::Up, (&silent(), false), &status(RUNNING, None), false);
        assert_eq!(hangs, DatabaseHealth::Down { cause: "the server does not answer".to_owned() });
        let later = ServerState::Running { pid: 7, ran_ms: LATELY_MS };
        assert_eq!(
            judge(DatabaseHealth::Up, (&silent(), false), &status(later, Some(9)), false),
            hangs
        );
        let never = ServerState::Running { pid: 7, ran_ms: STARTING_MAX_MS };
        assert_eq!(
            judge(DatabaseHealth::Starting, (&silent(), false), &status(never, None), false),
            hangs
        );
        let shut = EngineError::NoEntry { message: "no".to_owned() };
        let shut = judge(DatabaseHealth::Up, (&shut, false), &status(RUNNING, Some(9)), false);
        let cause = "the server does not let its agent in: no".to_owned();
        assert_eq!(shut, DatabaseHealth::Down { cause });
    }

    #[test]
    fn nothing_is_known_of_a_server_that_was_never_asked_for() {
        let mut nothing = status(ServerState::Resting, None);
        nothing.prepared = false;
        let now = judge(DatabaseHealth::Unknown, (&silent(), false), &nothing, false);
        assert_eq!(now, DatabaseHealth::Unknown);
        let preparing = judge(DatabaseHealth::Unknown, (&silent(), false), &nothing, true);
        assert_eq!(preparing, DatabaseHealth::Starting);
    }
}
