//! The shim: per instance one small process that is the parent of its agent and its server.
//!
//! It starts again whichever of them ends. Killed itself, it leaves both running, and the next
//! shim adopts them; told to stop (SIGTERM), it stops the agent, then the server, then itself.
//!
//! # Invariants
//! - One shim per instance: the kernel holds `shim.lock` for as long as it lives.
//! - One thread, no unsafe code, no bus: there is nothing here that would have to be restarted
//!   for another part's sake.
//! - What is wanted of the server is on disk before it is done, so the next shim knows it too.
//!
//! Deliberately absent: any decision about the instance. The agent asks, this obeys.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::guest_spec::{GuestSpec, Layout};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, waitpid};

use crate::control::{Answer, LOG_TAIL_MAX, RefusalCause, Request, ServerState, Status, Usage};
use crate::files::{self, Access};
use crate::part::Part;
use crate::process::{self, Identity};
use crate::spec::{self, SpecError};
use clients::Clients;
use kept::{Kept, Phase};

mod cgroup;
mod clients;
pub(crate) mod data;
mod find;
mod kept;
mod log_file;
mod logs;
pub(crate) mod usage;

/// How long an agent may take to end.
const AGENT_STOP_MAX: Duration = Duration::from_secs(5);
/// How long a server may take to end.
const SERVER_STOP_MAX: Duration = Duration::from_secs(30);
/// The first wait before an agent is started again: its work is idempotent, so there is no hurry
/// to wait.
const AGENT_FIRST_WAIT: Duration = Duration::from_millis(100);
/// The first wait before a server is started again.
const SERVER_FIRST_WAIT: Duration = Duration::from_secs(1);

/// How long the lock may be held for another one: what a killed shim was just starting has all of
/// its files, until it turns into its program.
const LOCK_MAX: Duration = Duration::from_secs(2);
/// Between two attempts at the lock.
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// Why a shim ended otherwise than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// Another one lives.
    #[error("the instance has a shim already")]
    AlreadyRunning,
    /// It does not know what to do.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The system refused something without which there is no shim.
    #[error("{what}")]
    Io {
        /// What was refused.
        what: &'static str,
        /// How.
        #[source]
        source: io::Error,
    },
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> ShimError {
    move |source| ShimError::Io { what, source }
}

/// Runs the shim of the instance whose specification stands at `spec_path`, until it is told to
/// stop. `start_log` is called once its standard error leads into `shim.log`.
///
/// # Errors
/// There is one already, or it could not begin.
pub fn run(spec_path: &Path, start_log: impl FnOnce()) -> Result<(), ShimError> {
    let spec_path = fs::canonicalize(spec_path).map_err(io_error("find the specification"))?;
    let spec = spec::read(&spec_path)?;
    // Refused for whoever leads a session already, which is as good.
    if let Err(error) = rustix::process::setsid() {
        debug_assert_eq!(error, rustix::io::Errno::PERM);
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .map_err(|error| io_error("adopt orphans")(error.into()))?;
    let access = Access::readable_by(spec.uid);
    let lock = files::open_own(&spec.directory.join("shim.lock"), access)
        .map_err(io_error("open the lock"))?;
    take(&lock)?;
    log_to_file(&spec).map_err(io_error("open the log"))?;
    start_log();
    let mut shim = Shim::begin(spec, spec_path)?;
    let served = shim.serve();
    drop(lock);
    served
}

/// Takes the lock for as long as this process lives.
fn take(lock: &fs::File) -> Result<(), ShimError> {
    let until = Instant::now() + LOCK_MAX;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOCK_WAIT);
            }
            Err(fs::TryLockError::WouldBlock) => return Err(ShimError::AlreadyRunning),
            Err(fs::TryLockError::Error(error)) => return Err(io_error("lock")(error)),
        }
    }
}

/// From here on, what is said and what panics say stands in `shim.log`.
fn log_to_file(spec: &GuestSpec) -> io::Result<()> {
    let path = shim_log(spec);
    log_file::bound(&path, spec.uid)?;
    let log = log_file::open(&path, spec.uid)?;
    rustix::stdio::dup2_stdout(&log)?;
    rustix::stdio::dup2_stderr(&log)?;
    Ok(())
}

fn shim_log(spec: &GuestSpec) -> PathBuf {
    spec.directory.join("shim.log")
}

struct Shim {
    spec: GuestSpec,
    agent: Kept,
    server: Kept,
    clients: Clients,
    /// A byte for each signal that tells the shim to stop.
    told_to_stop: UnixStream,
    /// A byte for each end of a child.
    child_ended: UnixStream,
    logs_at: Instant,
}

impl Shim {
    fn begin(spec: GuestSpec, spec_path: PathBuf) -> Result<Self, ShimError> {
        let told_to_stop = signals(&[Signal::TERM, Signal::INT]).map_err(io_error("signals"))?;
        let child_ended = signals(&[Signal::CHILD]).map_err(io_error("signals"))?;
        let clients = Clients::listen(&spec).map_err(io_error("listen"))?;
        let mut agent = Kept::new(Part::Agent, spec_path.clone(), AGENT_FIRST_WAIT, AGENT_STOP_MAX);
        let mut server = Kept::new(Part::Server, spec_path, SERVER_FIRST_WAIT, SERVER_STOP_MAX);
        agent.want(true);
        server.want(wanted_file(&spec).exists());
        server.adopt(&spec);
        agent.adopt(&spec);
        let mut shim = Self {
            spec,
            agent,
            server,
            clients,
            told_to_stop,
            child_ended,
            logs_at: Instant::now(),
        };
        shim.tick();
        // Written last: who sees it sees a shim that answers.
        Identity::of(std::process::id().cast_signed())
            .and_then(|identity| shim.record(&identity))
            .map_err(io_error("write the identity"))?;
        tracing::info!(instance_id = %shim.spec.instance, "Shim is ready.");
        Ok(shim)
    }

    fn record(&self, identity: &Identity) -> io::Result<()> {
        let path = Layout(&self.spec.directory).identity("shim");
        let access = Access::readable_by(self.spec.uid);
        files::replace(&path, format!("{identity}\n").as_bytes(), access)
    }

    fn serve(&mut self) -> Result<(), ShimError> {
        loop {
            self.wait().map_err(io_error("wait"))?;
            if drained(&mut self.told_to_stop) {
                self.stop();
                return Ok(());
            }
            if drained(&mut self.child_ended) {
                self.reap_orphans();
            }
            self.tick();
            self.answer_clients();
            // An answer may have changed what is wanted.
            self.tick();
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) -> io::Result<()> {
        let deadlines = [self.agent.deadline(), self.server.deadline()];
        let next = deadlines.into_iter().flatten().fold(self.logs_at, Instant::min);
        let timeout = process::timespec(next.saturating_duration_since(Instant::now()));
        let own: [BorrowedFd<'_>; 2] = [self.told_to_stop.as_fd(), self.child_ended.as_fd()];
        let parts = [&self.agent, &self.server].into_iter().filter_map(|part| part.process());
        let mut fds: Vec<PollFd<'_>> = own
            .into_iter()
            .chain(parts.map(AsFd::as_fd))
            .chain(self.clients.fds())
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn tick(&mut self) {
        self.server.tick(&self.spec);
        self.agent.tick(&self.spec);
        if self.logs_at <= Instant::now() {
            self.logs_at = Instant::now() + logs::look_after(&self.spec);
        }
    }

    /// Reaps processes that outlived their parents; a part's own end is seen by its pidfd, and its
    /// status taken there.
    fn reap_orphans(&self) {
        let ours = [&self.agent, &self.server].map(Kept::child);
        for pid in process::children(std::process::id().cast_signed()) {
            if ours.contains(&Some(pid)) {
                continue;
            }
            let waited = Pid::from_raw(pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
            if let Some(Ok(Some((_, status)))) = waited {
                tracing::debug!(pid, ?status, "Orphan was reaped.");
            }
        }
    }

    fn stop(&mut self) {
        tracing::info!("Shim was told to stop.");
        self.agent.stop(&self.spec);
        self.server.stop(&self.spec);
        let layout = Layout(&self.spec.directory);
        for path in [layout.shim_socket(), layout.identity("shim")] {
            if let Err(error) = files::remove(&path) {
                tracing::warn!(%error, path = %path.display(), "File could not be removed.");
            }
        }
        tracing::info!("Shim has stopped.");
    }

    fn answer_clients(&mut self) {
        let Self { spec, server, clients, .. } = self;
        clients.serve(|request| answer(spec, server, request));
    }
}

fn answer(spec: &GuestSpec, server: &mut Kept, request: Request) -> Answer {
    let refused = |cause, detail: String| Answer::Refused { cause, detail };
    match request {
        Request::Prepare => match data::prepare(spec) {
            Ok(()) => Answer::Status(status(spec, server)),
            Err(error) => refused(error.cause(), error.to_string()),
        },
        Request::Start if !data::is_prepared(spec) => {
            refused(RefusalCause::NotPrepared, "the server was not prepared".to_owned())
        }
        Request::Start => want(spec, server, true),
        Request::Stop => want(spec, server, false),
        Request::Status { usage, log_tail } => {
            let mut status = status(spec, server);
            status.usage = usage.then(|| volume_usage(spec)).flatten();
            let bytes = log_tail.min(LOG_TAIL_MAX).into();
            status.log_tail = (log_tail > 0)
                .then(|| log_file::tail(&Part::Server.log(spec), bytes).unwrap_or_default());
            Answer::Status(status)
        }
    }
}

fn want(spec: &GuestSpec, server: &mut Kept, wanted: bool) -> Answer {
    let path = wanted_file(spec);
    let written = if wanted {
        files::replace(&path, b"", Access::PRIVATE)
    } else {
        files::remove(&path).and_then(|()| files::sync_parent(&path))
    };
    if let Err(error) = written {
        return Answer::Refused { cause: RefusalCause::Io, detail: error.to_string() };
    }
    server.want(wanted);
    server.tick(spec);
    Answer::Status(status(spec, server))
}

/// There while the server is to run.
fn wanted_file(spec: &GuestSpec) -> PathBuf {
    spec.directory.join("server.wanted")
}

fn status(spec: &GuestSpec, server: &Kept) -> Status {
    Status {
        prepared: data::is_prepared(spec),
        wanted: server.is_wanted(),
        server: match server.phase() {
            Phase::Resting => ServerState::Resting,
            Phase::Waiting { .. } => ServerState::Ended,
            Phase::Running(running) => ServerState::Running {
                pid: running.process.pid(),
                ran_ms: u64::try_from(running.ran().as_millis()).unwrap_or(u64::MAX),
            },
            Phase::Stopping { running, .. } => ServerState::Stopping { pid: running.process.pid() },
        },
        ends: server.ends(),
        last_end: server.last_end().cloned(),
        usage: None,
        log_tail: None,
    }
}

fn volume_usage(known: &GuestSpec) -> Option<Usage> {
    // A volume may have grown since the shim began.
    let fresh = spec::read(&Layout(&known.directory).spec());
    usage::of_volume(fresh.as_ref().unwrap_or(known))
        .inspect_err(|error| tracing::warn!(%error, "Volume could not be measured."))
        .ok()
}

/// Signals as bytes, since nothing may be done where they come in.
fn signals(which: &[Signal]) -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    for signal in which {
        signal_hook::low_level::pipe::register(signal.as_raw(), theirs.try_clone()?)?;
    }
    Ok(ours)
}

/// Reads what is there; says whether anything was.
fn drained(stream: &mut UnixStream) -> bool {
    let mut some = false;
    while stream.read(&mut [0; 64]).is_ok_and(|length| length > 0) {
        some = true;
    }
    some
}
