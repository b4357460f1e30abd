//! A whole local stack for one test or for many: real launcher, real servers, own directory.
//!
//! # Invariants
//! - A stack ends with its [`Stack`], databases included, and also when the process of the test
//!   is killed: the launcher is told by the kernel.
//! - Everything is ended by its own identity, never by name; ports are chosen by the system.
//! - Stacks share nothing but unpacked engines, which nobody changes.

mod client;
mod engine;
mod launcher;
mod openstack;
mod own_images;
mod people;
mod place;
mod python;
mod sql;
mod trove;

pub use client::{Answer, Api, creation};
pub use engine::Engine;
pub use openstack::{Ended, OpenStack, Session};
pub use own_images::OwnImages;
pub use people::Person;
pub use place::{images_dir, program, wait_for, wait_for_async, wait_within};
pub use python::environment;
pub use sql::{Sql, SqlSession};
pub use trove::{Refusal, Trove};

use anyhow::{Context as _, bail, ensure};
use bus::{Connection, CredentialsSource};
use eventlog::JetStreamLog;
use guestagent::process::{Identity, Process};
use launcher::Launcher;
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a machine that compiles at the same time; nothing takes so long when all is
/// well.
pub const LIMIT: Duration = Duration::from_secs(90);

/// How a stack differs from the usual one.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many gateways.
    pub gateways: u16,
    /// How many taskmanagers.
    pub taskmanagers: u16,
    /// By what the limits of production are divided.
    pub limits_divisor: u64,
    /// How the API's answers are written.
    pub dialect: &'static str,
    /// Another user to run it as; only root can.
    pub uid: Option<u32>,
    /// Where the stack's directory is made, instead of where temporary files are.
    pub parent: Option<PathBuf>,
    /// Own images instead of those that all stacks share.
    pub images_dir: Option<PathBuf>,
    /// Whether the state directory is closed to other users.
    pub is_closed: bool,
    /// Whether a first instance is made.
    pub has_demo: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gateways: 1,
            taskmanagers: 1,
            limits_divisor: 1,
            dialect: "trove",
            uid: None,
            parent: None,
            images_dir: None,
            is_closed: false,
            has_demo: false,
        }
    }
}

/// A process that can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The launcher itself.
    Launcher,
    /// The bus and the log.
    NatsServer,
    /// The gateway of that number.
    Gateway(u16),
    /// The taskmanager of that number.
    Taskmanager(u16),
    /// The shim of the instance of that id.
    Shim(&'a str),
    /// The agent of the instance of that id.
    Agent(&'a str),
    /// The database server of the instance of that id.
    Server(&'a str),
}

/// A running (or stopped) stack.
#[derive(Debug)]
pub struct Stack {
    options: Options,
    launcher: Mutex<Option<Launcher>>,
    people: people::People,
    suspended: Mutex<Vec<Process>>,
    /// Whether something was killed, suspended or broken.
    is_disturbed: AtomicBool,
    // Last, so that the directory goes after everything in it has ended.
    directory: TempDir,
}

impl Stack {
    /// Starts a stack in a directory of its own, and waits until it is ready.
    ///
    /// # Errors
    /// It did not become ready; the launcher's output is part of the error.
    pub fn start(options: Options) -> anyhow::Result<Self> {
        let parent = options.parent.clone().unwrap_or_else(std::env::temp_dir);
        let directory = tempfile::Builder::new()
            .prefix("tv-")
            .tempdir_in(parent)
            .context("make a directory")?;
        // Below a closed directory, root's stack moves its instances elsewhere.
        let mode = if options.is_closed { 0o700 } else { 0o711 };
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode))?;
        if let Some(uid) = options.uid {
            chown(directory.path(), Some(uid), Some(uid)).context("give the directory away")?;
        }
        let people = people::People::new(directory.path().join("s"));
        let (launcher, suspended) = (Mutex::new(None), Mutex::default());
        let is_disturbed = AtomicBool::new(options.images_dir.is_some());
        let stack = Self { options, launcher, people, suspended, is_disturbed, directory };
        stack.start_again()?;
        Ok(stack)
    }

    /// The stack that all tests of this process share which stop and kill nothing. It ends when
    /// the last of them is done.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn shared() -> anyhow::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Stack>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(stack) = shared.upgrade() {
            return Ok(stack);
        }
        let stack = Arc::new(Self::start(Options::default())?);
        *shared = Arc::downgrade(&stack);
        Ok(stack)
    }

    /// Starts the launcher again after it was stopped or killed, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_again(&self) -> anyhow::Result<()> {
        let mut launcher = self.launcher();
        ensure!(launcher.is_none(), "the launcher runs already");
        let started = launcher.insert(Launcher::start(&self.options, self.state())?);
        started.wait_until_ready()
    }

    /// Stops the stack as Ctrl-C does, databases included.
    ///
    /// # Errors
    /// It did not end in time, or unhappily.
    pub fn stop(&self) -> anyhow::Result<()> {
        match self.launcher().take() {
            Some(launcher) => launcher.stop(),
            None => Ok(()),
        }
    }

    /// Kills a process with SIGKILL, and gives back who it was.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&self, part: Part<'_>) -> anyhow::Result<Identity> {
        self.is_disturbed.store(true, Ordering::Relaxed);
        if part == Part::Launcher {
            let launcher = self.launcher().take().context("the launcher does not run")?;
            return launcher.kill();
        }
        let identity = self.identity(part)?;
        let process = Process::adopt(&identity).with_context(|| format!("no {part:?} runs"))?;
        process.signal(Signal::KILL)?;
        ensure!(process.wait_end(LIMIT), "{part:?} survived SIGKILL");
        Ok(identity)
    }

    /// Stops a process where it is, without its noticing, until [`Self::resume_all`].
    ///
    /// # Errors
    /// It does not run.
    pub fn suspend(&self, part: Part<'_>) -> anyhow::Result<()> {
        self.is_disturbed.store(true, Ordering::Relaxed);
        let identity = match part {
            Part::Launcher => {
                let launcher = self.launcher();
                launcher.as_ref().context("the launcher does not run")?.identity().clone()
            }
            Part::NatsServer
            | Part::Gateway(_)
            | Part::Taskmanager(_)
            | Part::Shim(_)
            | Part::Agent(_)
            | Part::Server(_) => self.identity(part)?,
        };
        let process = Process::adopt(&identity).with_context(|| format!("no {part:?} runs"))?;
        process.signal(Signal::STOP)?;
        self.suspended().push(process);
        Ok(())
    }

    /// Lets all go on that were suspended.
    pub fn resume_all(&self) {
        for process in self.suspended().drain(..) {
            if let Err(error) = process.signal(Signal::CONT) {
                place::tell(&format!("pid {} can't go on: {error}", process.pid()));
            }
        }
    }

    /// Who a part is now, alive or not.
    ///
    /// # Errors
    /// It was never there.
    pub fn identity(&self, part: Part<'_>) -> anyhow::Result<Identity> {
        let run = |name: String| Ok(self.state().join("run").join(format!("{name}.id")));
        let instance = |id: &str, name: &str| -> anyhow::Result<PathBuf> {
            Ok(self.instances()?.join(id).join(format!("{name}.id")))
        };
        let file = match part {
            Part::Launcher => bail!("the launcher leaves no identity"),
            Part::NatsServer => run("nats-server".to_owned()),
            Part::Gateway(number) => run(format!("gateway-{number}")),
            Part::Taskmanager(number) => run(format!("taskmanager-{number}")),
            Part::Shim(id) => instance(id, "shim"),
            Part::Agent(id) => instance(id, "agent"),
            Part::Server(id) => instance(id, "server"),
        }?;
        let line = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        line.parse().ok().with_context(|| format!("{} is no identity", file.display()))
    }

    /// Whether a part runs.
    pub fn runs(&self, part: Part<'_>) -> bool {
        self.identity(part).is_ok_and(|identity| Process::adopt(&identity).is_some())
    }

    /// The state directory.
    pub fn state(&self) -> &Path {
        self.people.state()
    }

    /// Where directories of instances lie.
    ///
    /// # Errors
    /// The stack was never started.
    pub fn instances(&self) -> anyhow::Result<PathBuf> {
        Ok(place::base(self.state())?.join("i"))
    }

    /// What the launcher has said since it was started last.
    pub fn output(&self) -> String {
        self.launcher().as_ref().map(Launcher::output).unwrap_or_default()
    }

    /// Where the gateway of that number is reached.
    ///
    /// # Errors
    /// There is none.
    pub fn url(&self, gateway: usize) -> anyhow::Result<String> {
        let port = place::gateway_port(self.state(), gateway)?;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    /// The log, as a gateway reads it.
    ///
    /// # Errors
    /// The bus does not let a gateway in.
    pub async fn log(&self) -> anyhow::Result<JetStreamLog> {
        let credentials = CredentialsSource::File(self.state().join("keys/gateway.creds"));
        let urls = vec![place::nats_url(self.state())?];
        let connection = Connection::of(bus::authority::Identity::Gateway, urls, credentials);
        Ok(JetStreamLog::new(bus::connect(&connection).await.context("connect to the bus")?))
    }

    /// A new user with the role `member` in a project of its own.
    ///
    /// # Errors
    /// The users file could not be changed.
    pub fn person(&self) -> anyhow::Result<Person> {
        self.people.add()
    }

    /// The user that the stack made by itself: `admin` or `demo`.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn first_person(&self, name: &str) -> anyhow::Result<Person> {
        self.people.first(name)
    }

    /// A session of that user at the first gateway.
    ///
    /// # Errors
    /// The log-in was refused.
    pub async fn api(&self, person: &Person) -> anyhow::Result<Api> {
        Api::log_in(&self.url(0)?, person).await
    }

    /// OpenStack's own command line, as that user.
    ///
    /// # Errors
    /// It could not be installed.
    pub fn openstack(&self, person: &Person) -> anyhow::Result<OpenStack> {
        OpenStack::install(&self.url(0)?, person, self.directory.path())
    }

    /// Our own command line, as that user.
    ///
    /// # Errors
    /// The stack was never started.
    pub fn trove(&self, person: &Person) -> anyhow::Result<Trove> {
        Ok(Trove::new(self.url(0)?, person.clone(), self.state()))
    }

    /// What a person would have to look at: in a stack that nobody disturbed, there is nothing.
    fn complaints(&self) -> Vec<String> {
        if self.is_disturbed.load(Ordering::Relaxed) {
            return Vec::new();
        }
        [self.log_lines("ERROR"), self.log_lines("WARN")].concat()
    }

    /// The lines of that level in the logs of the plane's processes.
    pub fn log_lines(&self, level: &str) -> Vec<String> {
        let Ok(logs) = fs::read_dir(self.state().join("log")) else { return Vec::new() };
        let word = format!(" {level} ");
        logs.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok())
            .flat_map(|log| log.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| line.contains(&word))
            .collect()
    }

    fn suspended(&self) -> std::sync::MutexGuard<'_, Vec<Process>> {
        self.suspended.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn launcher(&self) -> std::sync::MutexGuard<'_, Option<Launcher>> {
        self.launcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.resume_all();
        let complaints = self.complaints();
        // A stack that was never started has none.
        let groups = self.instances().map_or(Ok(Vec::new()), |path| place::groups(&path));
        // Deletes also what a killed launcher left running.
        let ended = self.stop().and(launcher::remove(&self.options, self.state()));
        let left: anyhow::Result<Vec<_>> =
            groups.map(|groups| groups.into_iter().filter(|group| group.exists()).collect());
        let state = self.state().display();
        if std::thread::panicking() {
            place::tell(&format!("{state}: ended: {ended:?}; complained: {complaints:#?}"));
        } else {
            assert!(ended.is_ok(), "{state} was not ended cleanly: {ended:?}");
            assert!(complaints.is_empty(), "{state} complained: {complaints:#?}");
            let is_clean = left.as_ref().is_ok_and(Vec::is_empty);
            assert!(is_clean, "{state} has left control groups: {left:?}");
        }
    }
}
