//! Keeps one part as it is wanted: running, or at rest.
//!
//! # Invariants
//! - A part that ended by itself is started again while it is wanted, each time after a longer
//!   wait.
//! - A part that runs already, whoever started it, is adopted and never started a second time.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use domain::guest_spec::{GuestSpec, Isolation};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, waitpid};

use crate::backoff::Backoff;
use crate::control::End;
use crate::part::Part;
use crate::process::{self, Identity, Process, stopping};
use crate::shim::find::Left;
use crate::shim::{cgroup, find, log_file};
use crate::step;

/// How long a part that was killed may take to be gone.
const KILLED_MAX: Duration = Duration::from_secs(2);
/// How long a parent may outlive the child whose exit status it passes on.
const PASS_ON_MAX: Duration = Duration::from_secs(2);

/// Between two looks at who holds a part's lock.
const LOCKED_WAIT: Duration = Duration::from_millis(50);
/// How long they may hold it who are not the part itself. What a server has started ends by
/// itself when the server does, but for what is just at work.
const LOCKED_MAX: Duration = Duration::from_secs(2);

/// One part, and what is wanted of it.
#[derive(Debug)]
pub(crate) struct Kept {
    part: Part,
    spec_path: PathBuf,
    stop_max: Duration,
    wanted: bool,
    phase: Phase,
    backoff: Backoff,
    ends: u32,
    last_end: Option<End>,
    /// Since when somebody holds the part's lock who is not the part.
    locked_since: Option<Instant>,
}

/// How far it is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Not running, nor about to.
    Resting,
    /// Ended; to be started again.
    Waiting {
        /// When.
        until: Instant,
    },
    /// Running.
    Running(Running),
    /// Told to end.
    Stopping {
        /// What runs.
        running: Running,
        /// When it is killed.
        kill_at: Instant,
    },
}

/// A part that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// The part itself.
    pub(crate) process: Process,
    /// Our child whose exit status is the part's; absent when an earlier shim started it.
    child: Option<Process>,
    since: Instant,
    out_of_memory_before: u64,
}

impl Running {
    /// For how long, as far as this shim knows.
    pub(crate) fn ran(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Kept {
    /// A part at rest. Its first wait is `first_wait`, a stop takes at most `stop_max`.
    pub(crate) fn new(
        part: Part,
        spec_path: PathBuf,
        first_wait: Duration,
        stop_max: Duration,
    ) -> Self {
        Self {
            part,
            spec_path,
            stop_max,
            wanted: false,
            phase: Phase::Resting,
            backoff: Backoff::new(first_wait),
            ends: 0,
            last_end: None,
            locked_since: None,
        }
    }

    /// Takes over the part that an earlier shim left running.
    pub(crate) fn adopt(&mut self, spec: &GuestSpec) {
        self.phase = self.found(spec);
    }

    /// The phase of a part that this shim has not started.
    fn found(&mut self, spec: &GuestSpec) -> Phase {
        let left = find::left_running(self.part, spec);
        let is_locked = matches!(left, Left::Somebody);
        let since = *self.locked_since.get_or_insert_with(Instant::now);
        if !is_locked {
            self.locked_since = None;
        } else if since.elapsed() > LOCKED_MAX {
            kill_remnants(self.part, spec);
        }
        let process = match left {
            Left::Nobody => return Phase::Resting,
            Left::Somebody => return locked(),
            Left::Running(process) => process,
        };
        tracing::info!(part = %self.part, pid = process.pid(), "Part was adopted.");
        self.record(spec, &process);
        Phase::Running(Running {
            process,
            child: None,
            since: Instant::now(),
            out_of_memory_before: cgroup::kills(&spec.cgroups),
        })
    }

    /// Says whether it is to run.
    pub(crate) fn want(&mut self, wanted: bool) {
        if wanted && !self.wanted {
            self.backoff.reset();
        }
        self.wanted = wanted;
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    pub(crate) fn ends(&self) -> u32 {
        self.ends
    }

    pub(crate) fn last_end(&self) -> Option<&End> {
        self.last_end.as_ref()
    }

    /// The process whose end is to wake the shim.
    pub(crate) fn process(&self) -> Option<&Process> {
        match &self.phase {
            Phase::Resting | Phase::Waiting { .. } => None,
            Phase::Running(running) | Phase::Stopping { running, .. } => Some(&running.process),
        }
    }

    /// Our child whose exit status is still to be taken.
    pub(crate) fn child(&self) -> Option<i32> {
        match &self.phase {
            Phase::Resting | Phase::Waiting { .. } => None,
            Phase::Running(running) | Phase::Stopping { running, .. } => {
                running.child.as_ref().map(Process::pid)
            }
        }
    }

    /// When [`Kept::tick`] has something to do though nothing has happened.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Resting | Phase::Running(_) => None,
            Phase::Waiting { until } => Some(until),
            Phase::Stopping { kill_at, .. } => Some(kill_at),
        }
    }

    /// Does what follows from what is and what is wanted.
    pub(crate) fn tick(&mut self, spec: &GuestSpec) {
        let now = Instant::now();
        self.phase = match std::mem::replace(&mut self.phase, Phase::Resting) {
            Phase::Resting if !self.wanted => Phase::Resting,
            Phase::Waiting { until } if self.wanted && until > now => Phase::Waiting { until },
            // Whoever holds the lock may still become a server that nobody wants.
            Phase::Waiting { .. } if !self.wanted => self.found(spec),
            Phase::Resting | Phase::Waiting { .. } => self.start(spec),
            Phase::Running(running) if running.process.has_ended() => {
                let end = self.end_of(spec, &running);
                self.ended(spec, Some(end), running.ran())
            }
            Phase::Running(running) if self.wanted => Phase::Running(running),
            Phase::Running(running) => {
                tracing::info!(part = %self.part, "Part is told to end.");
                signal(self.part, &running.process, stop_signal(self.part, spec));
                let kill_at = now + self.stop_max;
                Phase::Stopping { running, kill_at }
            }
            Phase::Stopping { running, .. } if running.process.has_ended() => {
                self.last_end = Some(self.end_of(spec, &running));
                // Killed, it may have left others at work on its data.
                self.found(spec)
            }
            Phase::Stopping { running, kill_at } if kill_at > now => {
                Phase::Stopping { running, kill_at }
            }
            Phase::Stopping { running, .. } => {
                tracing::warn!(part = %self.part, "Part did not end in time and is killed.");
                kill_all(self.part, spec, &running.process);
                let kill_at = now + KILLED_MAX;
                Phase::Stopping { running, kill_at }
            }
        };
    }

    /// Stops the part and returns when it is gone, or can't be killed.
    pub(crate) fn stop(&mut self, spec: &GuestSpec) {
        self.want(false);
        let give_up = Instant::now() + self.stop_max + 2 * KILLED_MAX;
        while !matches!(self.phase, Phase::Resting) && Instant::now() < give_up {
            self.tick(spec);
            let Some(deadline) = self.deadline() else { continue };
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.process() {
                Some(process) => drop(process.wait_end(wait)),
                None => std::thread::sleep(wait.min(LOCKED_WAIT)),
            }
        }
    }

    fn start(&mut self, spec: &GuestSpec) -> Phase {
        // An earlier shim's step may have got there first.
        let found = self.found(spec);
        if !matches!(found, Phase::Resting) {
            return found;
        }
        match self.spawn(spec) {
            Ok(Ok(running)) => Phase::Running(running),
            Ok(Err(end)) => self.ended(spec, end, Duration::ZERO),
            Err(error) => {
                tracing::error!(part = %self.part, %error, "Part could not be started.");
                self.ended(spec, None, Duration::ZERO)
            }
        }
    }

    /// Starts the part; how it ended, when it did before it could be seen.
    fn spawn(&self, spec: &GuestSpec) -> io::Result<Result<Running, Option<End>>> {
        let path = self.part.log(spec);
        log_file::bound(&path, spec.uid)?;
        let log = log_file::open(&path, spec.uid)?;
        let out_of_memory_before = cgroup::kills(&spec.cgroups);
        let spawned = Command::new("/proc/self/exe")
            .arg0(step::PROGRAM)
            .args(["step", self.part.as_str()])
            .arg(&self.spec_path)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A group of its own, so that all of it can be killed.
            .process_group(0)
            .spawn()?;
        let child = Process::open(spawned.id().cast_signed())?;
        let Some(process) = find::inside(self.part, spec, Process::open(child.pid())?) else {
            kill_all(self.part, spec, &child);
            return Ok(Err(exit_status(&child)));
        };
        tracing::info!(part = %self.part, pid = process.pid(), "Part was started.");
        if process.pid() != child.pid() {
            self.record(spec, &process);
        }
        Ok(Ok(Running { process, child: Some(child), since: Instant::now(), out_of_memory_before }))
    }

    /// Writes down who the part is, where the step could not know it.
    fn record(&self, spec: &GuestSpec, process: &Process) {
        let recorded = Identity::of(process.pid())
            .and_then(|identity| step::write_identity(self.part, spec, &identity));
        if let Err(error) = recorded {
            tracing::error!(part = %self.part, %error, "Identity could not be written.");
        }
    }

    /// What follows from an end that was not asked for.
    fn ended(&mut self, spec: &GuestSpec, end: Option<End>, ran: Duration) -> Phase {
        if end.as_ref().is_some_and(|end| end.code == Some(step::BUSY.into())) {
            return locked();
        }
        self.ends += 1;
        self.last_end = end;
        if !self.wanted {
            // It may have left others at work on its data.
            return self.found(spec);
        }
        let wait = self.backoff.after(ran);
        let wait_ms = wait.as_millis();
        tracing::warn!(part = %self.part, end = ?self.last_end, wait_ms, "Part ended by itself.");
        Phase::Waiting { until: Instant::now() + wait }
    }

    fn end_of(&self, spec: &GuestSpec, running: &Running) -> End {
        let mut end = running.child.as_ref().and_then(exit_status).unwrap_or(End {
            code: None,
            signal: None,
            out_of_memory: false,
        });
        let killed = cgroup::kills(&spec.cgroups) > running.out_of_memory_before;
        end.out_of_memory = self.part == Part::Server && killed;
        end
    }
}

/// The phase of a part whose lock is held by somebody who is not the part itself yet.
fn locked() -> Phase {
    Phase::Waiting { until: Instant::now() + LOCKED_WAIT }
}

/// How a child ended. Bubblewrap passes on what ended its server as a shell does.
fn exit_status(child: &Process) -> Option<End> {
    if !child.wait_end(PASS_ON_MAX) {
        return None;
    }
    let pid = Pid::from_raw(child.pid())?;
    let (_, status) = waitpid(Some(pid), WaitOptions::NOHANG).ok()??;
    let (code, signal) = outcome(status);
    Some(End { code, signal, out_of_memory: false })
}

fn outcome(status: WaitStatus) -> (Option<i32>, Option<i32>) {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) if code > 128 => (None, Some(code - 128)),
        (code, signal) => (code, signal),
    }
}

/// What tells a part to end well.
fn stop_signal(part: Part, spec: &GuestSpec) -> Signal {
    match part {
        Part::Agent => Signal::TERM,
        Part::Server => stopping(spec.server.stop_signal),
    }
}

fn signal(part: Part, process: &Process, signal: Signal) {
    if let Err(error) = process.signal(signal) {
        tracing::error!(%part, %error, "Part could not be signalled.");
    }
}

/// Kills what a part has left behind and what still holds its lock.
fn kill_remnants(part: Part, spec: &GuestSpec) {
    for process in find::holders(part, spec) {
        tracing::warn!(%part, pid = process.pid(), "What the part has left behind is killed.");
        signal(part, &process, Signal::KILL);
    }
}

/// Kills a part with all that it started.
fn kill_all(part: Part, spec: &GuestSpec, process: &Process) {
    if let (Part::Server, Isolation::Bubblewrap { program }) = (part, &spec.isolation) {
        // The first process of a pid namespace takes all others with it: it is the server's
        // parent, or the child of what builds the walls.
        let wall = program.display().to_string();
        process::children(process.pid())
            .into_iter()
            .chain(process::parent(process.pid()))
            .filter(|pid| process::program(*pid).is_some_and(|name| name == wall))
            .filter_map(|pid| Process::open(pid).ok())
            .for_each(|first| signal(part, &first, Signal::KILL));
        signal(part, process, Signal::KILL);
        return;
    }
    signal(part, process, Signal::KILL);
    // While its leader is not waited for, the group's number can't be another's.
    match Pid::from_raw(process.pid()).map(|group| kill_process_group(group, Signal::KILL)) {
        None | Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => {}
        Some(Err(error)) => tracing::error!(%part, %error, "Group could not be killed."),
    }
}
