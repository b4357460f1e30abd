//! Processes that may be somebody else's children: named for ever, held, waited for.
//!
//! # Invariants
//! - A pid alone names nothing: it is used again after its process has ended. With the start
//!   time and the boot it names one process for ever.
//! - A [`Process`] holds a pidfd, so signals can't hit a stranger.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::str::FromStr;
use std::time::{Duration, Instant};

use domain::guest_spec::StopSignal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The signal by which a server is told to end well.
pub(crate) fn stopping(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Terminate => Signal::TERM,
        StopSignal::Interrupt => Signal::INT,
    }
}

/// Which process: now, or after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its process id.
    pub pid: i32,
    /// When it started, in clock ticks since the boot.
    pub start: u64,
    /// In which boot of the machine.
    pub boot: String,
}

impl Identity {
    /// The identity of a process that is there, ended or not.
    ///
    /// # Errors
    /// `NotFound` when it is not there.
    pub fn of(pid: i32) -> io::Result<Self> {
        let start = start_time(pid).ok_or(io::ErrorKind::NotFound)?;
        let boot = boot_id()?;
        Ok(Self { pid, start, boot })
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.pid, self.start, self.boot)
    }
}

impl FromStr for Identity {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.split_ascii_whitespace();
        let mut word = || words.next().ok_or(());
        Ok(Self {
            pid: word()?.parse().map_err(|_| ())?,
            start: word()?.parse().map_err(|_| ())?,
            boot: word()?.to_owned(),
        })
    }
}

/// A process held by a pidfd, whoever its parent is.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    handle: OwnedFd,
}

impl Process {
    /// Holds a process by its pid. Exact for a child that was not yet waited for.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn open(pid: i32) -> io::Result<Self> {
        let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::NotFound)?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| {
            if error == rustix::io::Errno::SRCH {
                io::ErrorKind::NotFound.into()
            } else {
                io::Error::from(error)
            }
        })?;
        Ok(Self { pid, handle })
    }

    /// Holds the process of that identity, if it still runs.
    pub fn adopt(identity: &Identity) -> Option<Self> {
        // First the handle, then the comparison: the pid can't change its meaning in between.
        let process = Self::open(identity.pid).ok()?;
        if Identity::of(identity.pid).ok()? != *identity {
            return None;
        }
        // A zombie still has pid and start time.
        (!process.has_ended()).then_some(process)
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Whether it has ended, waited for or not.
    pub fn has_ended(&self) -> bool {
        self.wait_end(Duration::ZERO)
    }

    /// Waits for its end; says whether it came within `limit`.
    pub fn wait_end(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(&self.handle, PollFlags::IN)];
            match poll(&mut fds, Some(&timespec(left))) {
                Ok(ready) if ready > 0 => return true,
                Ok(_) if left.is_zero() => return false,
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Sends it a signal; that it has ended is no error.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

/// `span` for the kernel; more than it can say is for ever.
pub(crate) fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    }
}

/// The processes that `parent` started, read once.
pub(crate) fn children(parent: i32) -> Vec<i32> {
    fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// The name by which `pid` was started: the first word of its command line.
pub(crate) fn program(pid: i32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let first = line.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(first).into_owned())
}

/// The parent of `pid`.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    stat_field(pid, 4)?.parse().ok()
}

fn start_time(pid: i32) -> Option<u64> {
    stat_field(pid, 22)?.parse().ok()
}

/// A field of `/proc/<pid>/stat`, counted from 1 as the manual does; from the third on.
fn stat_field(pid: i32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the name, may hold spaces and parentheses itself.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(field - 3).map(str::to_owned)
}

fn boot_id() -> io::Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        let identity = Identity::of(std::process::id().cast_signed()).unwrap();
        assert_eq!(identity.to_string().parse(), Ok(identity));
    }

    #[test]
    fn a_zombie_and_a_stranger_under_the_same_pid_are_not_adopted() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id().cast_signed();
        let identity = Identity::of(pid).unwrap();
        assert!(Process::adopt(&identity).is_some());
        let earlier = Identity { start: identity.start - 1, ..identity.clone() };
        assert!(Process::adopt(&earlier).is_none());

        let process = Process::open(pid).unwrap();
        process.signal(Signal::KILL).unwrap();
        assert!(process.wait_end(Duration::from_secs(10)));
        assert!(Identity::of(pid).is_ok(), "not yet waited for");
        assert!(Process::adopt(&identity).is_none());
        child.wait().unwrap();
    }
}
