//! Real nats-servers, each in a directory of its own on a port that the system chose.
//!
//! # Invariants
//! - A server ends with its [`Server`], by its own process id.
//! - A restart keeps port and store, so clients find it again.

use anyhow::{Context, bail, ensure};
use async_nats::{Client, ConnectOptions};
use images::{Store, Suite};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

const READY_MAX: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// The nats-servers that the project supports, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The newest that the archive has.
    Newest,
    /// The oldest with durable appends that is found in the field: 2.10.
    Oldest,
}

/// Gives the program of a release. Fetched at first, then kept in `TROVE_IMAGES_DIR` or else in
/// `images` below `directory`.
///
/// # Errors
/// The archive can't be reached, or has no such program.
pub async fn program(release: Release, directory: &Path) -> anyhow::Result<PathBuf> {
    let directory = std::env::var_os("TROVE_IMAGES_DIR")
        .map_or_else(|| directory.join("images"), PathBuf::from);
    let find = move || {
        let store = Store::open(&directory, Arc::new(()))?;
        match release {
            Release::Newest => store.ensure_nats_server(),
            Release::Oldest => store.ensure_nats_server_from(Suite::Trixie),
        }
    };
    Ok(tokio::task::spawn_blocking(find).await??.path)
}

/// When the server writes to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before it acknowledges.
    Always,
    /// Every two minutes, as an unconfigured server does.
    Seldom,
}

/// A running nats-server with the accounts `APP` (with JetStream) and `SYS`.
pub struct Server {
    program: PathBuf,
    directory: PathBuf,
    child: Option<Child>,
    port: u16,
    sync: Sync,
}

impl Server {
    /// Starts a server that acknowledges only what is on disk, and waits until it is ready.
    /// Everything it writes stands below `directory`.
    ///
    /// # Errors
    /// It can't be started or is not ready in time; its log is part of the error.
    pub async fn start(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        Self::start_with(program, directory, Sync::Always).await
    }

    /// Like [`Self::start`], with a choice.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_with(program: &Path, directory: &Path, sync: Sync) -> anyhow::Result<Self> {
        // A negative port lets the system choose.
        let port = 0;
        let (program, directory) = (program.to_owned(), directory.to_owned());
        let mut server = Self { program, directory, child: None, port, sync };
        server.launch().await?;
        Ok(server)
    }

    /// Where clients of the plane connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Where the streams are kept.
    pub fn store(&self) -> PathBuf {
        self.directory.join("store")
    }

    /// A connection as the plane's user.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn connect(&self) -> anyhow::Result<Client> {
        self.connect_as("app").await
    }

    /// A connection as a user of the system account.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn connect_system(&self) -> anyhow::Result<Client> {
        self.connect_as("sys").await
    }

    async fn connect_as(&self, user: &str) -> anyhow::Result<Client> {
        let options = ConnectOptions::with_user_and_password(user.to_owned(), user.to_owned());
        options.connect(self.url()).await.context("connect to the test's nats-server")
    }

    /// Ends it as a crash does.
    ///
    /// # Errors
    /// The process can't be waited for.
    pub async fn kill9(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.context("kill nats-server")?;
        }
        Ok(())
    }

    /// Starts it again after [`Self::kill9`], on its old port.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the server still runs");
        self.launch().await
    }

    async fn launch(&mut self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.directory)?;
        let configuration = self.directory.join("nats.conf");
        std::fs::write(&configuration, self.configuration())?;
        let until = Instant::now() + READY_MAX;
        while Instant::now() < until {
            let log = std::fs::File::create(self.log_file())?;
            let child = Command::new(&self.program)
                .arg("-c")
                .arg(&configuration)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .kill_on_drop(true)
                .spawn()
                .context("start nats-server")?;
            self.child = Some(child);
            if self.is_ready(until).await? {
                return Ok(());
            }
            // Between two starts another process may have borrowed the port for a moment.
            ensure!(self.port != 0, "nats-server ended: {}", self.log());
            sleep(LOOK).await;
        }
        bail!("nats-server is not ready: {}", self.log())
    }

    /// Waits until it listens; false when it ended instead.
    async fn is_ready(&mut self, until: Instant) -> anyhow::Result<bool> {
        let child = self.child.as_mut().context("a child was just started")?;
        let id = child.id().context("it was not waited for")?;
        while Instant::now() < until {
            if let Some(port) = port_of(&self.directory, id)? {
                self.port = port;
                return Ok(true);
            }
            if child.try_wait()?.is_some() {
                return Ok(false);
            }
            sleep(LOOK).await;
        }
        Ok(false)
    }

    fn configuration(&self) -> String {
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let directory = self.directory.display();
        let store = self.store();
        let sync = match self.sync {
            Sync::Always => ", sync_interval: always",
            Sync::Seldom => "",
        };
        format!(
            "host: 127.0.0.1\nport: {port}\nports_file_dir: \"{directory}\"\n\
             jetstream {{ store_dir: \"{}\"{sync} }}\n\
             system_account: SYS\n\
             accounts {{\n  SYS {{ users: [{{ user: sys, password: sys }}] }}\n  \
             APP {{ jetstream: enabled, users: [{{ user: app, password: app }}] }}\n}}\n",
            store.display()
        )
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("nats.log")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_else(|error| error.to_string())
    }
}

/// The port in the file that the process `id` writes once it listens.
fn port_of(directory: &Path, id: u32) -> anyhow::Result<Option<u16>> {
    let suffix = format!("_{id}.ports");
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if !path.to_string_lossy().ends_with(&suffix) {
            continue;
        }
        // Half-written: look again.
        let Ok(ports) = serde_json::from_slice::<Value>(&std::fs::read(&path)?) else {
            return Ok(None);
        };
        let url = ports["nats"][0].as_str().context("the ports file names a client port")?;
        let (_, port) = url.rsplit_once(':').context("the url ends with its port")?;
        return Ok(Some(port.parse()?));
    }
    Ok(None)
}
