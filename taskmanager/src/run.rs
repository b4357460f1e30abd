//! Puts the taskmanager together and runs it until it is told to stop.

use crate::catalogues::{self, ImageParameters};
use crate::clock::now;
use crate::commands;
use crate::config::{Config, Nats};
use crate::core::{Core, internal};
use crate::effects::Effects;
use crate::errands::Errands;
use crate::guests::Guests;
use crate::keeper;
use crate::local;
use crate::provisioner::Provisioner;
use crate::register::register;
use crate::runner::Runner;
use crate::silence::{self, Listener};
use crate::sweep::sweep;
use crate::worker::Worker;
use anyhow::{Context, bail};
use bus::authority::{GuestMint, Identity};
use bus::guests::Guests as BusGuests;
use bus::seal::SecretKey;
use bus::secrets::SecretStore;
use bus::{Client, Connection, CredentialsSource};
use domain::aggregate::Key;
use domain::ids::{CommandId, LogId, derived};
use domain::plane::{self, Founding, Plane};
use eventlog::durability::prove_durability;
use eventlog::jetstream::{JetStreamLog, ensure_stream};
use eventlog::{EventLog, Folded, HandleError};
use readmodel::ReadModel;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Commands decided at once.
const COMMANDS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

/// Requests of guests answered at once, of each sort.
const GUEST_REQUESTS_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not 0");

/// Runs until `shutdown`.
///
/// # Errors
/// What keeps it from running, with what to do about it.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    let worker = Worker::of(&config.state_dir).context("open the state directory")?;
    let key = Arc::new(SecretKey::ensure(&config.sealing_key_file).context("sealing key")?);
    let client = connect(&config.nats, &config.nats.credentials, Identity::Taskmanager).await?;
    prove_durable(&config).await?;
    ensure_stream(&client, 1).await.context("open the event log")?;
    let secrets = Arc::new(SecretStore::new(client.clone()));
    secrets.ensure_stream().await.context("open the store of secrets")?;
    let log: Arc<dyn EventLog> = Arc::new(JetStreamLog::new(client.clone()));
    let rows = ReadModel::open(&config.state_dir.join("readmodel"), config.cache_mib << 20)?;
    let epoch = epoch_of(log.as_ref()).await?;
    let core = Core::new(log, rows, config.limits.clone(), (worker.id, epoch));
    let core = Arc::new(core);
    found(&core, &key).await?;

    let mut tasks = JoinSet::new();
    let (rows, log, stop) = (core.rows.clone(), core.log.clone(), shutdown.clone());
    tasks.spawn(async move { rows.follow(log, stop).await.context("follow the event log") });
    let provisioner = local::open(&config).await?;
    let isolation = provisioner.report();
    let provisioner: Arc<dyn Provisioner> = Arc::new(provisioner);
    tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        () = core.rows.caught_up() => {}
        Some(ended) = tasks.join_next() => ended??,
    }
    register(&core, &config, provisioner.capacity()).await?;
    local::write_report(&config, &isolation)?;
    let mint = GuestMint::open(&config.nats.guest_mint).context("open the guests' mint")?;
    let effects = Effects::new(provisioner.clone(), Arc::new(mint));
    let images = local::parameters(&config)?;
    let parts = Parts { core, secrets, key, client, effects, provisioner, images };
    parts.start(&mut tasks, &shutdown);
    tracing::info!(worker = %worker.id, epoch, "Taskmanager runs.");
    finish(tasks, &shutdown).await
}

/// Everything that runs side by side.
struct Parts {
    core: Arc<Core>,
    secrets: Arc<SecretStore>,
    key: Arc<SecretKey>,
    client: Client,
    effects: Effects,
    provisioner: Arc<dyn Provisioner>,
    images: ImageParameters,
}

impl Parts {
    fn start(self, tasks: &mut JoinSet<anyhow::Result<()>>, shutdown: &CancellationToken) {
        let Self { core, secrets, key, client, effects, provisioner, images } = self;
        let guests = Guests::new(core.clone(), secrets.clone(), key);
        let bus = BusGuests::new(client.clone());
        let listener = Arc::new(Listener::new(core.clone(), bus.clone()));
        let errands = Errands::new(bus, secrets.clone());
        let token = || shutdown.clone();
        tasks.spawn(serve_commands(client.clone(), core.clone(), secrets.clone(), token()));
        tasks.spawn(serve_guests(client, guests, token()));
        tasks.spawn(silence::run(listener, token()));
        tasks.spawn(lasting(Runner::run(core.clone(), effects.clone(), errands, token())));
        tasks.spawn(lasting(keeper::keep(core.clone(), provisioner, effects, token())));
        tasks.spawn(lasting(catalogues::keep(core.clone(), images, token())));
        tasks.spawn(lasting(sweep(core, secrets, token())));
    }
}

async fn lasting(part: impl Future<Output = ()>) -> anyhow::Result<()> {
    part.await;
    Ok(())
}

async fn serve_commands(
    client: Client,
    core: Arc<Core>,
    secrets: Arc<SecretStore>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let decide = move |envelope| {
        let (core, secrets) = (core.clone(), secrets.clone());
        async move { commands::decide(&core, &secrets, &envelope).await }
    };
    bus::commands::serve(&client, COMMANDS_MAX, &shutdown, decide).await.context("serve commands")
}

async fn serve_guests(
    client: Client,
    guests: Guests,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    bus::guests::serve(&client, GUEST_REQUESTS_MAX, &shutdown, guests).await.context("serve guests")
}

/// Waits for the stop, or for the first part that ends by itself, which ends all others.
async fn finish(
    mut tasks: JoinSet<anyhow::Result<()>>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        let ended = ended.context("a part of the taskmanager panicked").and_then(|result| result);
        if !shutdown.is_cancelled() {
            shutdown.cancel();
            return ended.and_then(|()| bail!("a part of the taskmanager ended by itself"));
        }
        ended?;
    }
    tracing::info!("Taskmanager stopped.");
    Ok(())
}

async fn connect(nats: &Nats, credentials: &Path, identity: Identity) -> anyhow::Result<Client> {
    let credentials = CredentialsSource::File(credentials.to_owned());
    let connection = Connection::of(identity, nats.urls.clone(), credentials);
    bus::connect(&connection).await.context("connect to the bus")
}

/// Asks the nats-server, as a user of its system account, how it writes to the disk.
async fn prove_durable(config: &Config) -> anyhow::Result<()> {
    let credentials = &config.nats.system_credentials;
    let system = connect(&config.nats, credentials, Identity::Launcher).await?;
    prove_durability(&system, config.durability).await.context("prove the log's durability")?;
    Ok(())
}

/// The epoch of the log, before anything of it is folded: the first one of an empty log.
async fn epoch_of(log: &dyn EventLog) -> anyhow::Result<u64> {
    let mut plane = Folded::<Plane>::default();
    for recorded in log.read(Key::plane(), 0).await.context("read the log's first commit")? {
        plane.apply(&recorded).context("read the log's first commit")?;
    }
    Ok(plane.state.founding.map_or(1, |founding| founding.epoch))
}

/// Begins the log, if nobody has; refuses one whose passwords this taskmanager could not open.
async fn found(core: &Core, key: &SecretKey) -> anyhow::Result<()> {
    let sealing_key = key.public();
    let founding = Founding { log_id: LogId(Uuid::now_v7()), epoch: core.epoch, sealing_key };
    let command_id = CommandId(derived(&["found", &format!("{sealing_key:?}")]));
    let command = plane::Command::Found(founding);
    match core.plane.handle(Key::plane(), &internal(command_id, command), now).await {
        Ok(_) => Ok(()),
        Err(HandleError::Rejected(plane::Rejection::FoundedWithAnotherKey)) => bail!(
            "the log was founded with another sealing key: give this taskmanager the key file \
             that the first one made"
        ),
        Err(error) => Err(error).context("found the log"),
    }
}
