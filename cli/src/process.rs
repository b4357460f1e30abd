//! Processes that an earlier run left: named for ever, and ended without hitting a stranger.
//!
//! # Invariants
//! - A pid alone names nothing, since it is used again. With start time and boot it names one
//!   process for ever; that is what identity files hold, in one line: `pid start boot`.
//! - Signals go through a pidfd whose process was compared after it was opened.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// A live process, held.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    handle: OwnedFd,
}

/// The line that names a live process for ever.
pub(crate) fn identity(pid: u32) -> io::Result<String> {
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    let start = start_time(pid).ok_or(io::ErrorKind::NotFound)?;
    Ok(format!("{pid} {start} {}", boot_id()?))
}

impl Process {
    /// The process that an identity file names, if it still lives. A file that another user
    /// wrote names nobody: instances may write beside theirs.
    pub(crate) fn recorded(file: &Path) -> Option<Self> {
        let line = read_own(file)?;
        let mut words = line.split_ascii_whitespace();
        let pid: i32 = words.next()?.parse().ok()?;
        let start: u64 = words.next()?.parse().ok()?;
        if words.next()? != boot_id().ok()? {
            return None;
        }
        let pid = Pid::from_raw(pid)?;
        let process = Self { pid, handle: pidfd_open(pid, PidfdFlags::empty()).ok()? };
        let is_same = start_time(pid.as_raw_pid()) == Some(start);
        // A zombie keeps pid and start time; only the handle tells it from the living.
        (is_same && !process.ends_within(Duration::ZERO)).then_some(process)
    }

    /// Its pid, to be shown.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Waits for its end; says whether it came within `limit`.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            let mut fds = [PollFd::new(&self.handle, PollFlags::IN)];
            match poll(&mut fds, Some(&timeout)) {
                Ok(ready) if ready > 0 => return true,
                Ok(_) if left.is_zero() => return false,
                // Interrupted, or woken a little early.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Sends a signal; that the process has ended meanwhile is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks it to end, and makes it end after `patience`.
    pub(crate) fn end(&self, patience: Duration) -> io::Result<()> {
        self.signal(Signal::TERM)?;
        if !self.ends_within(patience) {
            self.signal(Signal::KILL)?;
            self.ends_within(patience);
        }
        Ok(())
    }
}

fn read_own(file: &Path) -> Option<String> {
    const BYTES_MAX: u64 = 256;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::File::from(openat(CWD, file, flags, Mode::empty()).ok()?);
    if file.metadata().ok()?.uid() != rustix::process::geteuid().as_raw() {
        return None;
    }
    let mut line = String::new();
    file.take(BYTES_MAX).read_to_string(&mut line).ok()?;
    Some(line)
}

fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// In clock ticks since the boot.
fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the name, may hold spaces and parentheses itself.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_recorded_process_is_found_and_ended_and_then_not_found_any_more() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sleep.id");
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        fs::write(&file, identity(child.id()).unwrap()).unwrap();
        let process = Process::recorded(&file).unwrap();
        process.end(Duration::from_secs(10)).unwrap();
        assert!(Process::recorded(&file).is_none(), "a zombie is not alive");
        child.wait().unwrap();
        assert!(Process::recorded(&file).is_none());
    }

    #[test]
    fn another_process_under_the_same_pid_is_a_stranger() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("own.id");
        let own = identity(std::process::id()).unwrap();
        let words: Vec<_> = own.split(' ').collect();
        fs::write(&file, format!("{} 1 {}", words[0], words[2])).unwrap();
        assert!(Process::recorded(&file).is_none(), "another start time");
        fs::write(&file, format!("{} {} other-boot", words[0], words[1])).unwrap();
        assert!(Process::recorded(&file).is_none(), "another boot");
        fs::write(&file, own).unwrap();
        assert!(Process::recorded(&file).is_some());
    }
}
