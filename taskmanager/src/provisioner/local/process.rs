//! Processes of instances, which are not our children: named for ever, held, ended.
//!
//! # Invariants
//! - A pid alone names nothing, since it is used again. Pid, start time and boot together name
//!   one process for ever; that is what the identity files hold.
//! - Signals go through a pidfd whose process was checked after it was opened, so they can't hit
//!   a stranger.

use super::error::HostError;
use super::files;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A process held by a pidfd.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    handle: OwnedFd,
}

impl Process {
    /// The process that an identity file names, if it lives. As root, a file that is not root's
    /// own names nothing: server and agent may write beside it.
    pub(crate) fn recorded(identity: &Path) -> Result<Option<Self>, HostError> {
        let Some(line) = files::read_own(identity)? else {
            return Ok(None);
        };
        let mut words = line.split_ascii_whitespace();
        let (Some(pid), Some(start), Some(boot)) = (words.next(), words.next(), words.next())
        else {
            return Ok(None);
        };
        let (Ok(pid), Ok(start)) = (pid.parse(), start.parse()) else {
            return Ok(None);
        };
        if boot != boot_id()? {
            return Ok(None);
        }
        Ok(Self::held(pid, |pid| start_time(pid) == Some(start)))
    }

    /// The live process `pid`, if it still `is_meant` once it can't change its meaning any more.
    pub(crate) fn held(pid: i32, is_meant: impl FnOnce(i32) -> bool) -> Option<Self> {
        let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        let process = Self { pid: Pid::from_raw(pid)?, handle };
        // A zombie keeps its pid and start time; only the handle tells it from the living.
        (is_meant(pid) && !process.has_ended()).then_some(process)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Whether it has ended, reaped or not.
    pub(crate) fn has_ended(&self) -> bool {
        self.ends_until(Instant::now())
    }

    /// Waits for its end until `limit`; says whether it came.
    pub(crate) fn ends_until(&self, limit: Instant) -> bool {
        loop {
            let left = limit.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(&self.handle, PollFlags::IN)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(ready) if ready > 0 => return true,
                Ok(_) if left.is_zero() => return false,
                // Interrupted, or woken a little early.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Signals it; that it has ended meanwhile is no error.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), HostError> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(errno) => Err(HostError::errno("signal", &proc_file(self.pid(), ""))(errno)),
        }
    }
}

/// All processes that are there now.
pub(crate) fn pids() -> Result<Vec<i32>, HostError> {
    let proc = Path::new("/proc");
    let entries = fs::read_dir(proc).map_err(HostError::io("list", proc))?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// The effective uid of `pid`, if it is there.
pub(crate) fn uid(pid: i32) -> Option<u32> {
    let status = fs::read_to_string(proc_file(pid, "status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// The words that `pid` was started with, if it is there.
pub(crate) fn arguments(pid: i32) -> Vec<String> {
    let line = fs::read(proc_file(pid, "cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Whether `pid` runs `program`, also when the file was replaced since.
pub(crate) fn runs(pid: i32, program: &Path) -> bool {
    self::program(pid).is_some_and(|found| found == program)
}

/// The program that `pid` runs, if it is there.
pub(crate) fn program(pid: i32) -> Option<PathBuf> {
    let exe = fs::read_link(proc_file(pid, "exe")).ok()?;
    let exe = exe.to_string_lossy();
    Some(exe.strip_suffix(" (deleted)").unwrap_or(&exe).into())
}

/// The running boot of this machine.
fn boot_id() -> Result<String, HostError> {
    let path = Path::new("/proc/sys/kernel/random/boot_id");
    let text = fs::read_to_string(path).map_err(HostError::io("read", path))?;
    Ok(text.trim().to_owned())
}

/// In clock ticks since the boot.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(proc_file(pid, "stat")).ok()?;
    // The second field is the program's name, which may hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn proc_file(pid: i32, name: &str) -> std::path::PathBuf {
    Path::new("/proc").join(pid.to_string()).join(name)
}

fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    }
}

/// Looks at `condition` in small steps until it holds; says whether it did before `limit`.
///
/// For what the kernel offers no event for: files of other processes, control groups, mounts.
pub(crate) fn holds_until(limit: Instant, mut condition: impl FnMut() -> bool) -> bool {
    let mut step = Duration::from_millis(2);
    loop {
        if condition() {
            return true;
        }
        let left = limit.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(step.min(left));
        step = (step * 2).min(Duration::from_millis(50));
    }
}

/// Runs a program to its end, with a clean environment.
pub(crate) fn run(command: &mut std::process::Command) -> Result<(), HostError> {
    run_to_end(command, Stdio::null(), &[0])
}

/// Runs a program that holds the lock on `lock` for as long as it lives, even when this process
/// does not; its exit code is one of `fine`.
pub(crate) fn run_holding(
    command: &mut std::process::Command,
    lock: &File,
    fine: &[i32],
) -> Result<(), HostError> {
    // A lock belongs to the open file, whichever process has it open.
    let shared = lock.try_clone().map_err(HostError::io("share", Path::new("the lock")))?;
    run_to_end(command, Stdio::from(shared), fine)
}

fn run_to_end(
    command: &mut std::process::Command,
    stdin: Stdio,
    fine: &[i32],
) -> Result<(), HostError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .stdin(stdin)
        .output()
        .map_err(|error: io::Error| HostError::io("run", Path::new(&program))(error))?;
    if output.status.code().is_some_and(|code| fine.contains(&code)) {
        return Ok(());
    }
    Err(HostError::Command {
        program,
        status: output.status,
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
