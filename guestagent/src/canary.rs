//! A canary: a server that is started with settings before another one is to take them, on data
//! that nobody needs, and ended again. It finds out what only a start can.
//!
//! # Invariants
//! - Program and command line are those of the instance's server, but for their places; nobody
//!   reaches it but the agent.
//! - It ends before the agent goes on, and with the agent, whatever ends that.
//! - What it can't find out, for want of time or room, it does not complain of.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddrV4;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use domain::guest_spec::{GuestSpec, Isolation, Layout, StopSignal, Volume};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use tokio::process::{Child, Command};

use crate::engine::{self, BadSetting};
use crate::files::{self, Access};
use crate::process::{self, Process};
use crate::shim::data::{self, PrepareError};
use crate::step;

/// How long it may take to let the agent in; one that is well takes a third of a second.
const START_MAX: Duration = Duration::from_secs(20);
/// How long it may take to end well, before it is killed.
const STOP_MAX: Duration = Duration::from_secs(5);
/// Between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// It opens nothing that is worth anything.
const PASSWORD: &str = "canary";
/// What it says, in its directory.
const LOG: &str = "log";

/// What a canary found out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Song {
    /// The server comes up.
    Up,
    /// It does not, and says this of it.
    Down(Vec<String>),
    /// Nobody knows.
    Silent(String),
}

/// Why there was no canary.
#[derive(Debug, thiserror::Error)]
enum CanaryError {
    #[error(transparent)]
    Data(#[from] PrepareError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Setting(#[from] BadSetting),
}

/// Starts a canary with these settings beside the server of `of`, and ends it.
pub(crate) async fn sing(of: &GuestSpec, settings: &BTreeMap<String, String>) -> Song {
    let song = match start(of, settings).await {
        Ok(song) => song,
        Err(error) => Song::Silent(telemetry::Chain(&error).to_string()),
    };
    match clear(of) {
        Ok(()) => song,
        Err(error) => Song::Silent(error.to_string()),
    }
}

/// Removes what a canary has left whose agent was killed.
pub(crate) fn clear(of: &GuestSpec) -> io::Result<()> {
    files::remove_tree(&Layout(&of.directory).canary())
}

async fn start(of: &GuestSpec, settings: &BTreeMap<String, String>) -> Result<Song, CanaryError> {
    let spec = beside(of);
    let layout = Layout(&spec.directory);
    files::remove_tree(&spec.directory)?;
    let engine = engine::adapter(&spec, PASSWORD.to_owned());
    let (entry, settings_file) = (engine.entry(), spec.manager.settings_file(&layout));
    let text = engine.settings_file(settings)?;
    fs::DirBuilder::new().mode(0o700).create(&spec.directory)?;
    for directory in [layout.agent(), layout.server_files(), layout.volume(), layout.temporary()] {
        fs::create_dir_all(directory)?;
    }
    files::replace(&settings_file, text.as_bytes(), Access::PRIVATE)?;
    files::replace(&entry.path, entry.text.as_bytes(), Access::PRIVATE)?;
    let own = spec.clone();
    let made = move || data::make_data(&own, &Layout(&own.directory).data());
    tokio::task::spawn_blocking(made).await.map_err(io::Error::other)??;
    data::ensure_logs(&spec)?;
    spec.server.links.iter().try_for_each(step::ensure_link)?;

    let mut child = spawn(&spec)?;
    let until = Instant::now() + START_MAX;
    let song = loop {
        if let Some(status) = child.try_wait()? {
            let said = fs::read(spec.directory.join(LOG))?;
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<_> = engine.complaints(&said).into_iter().map(str::to_owned).collect();
            break if lines.is_empty() {
                Song::Silent(status.to_string())
            } else {
                Song::Down(lines)
            };
        }
        if engine.ping().await.is_ok() {
            break Song::Up;
        }
        if Instant::now() >= until {
            break Song::Silent("it takes too long".to_owned());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    end(child, spec.server.stop_signal).await?;
    Ok(song)
}

/// The instance once more, in a directory of the agent's own, as small as it can be.
fn beside(of: &GuestSpec) -> GuestSpec {
    let directory = Layout(&of.directory).canary();
    let listen = SocketAddrV4::new(of.address, of.port);
    let mut server = of.manager.server_command(&of.image_root, &Layout(&directory), listen);
    server.args.push(of.manager.off_network().to_owned());
    GuestSpec {
        directory,
        server,
        uid: None,
        volume: Volume { mounted: false, ..of.volume },
        cgroups: Vec::new(),
        isolation: Isolation::Plain,
        ..of.clone()
    }
}

fn spawn(spec: &GuestSpec) -> io::Result<Child> {
    let log = files::create(&spec.directory.join(LOG), Access::PRIVATE)?;
    let server = &spec.server;
    Command::new("/proc/self/exe")
        .arg0(step::PROGRAM)
        .arg("canary")
        .arg(std::process::id().to_string())
        .arg(&server.program)
        .args(&server.args)
        .current_dir(server.directory.as_ref().unwrap_or(&spec.directory))
        .env_clear()
        .envs(server.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

/// Turns this process into a program that ends with its parent; returns only when that could not
/// be done. No code has to run between fork and exec.
pub fn turn_into(parent: i32, program: &str, args: &[String]) -> io::Error {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // It may have ended before that was asked for.
    if getppid().map(rustix::process::Pid::as_raw_pid) != Some(parent) {
        return io::Error::other("the agent has ended");
    }
    std::process::Command::new(program).args(args).exec()
}

async fn end(mut child: Child, signal: StopSignal) -> io::Result<()> {
    if let Some(pid) = child.id() {
        Process::open(pid.cast_signed())?.signal(process::stopping(signal))?;
        if tokio::time::timeout(STOP_MAX, child.wait()).await.is_err() {
            child.kill().await?;
        }
    }
    Ok(())
}
