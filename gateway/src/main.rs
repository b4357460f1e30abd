//! The Trove-compatible REST interface.

use anyhow::{Context, bail};
use gateway::Config;
use std::path::PathBuf;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    telemetry::start();
    let config = Config::read(&config_file()?).context("gateway's configuration")?;
    let shutdown = telemetry::stop_on_signal().context("listen to signals")?;
    Ok(gateway::run(config, shutdown).await?)
}

fn config_file() -> anyhow::Result<PathBuf> {
    let mut args = std::env::args_os().skip(1);
    match (args.next(), args.next(), args.next()) {
        (Some(flag), Some(file), None) if flag == "--config" => Ok(file.into()),
        _ => bail!("usage: trove-gateway --config FILE (see config/gateway.toml)"),
    }
}
