//! Brings the instance to what the newest document says.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bus::Client;
use bus::guests::{Link, Pokes};
use domain::guest::{Action, ActionBody, ActionOutcome, Desired, DesiredAnswer, DesiredRequest};
use domain::guest_spec::GuestSpec;
use tokio::sync::watch;

use super::Guest;
use super::action::{self, ActionError};
use super::journal::Journal;
use super::report::Observed;
use super::{restart, settings};
use crate::backoff::Backoff;
use crate::control::{Request, ServerState};
use crate::files::Access;

/// The first wait after a document could not be had, or not be followed.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Between two looks whether the connection was made anew.
const RECONNECT_LOOK: Duration = Duration::from_millis(500);

/// Whether a document has been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is nothing left to do.
    Settled,
    /// Something stands in the way that may go: try again.
    Blocked,
}

/// Follows documents, one after the other.
pub(crate) struct Converger {
    guest: Arc<Guest>,
    journal: Journal,
    observed: watch::Sender<Observed>,
}

impl Converger {
    pub(crate) fn new(
        guest: Arc<Guest>,
        journal: Journal,
        observed: watch::Sender<Observed>,
    ) -> Self {
        Self { guest, journal, observed }
    }

    /// Asks for the document when told to, after each connection, and from time to time; never
    /// ends.
    pub(crate) async fn run(mut self, link: &Link, request: &DesiredRequest, client: &Client) {
        let mut backoff = Backoff::new(FIRST_WAIT);
        let mut pokes = match link.pokes().await {
            Ok(pokes) => Some(pokes),
            Err(error) => {
                tracing::error!(%error, "Pokes are not heard.");
                None
            }
        };
        let poll = Duration::from_millis(self.guest.spec.desired_poll_ms.max(1));
        loop {
            let connects = connects(client);
            let progress = match link.desired(request).await {
                Ok(DesiredAnswer::Document(document)) => self.follow(&document).await,
                // What runs goes on running: ending it is the provisioner's.
                Ok(DesiredAnswer::None) => Progress::Settled,
                Err(error) => {
                    tracing::warn!(error = %telemetry::Chain(&error), "No document was had.");
                    Progress::Blocked
                }
            };
            let wait = match progress {
                Progress::Settled => {
                    backoff.reset();
                    poll
                }
                Progress::Blocked => backoff.after(Duration::ZERO).min(poll),
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = poked(&mut pokes) => {}
                () = reconnected(client, connects) => {}
            }
        }
    }

    async fn follow(&mut self, document: &Desired) -> Progress {
        let revision = document.revision;
        if revision < self.journal.revision() {
            tracing::info!(?revision, "An older document was ignored.");
            return Progress::Settled;
        }
        let followed = self.converge(document).await;
        self.tell();
        followed.unwrap_or_else(|error| {
            tracing::error!(%error, "The agent's files could not be written.");
            Progress::Blocked
        })
    }

    /// Has what the journal says reported, if it is news.
    fn tell(&self) {
        self.observed.send_if_modified(|observed| {
            let now = Observed::from(&self.journal);
            let changed = *observed != now;
            *observed = now;
            changed
        });
    }

    async fn converge(&mut self, document: &Desired) -> io::Result<Progress> {
        self.journal.see(document)?;
        let mut progress = Progress::Settled;
        if !document.actions.iter().any(starts_server) {
            progress = if document.is_stopped {
                self.keep_stopped().await
            } else {
                self.keep_running(document).await?
            };
        }
        let mut is_blocked = false;
        for action in &document.actions {
            // In order; but what waits for the server must not keep it from being restarted.
            let may_run = !is_blocked || action.body == ActionBody::Restart;
            if may_run && !self.journal.has_ended(action.id) {
                is_blocked |= self.act(document, action).await? == Progress::Blocked;
            }
        }
        Ok(if is_blocked { Progress::Blocked } else { progress })
    }

    async fn act(&mut self, document: &Desired, action: &Action) -> io::Result<Progress> {
        match action::run(&self.guest, &mut self.journal, document, action).await {
            Ok(()) => {
                tracing::info!(action = %action.id, "Action is done.");
                self.journal.end(action.id, &ActionOutcome::Done)?;
            }
            Err(ActionError::Failed(failure)) => {
                tracing::warn!(action = %action.id, ?failure, "Action has failed.");
                self.journal.end(action.id, &ActionOutcome::Failed(failure))?;
            }
            Err(ActionError::Blocked(error)) => {
                tracing::warn!(action = %action.id, %error, "Action has to wait.");
                return Ok(Progress::Blocked);
            }
        }
        self.tell();
        Ok(Progress::Settled)
    }

    async fn keep_stopped(&self) -> Progress {
        match restart::stop(&self.guest).await {
            Ok(()) => Progress::Settled,
            Err(error) => {
                tracing::warn!(%error, "The server was not stopped.");
                Progress::Blocked
            }
        }
    }

    /// What a document asks for whose actions don't start the server themselves: it runs, with
    /// the document's settings as far as a running server takes them.
    async fn keep_running(&mut self, document: &Desired) -> io::Result<Progress> {
        let wanted = match self.guest.shim.status_and_log(0).await {
            Ok(status) if !status.prepared => {
                tracing::error!("The server's data is not there.");
                return Ok(Progress::Blocked);
            }
            Ok(status) if status.wanted && status.server != ServerState::Resting => Ok(status),
            Ok(_) => self.guest.shim.ask(Request::Start).await,
            Err(error) => Err(error),
        };
        if let Err(error) = wanted {
            tracing::warn!(error = %telemetry::Chain(&error), "The server was not started.");
            return Ok(Progress::Blocked);
        }
        if settings::is_on_trial(&self.guest)
            && let Err(error) = settings::conclude(&self.guest, &mut self.journal, document).await
        {
            tracing::warn!(%error, "What a restart tried is not settled.");
            return Ok(Progress::Blocked);
        }
        settings::converge(&self.guest, &mut self.journal, document).await
    }
}

fn starts_server(action: &Action) -> bool {
    matches!(action.body, ActionBody::Prepare { .. } | ActionBody::Restart)
}

/// Leaves a directory for a file that is written for the server, which may look into it.
pub(crate) fn ensure_directory(file: &Path, spec: &GuestSpec) -> io::Result<()> {
    let Some(directory) = file.parent().filter(|directory| !directory.exists()) else {
        return Ok(());
    };
    fs::DirBuilder::new().mode(0o750).create(directory)?;
    if spec.uid.is_some() {
        chown(directory, None, spec.uid)?;
    }
    Ok(())
}

/// Who may read what is written for the server.
pub(crate) fn for_server(spec: &GuestSpec) -> Access {
    Access::readable_by(spec.uid)
}

fn connects(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}

async fn reconnected(client: &Client, before: u64) {
    while connects(client) == before {
        tokio::time::sleep(RECONNECT_LOOK).await;
    }
}

async fn poked(pokes: &mut Option<Pokes>) {
    if let Some(listening) = pokes
        && listening.next().await.is_some()
    {
        return;
    }
    *pokes = None;
    std::future::pending().await
}
