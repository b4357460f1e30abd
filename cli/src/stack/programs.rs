//! The programs that a stack runs: ours, which lie beside the launcher, and the unpacked ones.

use super::place::{self, Place};
use super::starter::starter;
use crate::console::Console;
use anyhow::Context as _;
use images::{EngineImage, MARIADB_10_11, NatsServer, POSTGRESQL_15, Recipe, Store};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;
use std::time::Instant;

/// An engine of the stack.
#[derive(Debug)]
pub(crate) struct Offer {
    /// What it is unpacked by.
    pub(crate) recipe: &'static Recipe,
    /// The datastores that it serves.
    pub(crate) datastores: &'static [Datastore],
}

/// A datastore with its one version.
#[derive(Debug)]
pub(crate) struct Datastore {
    /// Its name.
    pub(crate) name: &'static str,
    /// The version's name.
    pub(crate) version: &'static str,
    /// The version's manager.
    pub(crate) manager: &'static str,
}

/// The engines of the stack; the first one serves the first instance.
pub(crate) const OFFERS: [Offer; 2] = [
    Offer {
        recipe: &MARIADB_10_11,
        datastores: &[
            Datastore { name: "mariadb", version: "10.11", manager: "mariadb" },
            Datastore { name: "mysql", version: "mariadb-10.11", manager: "mysql" },
        ],
    },
    Offer {
        recipe: &POSTGRESQL_15,
        datastores: &[Datastore { name: "postgresql", version: "15", manager: "postgresql" }],
    },
];

/// All of them, ready to be run.
#[derive(Debug)]
pub(crate) struct Programs {
    /// What every process of the plane is started through.
    pub(crate) starter: Vec<OsString>,
    pub(crate) images_dir: PathBuf,
    pub(crate) nats_server: NatsServer,
    /// In the order of [`OFFERS`].
    pub(crate) engines: Vec<EngineImage>,
    pub(crate) gateway: PathBuf,
    pub(crate) taskmanager: PathBuf,
    pub(crate) guestagent: PathBuf,
}

/// Makes sure that all programs and the engine's template are there.
pub(crate) async fn ensure(
    place: &Place,
    images_dir: Option<&Path>,
    console: &Console,
) -> anyhow::Result<Programs> {
    let since = Instant::now();
    let images_dir = images_dir.map_or_else(|| place.base().join("images"), Path::to_owned);
    let beside = beside_us()?;
    let guestagent = install_guestagent(&beside, place)?;
    let (progress, for_template) = (console.as_progress(), guestagent.clone());
    let unpack = move || -> Result<_, images::Error> {
        let store = Store::open(&images_dir, progress)?;
        let (nats_server, engines) = unpack_all(&store, &for_template)?;
        Ok((store.path().to_owned(), nats_server, engines))
    };
    let (images_dir, nats_server, engines) =
        tokio::task::spawn_blocking(unpack).await?.context("unpack programs")?;
    let titles: Vec<String> = OFFERS
        .iter()
        .zip(&engines)
        .map(|(offer, image)| {
            let name = offer.recipe.title.split(' ').next().unwrap_or(offer.recipe.title);
            format!("{name} {}", image.version_number)
        })
        .collect();
    console.done(
        since,
        &format!("nats-server {}, {} are unpacked.", nats_server.version, titles.join(", ")),
    );
    Ok(Programs {
        starter: starter()?,
        images_dir,
        nats_server,
        engines,
        gateway: program(&beside, "trove-gateway")?,
        taskmanager: program(&beside, "trove-taskmanager")?,
        guestagent,
    })
}

/// Unpacks everything at once: where nothing is there yet, most of the time goes into waiting for
/// the archive and into making templates.
fn unpack_all(
    store: &Store,
    guestagent: &Path,
) -> Result<(NatsServer, Vec<EngineImage>), images::Error> {
    store.ensure_tools()?;
    let engine = |offer: &'static Offer| {
        let image = store.ensure_engine(offer.recipe)?;
        store.ensure_template(&image, guestagent)?;
        Ok(image)
    };
    std::thread::scope(|scope| {
        let engines: Vec<_> =
            OFFERS.iter().map(|offer| scope.spawn(move || engine(offer))).collect();
        let nats_server = store.ensure_nats_server();
        let engines: Result<Vec<_>, _> = engines.into_iter().map(joined).collect();
        Ok((nats_server?, engines?))
    })
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The directory of the launcher's own executable.
fn beside_us() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("find the launcher's own program")?;
    Ok(own.parent().context("find the launcher's own directory")?.to_owned())
}

/// The guestagent that was built with the launcher.
pub(crate) fn own_guestagent() -> anyhow::Result<PathBuf> {
    program(&beside_us()?, "trove-guestagent")
}

fn program(directory: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = directory.join(name);
    anyhow::ensure!(
        path.is_file(),
        "{} is not there: build it with `make build`, it belongs beside the launcher",
        path.display()
    );
    Ok(path)
}

/// A copy where users of instances can start it, which stays the same while a build goes on.
fn install_guestagent(beside: &Path, place: &Place) -> anyhow::Result<PathBuf> {
    let built = program(beside, "trove-guestagent")?;
    let installed = place.base().join("bin/trove-guestagent");
    let content = fs::read(&built).with_context(|| format!("read {}", built.display()))?;
    if fs::read(&installed).is_ok_and(|there| there == content) {
        fs::set_permissions(&installed, fs::Permissions::from_mode(0o755))
            .context("make the guestagent executable")?;
    } else {
        place::replace(&installed, &content, 0o755)?;
    }
    Ok(installed)
}
