//! The local stack: a whole control plane on this machine, in the foreground.
//!
//! # Invariants
//! - The order of the start: lock, unpack, nats-server, taskmanagers, gateways, `/healthcheck`
//!   green, `ready`. The order of an orderly stop: mark, agents and databases, gateways,
//!   taskmanagers, nats-server.
//! - Databases end only by an orderly stop: neither the launcher's death nor a failed start
//!   touches them, and the next start finds them serving.

mod child;
mod configs;
mod databases;
mod demo;
mod groups;
mod keys;
mod log_file;
mod nats;
mod place;
mod plane;
mod programs;
mod removal;
mod settings;
mod signals;
mod starter;
mod volumes;

use crate::console::Console;
use anyhow::Context as _;
pub(crate) use configs::{Local, local};
use place::Place;
use plane::{Plane, Ready};
pub(crate) use programs::own_guestagent;
pub(crate) use removal::{Removal, remove};
pub(crate) use settings::Settings;
use signals::Signals;
pub(crate) use starter::{Become, turn_into};
use std::fs;

/// The name of the bus among the processes.
const NATS_SERVER: &str = "nats-server";

/// Runs the stack until it is told to stop.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let console = Console::new();
    let signals = Signals::listen().context("listen to signals")?;
    let mut place = Place::open(&settings.state_dir)?;
    let mut plane = Plane::default();
    let outcome = tokio::select! {
        outcome = serve(&settings, &mut place, &console, &mut plane) => outcome,
        () = signals.stop.cancelled() => {
            stop_databases(&place, &console, &signals).await
        }
    };
    let had_parts = plane.has_parts();
    plane.stop(&signals.force).await;
    if outcome.is_ok() {
        // A taskmanager may have been in the middle of starting one.
        databases::stop(&place, &console, &signals.force).await;
        volumes::unmount_all(&place, &console)?;
        console.say(if had_parts { "The stack has stopped." } else { "Stopped." });
    }
    outcome
}

/// Brings everything up, and then waits for ever.
async fn serve(
    settings: &Settings,
    place: &mut Place,
    console: &Console,
    plane: &mut Plane,
) -> anyhow::Result<()> {
    let ready = plane.start(settings, place, console).await?;
    tell_ready(&ready, console);
    if settings.demo == 1 {
        // The stack is as good without a first instance.
        if let Err(error) = demo::run(place, &ready, console).await {
            console.say(&format!("The first instance was not made: {error:#}"));
        }
    }
    console.plain("\nCtrl-C stops the stack; `make run` brings it back with its data.");
    std::future::pending().await
}

async fn stop_databases(place: &Place, console: &Console, signals: &Signals) -> anyhow::Result<()> {
    console.say("Stopping; once more to stop waiting.");
    fs::write(place.stopping(), "").context("mark the stack as stopping")?;
    databases::stop(place, console, &signals.force).await;
    Ok(())
}

fn tell_ready(ready: &Ready, console: &Console) {
    let Ready { base, clouds, .. } = ready;
    let openstack = format!(
        "OS_CLIENT_CONFIG_FILE={} openstack --os-cloud trove-demo database",
        clouds.display()
    );
    console.say(&format!("The stack is ready: {base}"));
    for (number, url) in ready.others.iter().enumerate() {
        console.plain(&format!("          gateway {}        {url}", number + 1));
    }
    console.plain(&format!(
        "          identity         {base}/identity/v3
          nats-server      {}
          clouds.yaml      {} (trove-demo, trove-admin)

  {openstack} instance list
  {openstack} flavor list
  {openstack} instance create shop --flavor db.small --size 1 --databases shop --users anna:change-me
",
        ready.nats_url,
        clouds.display()
    ));
}
