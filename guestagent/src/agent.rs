//! The guest agent: brings one instance to what the plane wants it to be, and says how it is.
//!
//! # Invariants
//! - It may end and start again at any moment: what it has begun stands in its journal, and every
//!   step may be repeated. The server goes on meanwhile.
//! - It converges on the newest document it has seen and ignores older ones.
//! - It asks the shim to start and stop the server, and starts none itself; it runs the server's
//!   program only to have settings checked, and a canary to try them.
//!
//! ```text
//! a/guest.key        passwords in documents are sealed to its public half
//! a/admin.password   the agent's own at its server
//! a/journal.json     actions begun and ended, and the newest revision seen
//! a/agent.lock       one agent at a time
//! ```

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bus::connection::{Connection, CredentialsSource};
use bus::guests::Link;
use bus::seal::SecretKey;
use bus::{ConnectError, PrivateFileError};
use domain::guest::DesiredRequest;
use domain::guest_spec::{GuestSpec, Layout};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::canary;
use crate::engine::{self, DatabaseEngine};
use crate::spec::{self, SpecError};
use converge::Converger;
use health::{Health, Watcher};
use journal::Journal;
use report::{Observed, Reporter};
use shim_client::ShimClient;

mod action;
mod answer;
mod converge;
mod guard;
mod health;
mod journal;
mod logs;
mod prepare;
mod private;
mod report;
mod restart;
mod settings;
mod shim_client;
mod start;

/// Why an agent can't go on. The shim starts it again.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It does not know what to do.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Its own files can't be used.
    #[error("{what}")]
    Io {
        /// Which, or what else the system refused.
        what: &'static str,
        /// How.
        #[source]
        source: io::Error,
    },
    /// Its key can't be used.
    #[error("no usable key")]
    Key(#[from] PrivateFileError),
    /// It has no place on the bus.
    #[error("no connection to the bus")]
    Bus(#[from] ConnectError),
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> AgentError {
    move |source| AgentError::Io { what, source }
}

/// What all tasks of an agent share.
pub(crate) struct Guest {
    pub(crate) spec: GuestSpec,
    pub(crate) engine: Box<dyn DatabaseEngine>,
    pub(crate) shim: ShimClient,
    pub(crate) key: SecretKey,
    pub(crate) health: Health,
}

/// Runs the agent of the instance whose specification stands at `spec_path`, until it is told to
/// stop.
///
/// # Errors
/// See [`AgentError`].
pub fn run(spec_path: &Path) -> Result<(), AgentError> {
    let spec = spec::read(spec_path)?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io_error("start the runtime"))?
        .block_on(serve(spec))
}

async fn serve(spec: GuestSpec) -> Result<(), AgentError> {
    let stop = telemetry::stop_on_signal().map_err(io_error("listen to signals"))?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    let layout = Layout(&spec.directory);
    if let Err(error) = canary::clear(&spec) {
        // It is dying, and the next one will see to it.
        tracing::warn!(%error, "What a canary has left is still there.");
    }
    let password = private::ensure_password(&layout.agent().join("admin.password"))
        .map_err(io_error("use the administrator's password"))?;
    let journal =
        Journal::open(&layout.agent().join("journal.json")).map_err(io_error("use the journal"))?;
    let guest = Arc::new(Guest {
        engine: engine::adapter(&spec, password),
        shim: ShimClient::new(&layout.shim_socket()),
        key: SecretKey::ensure(&layout.agent().join("guest.key"))?,
        health: Health::default(),
        spec,
    });
    let connection = Connection::of_guest(
        guest.spec.instance,
        guest.spec.nats_urls.clone(),
        CredentialsSource::File(Layout(&guest.spec.directory).credentials()),
    );
    let mut watcher = Watcher::new(guest.clone());
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        () = watcher.watch() => Ok(()),
        () = guard::keep(&guest) => Ok(()),
        ended = talk(&guest, &connection, journal, &stop) => ended,
    }
}

/// Everything on the bus.
async fn talk(
    guest: &Arc<Guest>,
    connection: &Connection,
    journal: Journal,
    stop: &CancellationToken,
) -> Result<(), AgentError> {
    let client = bus::connect(connection).await?;
    let link = Link::new(client.clone(), guest.spec.instance);
    tracing::info!(instance_id = %guest.spec.instance, "Agent is on the bus.");
    let observed = watch::Sender::new(Observed::from(&journal));
    let reporter = Reporter::new(guest.clone(), link.clone(), observed.subscribe());
    let request = DesiredRequest { public_key: guest.key.public() };
    let converger = Converger::new(guest.clone(), journal, observed);
    let asked = guest.clone();
    tokio::join!(
        reporter.run(),
        converger.run(&link, &request, &client),
        beat(guest, &link),
        async {
            let served =
                link.serve_queries(stop, move |query| answer::answer(asked.clone(), query));
            if let Err(error) = served.await {
                tracing::error!(%error, "Questions are not answered any more.");
            }
        },
    );
    Ok(())
}

/// A sign of life, again and again.
async fn beat(guest: &Guest, link: &Link) {
    let mut period = tokio::time::interval(Duration::from_millis(guest.spec.heartbeat_ms.max(1)));
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        link.heartbeat(&report::heartbeat(guest).await).await;
    }
}
