//! Notices guests that fall silent, and that come back.
//!
//! Heartbeats are kept in memory only; what becomes a fact is the transition. A taskmanager that
//! has not itself listened for a whole silence period knows nothing, and even then it first asks.

use crate::core::Core;
use anyhow::{Context, bail};
use bus::guests::Guests as Bus;
use domain::guest::{Heartbeat, Query, Report, Revision};
use domain::ids::InstanceId;
use domain::instance::{Command, Instance, Live, Phase};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How long a guest may take to answer when it is asked whether it is there.
const QUERY_LIMIT: Duration = Duration::from_secs(2);

/// When each guest was last heard.
pub(crate) struct Listener {
    core: Arc<Core>,
    bus: Bus,
    began: Instant,
    heard: Mutex<HashMap<InstanceId, Instant>>,
}

impl Listener {
    /// Begins to listen.
    pub(crate) fn new(core: Arc<Core>, bus: Bus) -> Self {
        Self { core, bus, began: Instant::now(), heard: Mutex::default() }
    }

    async fn hear(&self, id: InstanceId, heartbeat: Heartbeat) {
        self.heard().insert(id, Instant::now());
        let Ok(Instance::Live(live)) = self.core.rows.instance(id) else { return };
        if live.agent_silent {
            self.note(id, Command::NoteReturn).await;
        }
        // Transitions are reported; this is for one that got lost, or that was reset.
        if matches!(live.phase, Phase::Active) && live.health != heartbeat.health {
            let revision = Revision::default();
            let (health, results) = (heartbeat.health, Vec::new());
            let report = Report { revision, health, results, settings: None };
            self.note(id, Command::Observe(report)).await;
        }
    }

    async fn listen(&self) -> anyhow::Result<()> {
        let mut heartbeats = self.bus.heartbeats().await.context("listen to heartbeats")?;
        while let Some((id, heartbeat)) = heartbeats.next().await {
            self.hear(id, heartbeat).await;
        }
        bail!("the connection to the bus is closed")
    }

    async fn watch(&self) {
        let mut period =
            tokio::time::interval(Duration::from_millis(self.core.limits.heartbeat_ms));
        loop {
            period.tick().await;
            self.look().await;
        }
    }

    async fn look(&self) {
        let live = match self.core.rows.instances(None, usize::MAX) {
            Ok(live) => live,
            Err(error) => {
                tracing::warn!(error = %telemetry::Chain(&error), "Rows not read.");
                return;
            }
        };
        let silence = Duration::from_millis(self.core.limits.silence_ms);
        self.heard().retain(|id, _| live.binary_search_by_key(id, |live| live.id).is_ok());
        for live in live.iter().filter(|live| is_watched(live)) {
            let heard = self.heard().get(&live.id).copied().unwrap_or(self.began);
            if heard.elapsed() < silence {
                continue;
            }
            match self.bus.query(live.id, Query::Health, QUERY_LIMIT).await {
                Ok(_) => {
                    self.heard().insert(live.id, Instant::now());
                }
                Err(_) => self.note(live.id, Command::NoteSilence).await,
            }
        }
    }

    async fn note(&self, id: InstanceId, command: Command) {
        match self.core.instruct(id, command).await {
            Ok(handled) if handled.news => {
                tracing::info!(instance_id = %id, "Guest's reachability changed.");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(instance_id = %id, error = %telemetry::Chain(&error), "Guest's reachability not recorded.");
            }
        }
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<InstanceId, Instant>> {
        self.heard.lock().expect("no code panics while it holds the lock")
    }
}

/// Listens and watches until `shutdown`.
///
/// # Errors
/// The connection was closed.
pub(crate) async fn run(
    listener: Arc<Listener>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    tokio::select! {
        () = shutdown.cancelled() => Ok(()),
        ended = listener.listen() => ended,
        () = listener.watch() => Ok(()),
    }
}

/// An instance at rest whose silence is not known yet.
fn is_watched(live: &Live) -> bool {
    matches!(live.phase, Phase::Active) && !live.agent_silent
}
