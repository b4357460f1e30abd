//! The taskmanager: decides commands, appends events and drives provisioning.

use anyhow::{Context, bail};
use std::path::PathBuf;
use taskmanager::Config;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::start();
    let config = Config::read(&config_file()?).context("taskmanager's configuration")?;
    let shutdown = telemetry::stop_on_signal().context("listen to signals")?;
    taskmanager::run(config, shutdown).await
}

fn config_file() -> anyhow::Result<PathBuf> {
    let mut args = std::env::args_os().skip(1);
    match (args.next(), args.next(), args.next()) {
        (Some(flag), Some(file), None) if flag == "--config" => Ok(file.into()),
        _ => bail!("usage: trove-taskmanager --config FILE (see config/taskmanager.toml)"),
    }
}
