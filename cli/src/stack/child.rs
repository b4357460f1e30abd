//! A process of the control plane, kept running until it is stopped.
//!
//! # Invariants
//! - Its identity is on disk before its program begins, so that the next launcher can end it if
//!   this one is killed: it is started through `trove become`, which turns into it.
//! - It is in a process group of its own: the terminal's Ctrl-C reaches only the launcher.
//! - It inherits nothing of the launcher's environment but what is named here.

use super::log_file::{bound, tail};
use crate::console::{Console, seconds};
use crate::process::Process;
use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child as TokioChild, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The first restart is at once, in case that somebody killed a healthy process.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Whoever ran for so long did not end by its own fault: a wrong configuration ends it at once.
const HEALTHY_AFTER: Duration = Duration::from_secs(1);
/// How long an orderly stop of a process may take.
const STOP_MAX: Duration = Duration::from_secs(20);
const LOGS_EVERY: Duration = Duration::from_secs(30);
/// What to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The process's name: of its log and its identity file.
    pub(crate) name: String,
    /// What records the process and turns into it: [`super::starter`].
    pub(crate) starter: Vec<OsString>,
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<PathBuf>,
    pub(crate) log: PathBuf,
    pub(crate) identity: PathBuf,
}

/// A program that is started again whenever it ends.
#[derive(Debug)]
pub(crate) struct Child {
    program: Program,
    stop: CancellationToken,
    force: CancellationToken,
    ends: watch::Receiver<u32>,
    keeper: JoinHandle<()>,
}

impl Child {
    /// Starts the program and keeps it running.
    pub(crate) fn start(program: Program, console: Console) -> Self {
        let (stop, force) = (CancellationToken::new(), CancellationToken::new());
        let (counter, ends) = watch::channel(0);
        let keeper = Keeper {
            program: program.clone(),
            console,
            stop: stop.clone(),
            force: force.clone(),
            ends: counter,
        };
        Self { program, stop, force, ends, keeper: tokio::spawn(keeper.run()) }
    }

    /// Waits until `is_ready` says so, at most for `limit` and for a few ends of the process.
    pub(crate) async fn ready(
        &self,
        limit: Duration,
        mut is_ready: impl AsyncFnMut() -> bool,
    ) -> anyhow::Result<()> {
        const ENDS_MAX: u32 = 3;
        let until = Instant::now() + limit;
        loop {
            if is_ready().await {
                return Ok(());
            }
            let ends = *self.ends.borrow();
            if ends >= ENDS_MAX || Instant::now() >= until {
                let name = &self.program.name;
                let what = if ends >= ENDS_MAX {
                    format!("{name} has ended {ends} times")
                } else {
                    format!("{name} is not ready after {}", seconds(limit))
                };
                anyhow::bail!(
                    "{what}; the end of {}:\n{}",
                    self.program.log.display(),
                    tail(&self.program.log)
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks the process to end and waits for it; `force` ends it at once.
    pub(crate) async fn stop(self, force: &CancellationToken) {
        self.stop.cancel();
        let keeper = self.keeper;
        tokio::pin!(keeper);
        let ended = tokio::select! {
            ended = &mut keeper => ended,
            () = force.cancelled() => {
                self.force.cancel();
                keeper.await
            }
        };
        ended.expect("the keeper does not panic and nobody aborts it");
    }
}

/// Ends what an earlier launcher left running under these names.
pub(crate) fn end_leftovers(identities: &Path, console: &Console) -> anyhow::Result<()> {
    let mut leftovers = Vec::new();
    for entry in fs::read_dir(identities).context("look for processes of an earlier run")? {
        let path = entry?.path();
        if let Some(process) = Process::recorded(&path) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            leftovers.push((name, process));
        }
    }
    // Those that may start others end first; the bus, which all need, ends last.
    leftovers.sort_by_key(|(name, _)| name == super::NATS_SERVER);
    for (name, process) in leftovers {
        console.say(&format!("  Ending {name} (pid {}) of an earlier run.", process.pid()));
        process.end(STOP_MAX).with_context(|| format!("end {name} of an earlier run"))?;
    }
    Ok(())
}

struct Keeper {
    program: Program,
    console: Console,
    stop: CancellationToken,
    force: CancellationToken,
    ends: watch::Sender<u32>,
}

impl Keeper {
    async fn run(self) {
        let mut pause = PAUSE_FIRST;
        while !self.stop.is_cancelled() {
            let since = Instant::now();
            let outcome = match self.spawn() {
                Ok(mut child) => self.attend(&mut child).await,
                Err(error) => format!("could not be started: {error:#}"),
            };
            if self.stop.is_cancelled() {
                break;
            }
            self.ends.send_modify(|ends| *ends += 1);
            if since.elapsed() > HEALTHY_AFTER {
                pause = PAUSE_FIRST;
            }
            self.console.say(&format!(
                "{} {outcome}; starting it again in {}.",
                self.program.name,
                seconds(pause)
            ));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
            pause = (pause * 4).min(PAUSE_MAX);
        }
        // Absent is as good; a stale one names nobody.
        drop(fs::remove_file(&self.program.identity));
    }

    fn spawn(&self) -> anyhow::Result<TokioChild> {
        let Program { starter, path, arguments, log, identity, .. } = &self.program;
        bound(log).context("bound the log")?;
        let log = OpenOptions::new().create(true).append(true).open(log).context("open its log")?;
        let (starter, words) = starter.split_first().context("there is no starter")?;
        let mut command = Command::new(starter);
        command
            .args(words)
            .arg(identity)
            .arg(path)
            .args(arguments)
            .env_clear()
            .envs(["PATH", "TROVE_LOG"].into_iter().filter_map(inherited))
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("open its log")?)
            .stderr(log)
            .process_group(0);
        command.spawn().with_context(|| format!("start {}", path.display()))
    }

    /// Waits for the child's end, which may be asked for; says how it ended.
    async fn attend(&self, child: &mut TokioChild) -> String {
        let mut logs = tokio::time::interval(LOGS_EVERY);
        loop {
            tokio::select! {
                status = child.wait() => return outcome(status),
                () = self.stop.cancelled() => break,
                _ = logs.tick() => {
                    if let Err(error) = bound(&self.program.log) {
                        self.console.say(&format!("{}: its log: {error}", self.program.name));
                    }
                }
            }
        }
        // Not waited for yet, so the pid is its own.
        let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if let Some(Err(error)) = pid.map(|pid| kill_process(pid, Signal::TERM)) {
            self.console.say(&format!("{} can't be told to stop: {error}", self.program.name));
        }
        tokio::select! {
            status = child.wait() => return outcome(status),
            () = tokio::time::sleep(STOP_MAX) => {}
            () = self.force.cancelled() => {}
        }
        drop(child.start_kill());
        outcome(child.wait().await)
    }
}

fn inherited(name: &'static str) -> Option<(&'static str, OsString)> {
    std::env::var_os(name).map(|value| (name, value))
}

fn outcome(status: std::io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => format!("ended ({status})"),
        Err(error) => format!("could not be waited for ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;

    const LIMIT: Duration = Duration::from_secs(30);

    /// What [`super::super::starter::turn_into`] does, as a shell says it.
    const BECOME: &str = "printf '%s %s %s' $$ $(cut -d' ' -f22 /proc/$$/stat) \
        $(cat /proc/sys/kernel/random/boot_id) > $1; shift; exec \"$@\"";

    fn program(directory: &Path, script: &str) -> Program {
        Program {
            name: "part".to_owned(),
            starter: ["/bin/sh", "-c", BECOME, "become"].map(OsString::from).to_vec(),
            path: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            log: directory.join("part.log"),
            identity: directory.join("part.id"),
        }
    }

    #[tokio::test]
    async fn a_killed_program_is_started_again_and_a_stopped_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let program = program(directory.path(), "echo up; exec sleep 600");
        let (identity, log) = (program.identity.clone(), program.log.clone());
        let child = Child::start(program, Console::new());
        let lines = || fs::read_to_string(&log).unwrap_or_default().lines().count();
        child.ready(LIMIT, async || lines() == 1).await.unwrap();
        child.ready(LIMIT, async || Process::recorded(&identity).is_some()).await.unwrap();
        let process = Process::recorded(&identity).unwrap();
        process.signal(Signal::KILL).unwrap();
        child.ready(LIMIT, async || lines() == 2).await.unwrap();
        child.ready(LIMIT, async || Process::recorded(&identity).is_some()).await.unwrap();
        child.stop(&CancellationToken::new()).await;
        assert!(!identity.exists());
        assert_eq!(lines(), 2);
    }

    #[tokio::test]
    async fn a_program_that_keeps_ending_is_an_error_that_shows_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let child =
            Child::start(program(directory.path(), "echo no such key; exit 3"), Console::new());
        let error = child.ready(LIMIT, async || false).await.unwrap_err().to_string();
        assert!(error.contains("ended 3 times") && error.contains("no such key"), "{error}");
        child.stop(&CancellationToken::new()).await;
    }

    #[tokio::test]
    async fn who_does_not_listen_is_forced() {
        let directory = tempfile::tempdir().unwrap();
        let program = program(directory.path(), "trap '' TERM; echo up; while :; do sleep 1; done");
        let log = program.log.clone();
        let child = Child::start(program, Console::new());
        child.ready(LIMIT, async || log.exists() && !tail(&log).is_empty()).await.unwrap();
        let force = CancellationToken::new();
        force.cancel();
        let since = Instant::now();
        child.stop(&force).await;
        assert!(since.elapsed() < STOP_MAX / 2);
    }

    #[tokio::test]
    async fn what_an_earlier_launcher_left_is_ended() {
        let directory = tempfile::tempdir().unwrap();
        let mut orphan = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let identity = directory.path().join("gateway-0.id");
        fs::write(&identity, process::identity(orphan.id()).unwrap()).unwrap();
        end_leftovers(directory.path(), &Console::new()).unwrap();
        assert!(Process::recorded(&identity).is_none());
        orphan.wait().unwrap();
    }
}
