//! Tells the plane what is: reports until they are answered, and heartbeats.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bus::guests::Link;
use domain::guest::{ActionResult, Heartbeat, Report, ReportAnswer, Revision, SettingsState};
use domain::time::Timestamp;
use tokio::sync::watch;

use super::Guest;
use super::journal::Journal;
use crate::backoff::Backoff;
use crate::control::Request;

/// The first wait after a report that was not taken.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// What the agent has made of the newest document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Observed {
    revision: Revision,
    results: Vec<ActionResult>,
    settings: Option<SettingsState>,
}

impl From<&Journal> for Observed {
    fn from(journal: &Journal) -> Self {
        Self {
            revision: journal.revision(),
            results: journal.results(),
            settings: journal.settings(),
        }
    }
}

/// Reports each change until it is answered.
pub(crate) struct Reporter {
    guest: Arc<Guest>,
    link: Link,
    observed: watch::Receiver<Observed>,
}

impl Reporter {
    pub(crate) fn new(guest: Arc<Guest>, link: Link, observed: watch::Receiver<Observed>) -> Self {
        Self { guest, link, observed }
    }

    /// Never ends.
    pub(crate) async fn run(mut self) {
        let mut healths = self.guest.health.subscribe();
        let mut backoff = Backoff::new(FIRST_WAIT);
        let unknown_wait = Duration::from_millis(self.guest.spec.desired_poll_ms);
        loop {
            let Observed { revision, results, settings } =
                self.observed.borrow_and_update().clone();
            let health = healths.borrow_and_update().clone();
            let report = Report { revision, health, results, settings };
            let again = match self.link.report(&report).await {
                Ok(ReportAnswer::Recorded) => {
                    backoff.reset();
                    None
                }
                // It may become known: a report can overtake the news of its instance.
                Ok(ReportAnswer::Unknown) => Some(unknown_wait),
                Ok(ReportAnswer::TryAgain) => Some(backoff.after(Duration::ZERO)),
                Err(error) => {
                    tracing::warn!(error = %telemetry::Chain(&error), "Report was not answered.");
                    Some(backoff.after(Duration::ZERO))
                }
            };
            tokio::select! {
                // The senders live as long as this.
                _ = self.observed.changed() => {}
                _ = healths.changed() => {}
                () = tokio::time::sleep(again.unwrap_or(Duration::MAX)), if again.is_some() => {}
            }
        }
    }
}

/// How the instance is now.
pub(crate) async fn heartbeat(guest: &Guest) -> Heartbeat {
    let status = guest.shim.ask(Request::Status { usage: true, log_tail: 0 }).await;
    let usage = match status {
        Ok(status) => status.usage.filter(|_| status.prepared),
        Err(error) => {
            tracing::debug!(error = %telemetry::Chain(&error), "No status from the shim.");
            None
        }
    };
    Heartbeat {
        sent: now(),
        health: guest.health.now(),
        volume_used_bytes: usage.map(|usage| usage.used_bytes),
        volume_size_bytes: usage.map(|usage| usage.size_bytes),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
