//! The launcher of a test stack as a child process.
//!
//! # Invariant
//! The kernel tells the launcher to stop when the thread that started it ends, so that thread
//! does nothing but wait for it.

use super::{LIMIT, Options, place};
use anyhow::{Context as _, bail, ensure};
use guestagent::process::{Identity, Process};
use rustix::process::Signal;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;

/// A running launcher.
#[derive(Debug)]
pub(super) struct Launcher {
    process: Process,
    identity: Identity,
    output: PathBuf,
    waiter: JoinHandle<std::io::Result<ExitStatus>>,
}

impl Launcher {
    /// Starts it; what it says goes to a file beside the state directory.
    pub(super) fn start(options: &Options, state: &Path) -> anyhow::Result<Self> {
        let output = state.with_extension("out");
        let file = File::create(&output).context("keep the launcher's output")?;
        let mut command = command(options, state)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let (started, pid) = mpsc::sync_channel(1);
        let waiter = std::thread::spawn(move || {
            let mut child = command.spawn()?;
            // Not waited for before it is looked at, so that the pid stays its own.
            started.send(child.id().cast_signed()).map_err(std::io::Error::other)?;
            child.wait()
        });
        let Ok(pid) = pid.recv() else {
            let outcome = waiter.join();
            bail!("the launcher could not be started: {outcome:?}");
        };
        let process = Process::open(pid).context("hold the launcher")?;
        let identity = Identity::of(pid).context("name the launcher")?;
        Ok(Self { process, identity, output, waiter })
    }

    /// What it has said.
    pub(super) fn output(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Who it is.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Waits for the line with the word `ready`.
    pub(super) fn wait_until_ready(&self) -> anyhow::Result<()> {
        let until = std::time::Instant::now() + LIMIT;
        while !self.output().contains(" ready") {
            let has_ended = self.process.has_ended();
            ensure!(
                !has_ended && std::time::Instant::now() < until,
                "the stack did not become ready:\n{}",
                self.output()
            );
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Ok(())
    }

    /// Tells it to stop and waits for that.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.process.signal(Signal::TERM)?;
        if !self.process.wait_end(LIMIT) {
            self.process.signal(Signal::KILL)?;
        }
        let output = self.output();
        let status = self.waiter.join().map_err(|_| anyhow::anyhow!("the waiter panicked"))??;
        ensure!(status.success(), "the launcher ended with {status}:\n{output}");
        Ok(())
    }

    /// Kills it.
    pub(super) fn kill(self) -> anyhow::Result<Identity> {
        self.process.signal(Signal::KILL)?;
        let status = self.waiter.join().map_err(|_| anyhow::anyhow!("the waiter panicked"))??;
        ensure!(!status.success(), "the launcher had ended by itself");
        Ok(self.identity)
    }
}

/// Deletes a stack that does not run, wherever it lies.
pub(super) fn remove(options: &Options, state: &Path) -> anyhow::Result<()> {
    if !state.join("stack.toml").exists() {
        return Ok(());
    }
    let mut command = trove(options, state)?;
    command.args(["remove", "--delete-all-data", "--state-dir"]).arg(state);
    let output = command.output().context("start the remover")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn command(options: &Options, state: &Path) -> anyhow::Result<Command> {
    let images = match &options.images_dir {
        Some(directory) => directory.clone(),
        None => place::images_dir()?,
    };
    let mut command = trove(options, state)?;
    command.args(["stack", "--api-port", "0", "--state-dir"]).arg(state);
    command.arg("--images-dir").arg(images);
    command.args(["--dialect", options.dialect]);
    for (flag, value) in [
        ("--gateways", u64::from(options.gateways)),
        ("--taskmanagers", u64::from(options.taskmanagers)),
        ("--limits-divisor", options.limits_divisor),
        ("--demo", u64::from(options.has_demo)),
    ] {
        command.arg(flag).arg(value.to_string());
    }
    Ok(command)
}

/// The program `trove`, run as the user that the options name, and told to end when we do.
fn trove(options: &Options, state: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new("setpriv");
    let mut program = place::program("trove")?;
    if let Some(uid) = options.uid {
        let uid = uid.to_string();
        command.args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
        program = copied(state)?;
    }
    // After the change of user, which would clear it.
    command.args(["--pdeathsig", "TERM"]).arg(program);
    command.env_remove("TROVE_STATE_DIR").env_remove("TROVE_IMAGES_DIR");
    Ok(command)
}

/// A copy of our programs that another user can reach, since a build directory may be closed.
fn copied(state: &Path) -> anyhow::Result<PathBuf> {
    let directory = state.with_file_name("bin");
    if !directory.exists() {
        fs::create_dir(&directory).context("make a place for programs")?;
        for name in ["trove", "trove-gateway", "trove-taskmanager", "trove-guestagent"] {
            fs::copy(place::program(name)?, directory.join(name))
                .with_context(|| format!("copy {name}"))?;
        }
    }
    Ok(directory.join("trove"))
}
