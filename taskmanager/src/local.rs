//! Opens the `local` provisioner with this taskmanager's configuration.

use crate::catalogues::ImageParameters;
use crate::config::Config;
use crate::provisioner::local::{
    Addresses, EngineFiles, ImageCatalog, IsolationWish, Local, LocalConfig,
};
use anyhow::Context;
use domain::ids::{HostId, ImageId, derived};
use images::Store;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the launcher finds what isolation is in force, and by which it sees that this runs.
const REPORT: &str = "isolation.txt";

/// Opens the provisioner.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Local> {
    let config = config.clone();
    // It looks at files, programs and the kernel, and may have to fetch what is missing.
    tokio::task::spawn_blocking(move || open_blocking(&config)).await.context("look at the host")?
}

fn open_blocking(config: &Config) -> anyhow::Result<Local> {
    let local = local_config(config)?;
    let provisioner = Local::open(local).context("open the local provisioner")?;
    for sentence in provisioner.report() {
        tracing::info!(isolation = sentence, "Isolation in force.");
    }
    Ok(provisioner)
}

/// Writes into the state directory what isolation is in force. A launcher waits for it, and what
/// it starts then is to find all that is on offer in the log.
pub(crate) fn write_report(config: &Config, report: &[String]) -> anyhow::Result<()> {
    let file = config.state_dir.join(REPORT);
    std::fs::write(&file, report.join("\n") + "\n").context("write the isolation report")
}

fn local_config(config: &Config) -> anyhow::Result<LocalConfig> {
    let local = &config.local;
    let store = Store::open(&local.images_dir, Arc::new(())).context("open the images")?;
    let bubblewrap = store.ensure_tools().context("find bubblewrap")?.bwrap;
    Ok(LocalConfig {
        host: HostId(derived(&["host", &local.host])),
        stack_dir: local.stack_dir.clone(),
        instances_dir: local.instances_dir.clone(),
        range_locks: LocalConfig::range_locks_of_the_machine(),
        guestagent: local.guestagent.clone(),
        bubblewrap: Some(bubblewrap),
        images: catalog(store, local.guestagent.clone()),
        nats_urls: config.nats.guest_urls.clone(),
        heartbeat_ms: config.limits.heartbeat_ms,
        desired_poll_ms: config.limits.desired_poll_ms,
        addresses: Addresses::Auto,
        isolation: IsolationWish::Strongest,
        stop_max: LocalConfig::STOP_MAX,
    })
}

/// The parameters of images on this host.
///
/// # Errors
/// The images directory can't be used.
pub(crate) fn parameters(config: &Config) -> anyhow::Result<ImageParameters> {
    let store = Store::open(&config.local.images_dir, Arc::new(())).context("open the images")?;
    let guestagent = config.local.guestagent.clone();
    Ok(ImageParameters::new(move |ImageId(id)| {
        let Some(image) = store.engine(id)? else { return Ok(None) };
        let list = store.ensure_parameters(&image, &guestagent)?;
        Ok(list.map(|list| serde_json::from_slice(&list)).transpose()?)
    }))
}

/// Images are looked up when they are needed: one may be unpacked, or vanish, at any time.
fn catalog(store: Store, guestagent: PathBuf) -> ImageCatalog {
    ImageCatalog::new(move |ImageId(id)| {
        let Some(image) = store.engine(id)? else { return Ok(None) };
        let template = store.ensure_template(&image, Path::new(&guestagent))?;
        Ok(Some(EngineFiles { root: image.root, template }))
    })
}
