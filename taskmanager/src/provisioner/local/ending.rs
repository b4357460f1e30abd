//! The end of guests: asked first, killed then, and nothing left.
//!
//! # Invariants
//! - A process is signalled only after it was found to be the instance's while its pid could not
//!   change its meaning.
//! - After an end no process, socket or control group of the instance is there.

use super::LocalProvisioner;
use super::error::HostError;
use super::files;
use super::process::{self, Process};
use super::volume;
use domain::guest_spec::Layout;
use domain::host::UIDS_PER_PLACE;
use domain::ids::InstanceId;
use rustix::process::Signal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long processes may take to be gone after they were killed.
const KILL_MAX: Duration = Duration::from_secs(10);
/// How long a wrapper may take to follow the process that it was started for.
const LINGER_MAX: Duration = Duration::from_secs(1);
/// The parts that record who they are.
const PARTS: [&str; 3] = ["shim", "agent", "server"];

/// By what an instance's processes are known when nothing recorded them.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The agent's uid; the server's is the next.
    pub(crate) uid: Option<u32>,
    /// The programs that an instance consists of.
    pub(crate) programs: Vec<PathBuf>,
    /// How paths in the instance's directory begin.
    pub(crate) inside: String,
}

impl Parts {
    /// Whether `pid` is one of them: by its uid, or by a program of ours that was started with a
    /// path in the directory. Somebody who reads a log there is not.
    fn include(&self, pid: i32) -> bool {
        let Some(uid) = process::uid(pid) else {
            return false;
        };
        if self.uid.is_some_and(|first| (first..first + UIDS_PER_PLACE).contains(&uid)) {
            return true;
        }
        if uid != rustix::process::geteuid().as_raw() {
            return false;
        }
        let arguments = process::arguments(pid);
        let is_program = self.programs.iter().any(|program| {
            process::runs(pid, program)
                || arguments.first().is_some_and(|first| program.as_os_str() == first.as_str())
        });
        is_program && arguments.iter().any(|word| word.contains(&self.inside))
    }
}

impl LocalProvisioner {
    /// Leaves no process, socket or control group of the instance.
    pub(crate) fn end(&self, id: InstanceId) -> Result<(), HostError> {
        let layout_of = self.paths.instance(id);
        let layout = Layout(&layout_of);
        let limit = Instant::now() + self.stop_max;
        let mut asked = self.recorded(id)?;
        // Asked by itself, a shim asks the others, in their order.
        if let Some(shim) = Process::recorded(&layout.identity("shim"))? {
            asked = vec![shim];
        }
        signal_all(&asked, Signal::TERM)?;
        for process in &asked {
            process.ends_until(limit);
        }
        let left = self.living(id)?;
        if !left.is_empty() {
            let linger = Instant::now() + LINGER_MAX;
            for process in &left {
                process.ends_until(linger);
            }
            self.kill(id)?;
        }
        self.children.reap();
        for part in PARTS {
            files::remove(&layout.identity(part))?;
        }
        files::remove(&layout.shim_socket())?;
        files::remove(&layout.server_socket())?;
        self.cgroups.remove(id)
    }

    /// Takes the volume out of the instance's directory, killing what uses it still.
    pub(crate) fn take_volume_out(&self, id: InstanceId) -> Result<(), HostError> {
        let limit = Instant::now() + self.stop_max.min(KILL_MAX);
        let mut outcome = Ok(false);
        process::holds_until(limit, || {
            outcome = volume::take_out(&self.paths, id);
            if matches!(outcome, Ok(false))
                && let Err(error) = self.kill(id)
            {
                outcome = Err(error);
            }
            !matches!(outcome, Ok(false))
        });
        if outcome? { Ok(()) } else { Err(HostError::VolumeBusy(self.paths.instance(id))) }
    }

    /// Whether anything of the instance runs that recorded itself; cheap.
    pub(crate) fn has_recorded(&self, id: InstanceId) -> Result<bool, HostError> {
        Ok(!self.recorded(id)?.is_empty())
    }

    fn recorded(&self, id: InstanceId) -> Result<Vec<Process>, HostError> {
        let directory = self.paths.instance(id);
        let identities = PARTS.map(|part| Layout(&directory).identity(part));
        identities.iter().filter_map(|identity| Process::recorded(identity).transpose()).collect()
    }

    /// Kills what is left until nothing is.
    fn kill(&self, id: InstanceId) -> Result<(), HostError> {
        let limit = Instant::now() + KILL_MAX;
        loop {
            let living = self.living(id)?;
            if living.is_empty() {
                return Ok(());
            }
            if Instant::now() >= limit {
                let pids = living.iter().map(Process::pid).collect();
                return Err(HostError::Unkillable { id, pids });
            }
            tracing::warn!(instance_id = %id, left = living.len(), "Processes are killed.");
            signal_all(&living, Signal::KILL)?;
            for process in &living {
                process.ends_until(limit);
            }
            self.children.reap();
        }
    }

    /// All processes of the instance: recorded ones, those in its groups, and those that bear its
    /// marks.
    fn living(&self, id: InstanceId) -> Result<Vec<Process>, HostError> {
        let directory = self.paths.instance(id);
        let mut living = self.recorded(id)?;
        let grouped = |pid| self.cgroups.pids(id).contains(&pid);
        living.extend(
            self.cgroups.pids(id).into_iter().filter_map(|pid| Process::held(pid, grouped)),
        );
        let marks = self.marks(&directory)?;
        let own = std::process::id().cast_signed();
        living.extend(
            process::pids()?
                .into_iter()
                .filter(|pid| *pid != own && marks.include(*pid))
                .filter_map(|pid| Process::held(pid, |pid| marks.include(pid))),
        );
        living.sort_by_key(Process::pid);
        living.dedup_by_key(|process| process.pid());
        Ok(living)
    }
}

fn signal_all(processes: &[Process], signal: Signal) -> Result<(), HostError> {
    processes.iter().try_for_each(|process| process.signal(signal))
}
