//! The one place where a gateway's parts are put together, started and ended.
//!
//! Order of ending: no new connections; open requests end, within a limit; only then the read
//! model rests, since a request may wait for it to see its write.

use crate::clock;
use crate::commands::Commands;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::heartbeats::{Heard, Heartbeats};
use crate::rates::Rates;
use crate::request::idempotency::{HashKey, HashKeyError};
use crate::revocations::LoggedRevocations;
use crate::router::router;
use axum::Router;
use axum::serve::ListenerExt as _;
use bus::authority::Identity;
use bus::commands::Commander;
use bus::guests::Guests as GuestsOnBus;
use bus::{Client, Connection, CredentialsSource};
use domain::instance::Instance;
use eventlog::jetstream::JetStreamLog;
use identity::embedded::{self, Embedded};
use readmodel::{FollowError, ReadModel};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often heartbeats of instances that are gone are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

const NO_PANIC: &str = "our tasks don't panic";

/// Why a gateway can't run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The state directory can't be made.
    #[error("make the state directory")]
    StateDir(#[source] io::Error),
    /// The address can't be listened on.
    #[error("listen for requests")]
    Listen(#[source] io::Error),
    /// The key for bodies can't be used.
    #[error("load the idempotency key")]
    HashKey(#[from] HashKeyError),
    /// The read model's directory can't be used.
    #[error("open the read model")]
    ReadModel(#[from] readmodel::OpenError),
    /// The identity service can't start.
    #[error("start the identity service")]
    Identity(#[from] embedded::OpenError),
    /// The bus refuses us.
    #[error("connect to the bus")]
    Bus(#[from] bus::ConnectError),
    /// The log can't be followed any more: an operator must look.
    #[error("follow the event log")]
    Follow(#[from] FollowError),
}

/// Serves until `shutdown`, then ends what is open.
///
/// # Errors
/// When a part can't start, or the log can't be followed any more.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), RunError> {
    std::fs::create_dir_all(&config.state_dir).map_err(RunError::StateDir)?;
    let hash_key = HashKey::read(&config.idempotency_key_file)?;
    let cache_bytes = config.cache_mib * 1024 * 1024;
    let read_model = ReadModel::open(&config.state_dir.join("readmodel"), cache_bytes)?;
    let listener = TcpListener::bind(config.listen).await.map_err(RunError::Listen)?;
    let Some(client) = connect(&config, &shutdown).await? else { return Ok(()) };
    let commands: Arc<dyn Commands> = Arc::new(Commander::new(client.clone()));
    let revocations = LoggedRevocations {
        read_model: read_model.clone(),
        commands: commands.clone(),
        limits: config.limits.clone(),
    };
    let identity = Arc::new(Embedded::open(&identity_config(&config), Arc::new(revocations))?);
    let log = Arc::new(JetStreamLog::new(client.clone()));
    let heartbeats = Arc::new(Heartbeats::default());
    let stop_limit = config.limits.stop();
    let rates = Rates::new(config.rate_limits);
    let gateway = Arc::new(Gateway {
        config,
        read_model: read_model.clone(),
        log: log.clone(),
        commands,
        guests: Arc::new(GuestsOnBus::new(client.clone())),
        identity: identity.clone(),
        heartbeats: heartbeats.clone(),
        hash_key,
        rates,
    });
    let rest = CancellationToken::new();
    let _rest_in_any_case = rest.clone().drop_guard();
    let hearing = tokio::spawn(hear(client, heartbeats, read_model.clone(), rest.clone()));
    let resting = rest.clone();
    let mut following = tokio::spawn(async move { read_model.follow(log, resting).await });
    let router = router(gateway, embedded::router(identity));
    let ended = tokio::select! {
        served = serve(listener, router, shutdown, stop_limit) => served.map_err(RunError::Listen),
        followed = &mut following => return Ok(followed.expect(NO_PANIC)?),
    };
    rest.cancel();
    following.await.expect(NO_PANIC)?;
    hearing.await.expect(NO_PANIC);
    tracing::info!("Gateway stopped.");
    ended
}

fn identity_config(config: &Config) -> embedded::Config {
    embedded::Config {
        users_file: config.identity.users_file.clone(),
        key_file: config.identity.token_key_file.clone(),
        public_url: config.public_endpoint.clone(),
    }
}

/// The bus, or nothing when asked to stop before it was there.
async fn connect(
    config: &Config,
    shutdown: &CancellationToken,
) -> Result<Option<Client>, bus::ConnectError> {
    let credentials = CredentialsSource::File(config.nats.credentials.clone());
    let connection = Connection::of(Identity::Gateway, config.nats.urls.clone(), credentials);
    tokio::select! {
        () = shutdown.cancelled() => Ok(None),
        connected = bus::connect(&connection) => connected.map(Some),
    }
}

/// Keeps what guests say, as long as the connection lasts.
async fn hear(
    client: Client,
    heartbeats: Arc<Heartbeats>,
    read_model: ReadModel,
    rest: CancellationToken,
) {
    let is_live = |id| matches!(read_model.instance(id), Ok(Instance::Live(_)));
    let Ok(mut beats) = GuestsOnBus::new(client).heartbeats().await else { return };
    let mut forget = tokio::time::interval(FORGET_EVERY);
    forget.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = rest.cancelled() => return,
            _ = forget.tick() => heartbeats.retain(is_live),
            beat = beats.next() => match beat {
                Some((id, beat)) if is_live(id) => {
                    heartbeats.keep(id, Heard { at: clock::now(), beat });
                }
                Some(_) => {}
                None => return,
            },
        }
    }
}

/// Serves until `shutdown`; then takes no more and ends what is open, within `limit`.
async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    limit: Duration,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "Gateway listens.");
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "Connection keeps its delay.");
        }
    });
    let stopping = shutdown.clone().cancelled_owned();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopping).into_future();
    let out_of_time = async {
        shutdown.cancelled().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        served = serving => served,
        () = out_of_time => {
            tracing::warn!("Gateway stops with requests still open.");
            Ok(())
        }
    }
}
