//! nats-server as a child: its configuration, and whether it answers.

use super::place::{self, Place};
use anyhow::Context as _;
use bus::authority::Authority;
use bus::server_config::ServerConfig;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;

/// How long its first line may take, and how long that line may be.
const GREETING_MAX: Duration = Duration::from_secs(2);
const GREETING_BYTES_MAX: u64 = 64 << 10;

/// Writes the server's configuration; gives its path.
pub(crate) fn write_config(place: &Place, authority: &Authority) -> anyhow::Result<PathBuf> {
    let directory = place.state().join("nats");
    let config = ServerConfig {
        name: server_name(place),
        host: "127.0.0.1".to_owned(),
        port: place.nats_port(),
        store_dir: directory.join("store"),
        jwt_dir: directory.join("jwt"),
    };
    let path = directory.join("server.conf");
    place::replace(&path, config.render(authority).as_bytes(), 0o600)
        .context("configure nats-server")?;
    Ok(path)
}

/// The address for clients.
pub(crate) fn url(place: &Place) -> String {
    format!("nats://127.0.0.1:{}", place.nats_port())
}

/// Whether this stack's server, and no other, greets at its port.
pub(crate) async fn answers(place: &Place) -> bool {
    let greeting = tokio::time::timeout(GREETING_MAX, greeting(place.nats_port())).await;
    let Ok(Ok(greeting)) = greeting else { return false };
    let Some(info) = greeting.strip_prefix("INFO ") else { return false };
    let info: serde_json::Value = serde_json::from_str(info).unwrap_or_default();
    info["server_name"] == server_name(place).as_str()
}

async fn greeting(port: u16) -> std::io::Result<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut line = String::new();
    BufReader::new(stream.take(GREETING_BYTES_MAX)).read_line(&mut line).await?;
    Ok(line)
}

/// Has the stack's id in it, so that another stack's server is not taken for ours.
fn server_name(place: &Place) -> String {
    format!("trove-{}", place.id())
}
