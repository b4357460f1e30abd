//! How the server is, as a value that changes only when something has happened.
//!
//! Every change becomes a fact in the plane's log, so nothing that comes and goes by itself may
//! stand in it: a server that keeps falling over is down until it answers, not down and starting
//! by turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::guest::DatabaseHealth;
use tokio::sync::{Notify, watch};

use super::Guest;
use super::shim_client::ShimError;
use super::start::tells_of_a_full_volume;
use crate::control::{End, LOG_TAIL_MAX, ServerState, Status};
use crate::engine::{EngineError, Guard};

/// Between two looks at a server that is well, or known not to be.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at one that is about to answer, or of which nothing can be said yet.
const LOOK_EVERY_SOON: Duration = Duration::from_millis(50);

/// Whoever was started this short a time ago is silent because it ended before.
const LATELY_MS: u64 = 10_000;
/// Silence of a server that runs is told after this time: whoever dies falls silent before its
/// parent can know how it ended.
const UNEXPLAINED_MAX: Duration = Duration::from_secs(3);
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
    silent_since: Option<Instant>,
}

impl Watcher {
    pub(crate) fn new(guest: Arc<Guest>) -> Self {
        Self { guest, ends: None, silent_since: None }
    }

    /// Never ends.
    pub(crate) async fn watch(&mut self) {
        let guest = self.guest.clone();
        let health = &guest.health;
        loop {
            let now = self.look().await;
            let period = match now {
                None | Some(DatabaseHealth::Starting) => LOOK_EVERY_SOON,
                Some(_) => LOOK_EVERY,
            };
            health.value.send_if_modified(|before| {
                let Some(now) = now.filter(|now| now != before) else {
                    return false;
                };
                tracing::info!(?before, ?now, "Health has changed.");
                *before = now;
                true
            });
            tokio::select! {
                () = tokio::time::sleep(period) => {}
                () = health.look_now.notified() => {}
            }
        }
    }

    /// Nothing when nothing can be said yet.
    async fn look(&mut self) -> Option<DatabaseHealth> {
        let silence = match self.guest.engine.ping().await {
            Ok(()) => {
                self.silent_since = None;
                let now = match self.guest.engine.guard() {
                    Guard::Lifted => DatabaseHealth::Up,
                    Guard::Held => DatabaseHealth::Full,
                };
                return Some(self.missed_end().await.unwrap_or(now));
            }
            Err(error) => error,
        };
        let lasts = self.silent_since.get_or_insert_with(Instant::now).elapsed();
        let health = &self.guest.health;
        let preparing = health.preparing.load(Ordering::Relaxed);
        let (status, is_full) = self
            .status()
            .await
            .inspect_err(|error| {
                tracing::debug!(error = %telemetry::Chain(error), "No status from the shim.");
            })
            // A shim that is away for a moment says nothing about the server.
            .ok()?;
        let silence = Silence { error: &silence, lasts, is_full };
        judge(health.now(), &silence, &status, preparing)
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

/// That a server did not answer well.
struct Silence<'a> {
    error: &'a EngineError,
    lasts: Duration,
    /// Whether its log tells of a full volume.
    is_full: bool,
}

/// The health of a server that did not answer well; nothing when that can't be said yet.
fn judge(
    before: DatabaseHealth,
    silence: &Silence<'_>,
    status: &Status,
    preparing: bool,
) -> Option<DatabaseHealth> {
    let down = |cause: String| Some(DatabaseHealth::Down { cause });
    if preparing && !before.answers() {
        return Some(DatabaseHealth::Starting);
    }
    match (&status.server, &before) {
        (ServerState::Resting, _) if !status.prepared => Some(DatabaseHealth::Unknown),
        (ServerState::Resting | ServerState::Stopping { .. }, _) => down("stopped".to_owned()),
        (
            ServerState::Running { ran_ms, .. },
            DatabaseHealth::Unknown | DatabaseHealth::Starting,
        ) if lately_ended(status).is_none() && *ran_ms < STARTING_MAX_MS => {
            Some(DatabaseHealth::Starting)
        }
        (ServerState::Running { .. } | ServerState::Ended, _)
            if silence.is_full && lately_ended(status).is_some() =>
        {
            down("the volume is full".to_owned())
        }
        // The first cause stands until the server answers again.
        (ServerState::Running { .. } | ServerState::Ended, DatabaseHealth::Down { .. }) => {
            Some(before)
        }
        (server @ (ServerState::Running { .. } | ServerState::Ended), _) => {
            let is_new = silence.lasts < UNEXPLAINED_MAX && *server != ServerState::Ended;
            match (silence.error, lately_ended(status)) {
                (EngineError::Silent(_), Some(end)) => down(end.to_string()),
                (EngineError::Silent(_), None) if is_new => None,
                (error, _) => down(error.to_string()),
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

    /// After silence that has lasted.
    fn judged(before: DatabaseHealth, status: &Status, preparing: bool) -> DatabaseHealth {
        let error = EngineError::Silent("refused".into());
        let silence = Silence { error: &error, lasts: UNEXPLAINED_MAX, is_full: false };
        judge(before, &silence, status, preparing).expect("something is said of it")
    }

    fn down(cause: &str) -> DatabaseHealth {
        DatabaseHealth::Down { cause: cause.to_owned() }
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
            let now = judged(before, &status(RUNNING, None), false);
            assert_eq!(now, DatabaseHealth::Starting);
        }
    }

    #[test]
    fn a_server_that_keeps_falling_over_is_down_until_it_answers() {
        let ended = status(ServerState::Ended, Some(9));
        let down = down("ended by signal 9");
        assert_eq!(judged(DatabaseHealth::Up, &ended, false), down);
        let running = status(RUNNING, Some(6));
        assert_eq!(judged(down.clone(), &running, false), down);
        assert_eq!(judged(down.clone(), &ended, false), down);
    }

    #[test]
    fn a_full_volume_is_the_cause_whatever_else_was_before() {
        let error = EngineError::Silent("refused".into());
        let silence = Silence { error: &error, lasts: UNEXPLAINED_MAX, is_full: true };
        let full = down("the volume is full");
        let ended = status(ServerState::Ended, Some(6));
        for before in [DatabaseHealth::Up, down("ended by signal 9"), full.clone()] {
            assert_eq!(judge(before, &silence, &ended, false).as_ref(), Some(&full));
        }
        // Its complaints are of a server that runs on.
        let hangs = judge(DatabaseHealth::Up, &silence, &status(RUNNING, None), false);
        assert_eq!(hangs, Some(down("the server does not answer")));
    }

    #[test]
    fn a_server_that_hangs_or_shuts_its_agent_out_is_down() {
        let hangs = judged(DatabaseHealth::Up, &status(RUNNING, None), false);
        assert_eq!(hangs, down("the server does not answer"));
        let later = ServerState::Running { pid: 7, ran_ms: LATELY_MS };
        assert_eq!(judged(DatabaseHealth::Up, &status(later, Some(9)), false), hangs);
        let never = ServerState::Running { pid: 7, ran_ms: STARTING_MAX_MS };
        assert_eq!(judged(DatabaseHealth::Starting, &status(never, None), false), hangs);
        let error = EngineError::NoEntry { message: "no".to_owned() };
        let shut = Silence { error: &error, lasts: Duration::ZERO, is_full: false };
        let shut = judge(DatabaseHealth::Up, &shut, &status(RUNNING, Some(9)), false);
        assert_eq!(shut, Some(down("the server does not let its agent in: no")));
    }

    #[test]
    fn silence_is_not_explained_before_its_cause_can_be_known() {
        let error = EngineError::Silent("refused".into());
        let first = Silence { error: &error, lasts: Duration::ZERO, is_full: false };
        let dying = status(ServerState::Running { pid: 7, ran_ms: LATELY_MS }, None);
        assert_eq!(judge(DatabaseHealth::Up, &first, &dying, false), None);
        let dead = status(ServerState::Ended, Some(9));
        let now = judge(DatabaseHealth::Up, &first, &dead, false);
        assert_eq!(now, Some(down("ended by signal 9")));
        // As one is for a shim that was not there when it ended.
        let gone = status(ServerState::Ended, None);
        let now = judge(DatabaseHealth::Up, &first, &gone, false);
        assert_eq!(now, Some(down("the server does not answer")));
    }

    #[test]
    fn nothing_is_known_of_a_server_that_was_never_asked_for() {
        let mut nothing = status(ServerState::Resting, None);
        nothing.prepared = false;
        let now = judged(DatabaseHealth::Unknown, &nothing, false);
        assert_eq!(now, DatabaseHealth::Unknown);
        let preparing = judged(DatabaseHealth::Unknown, &nothing, true);
        assert_eq!(preparing, DatabaseHealth::Starting);
    }
}
