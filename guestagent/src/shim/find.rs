//! Finds the running processes of a part: one just started, or one that an earlier shim left.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use domain::guest_spec::{GuestSpec, Isolation};

use crate::part::Part;
use crate::process::{self, Identity, Process};
use crate::step;

/// How long bubblewrap may take to build its walls.
const WALLS_MAX: Duration = Duration::from_secs(10);
/// Between two looks for a process that is about to be there.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What an earlier shim left of a part.
#[derive(Debug)]
pub(crate) enum Left {
    /// No process of it.
    Nobody,
    /// Something that is not the part itself, or not yet.
    Somebody,
    /// The part.
    Running(Process),
}

/// Looks for the part that an earlier shim left running.
pub(crate) fn left_running(part: Part, spec: &GuestSpec) -> Left {
    let recorded = fs::read_to_string(part.identity(spec))
        .ok()
        .and_then(|line| line.parse::<Identity>().ok())
        .and_then(|identity| Process::adopt(&identity))
        .and_then(|process| inside(part, spec, process));
    match recorded {
        Some(process) => Left::Running(process),
        None => lock_holder(part, spec),
    }
}

/// The process that is meant by `part`, given the one that was started: behind bubblewrap's walls
/// it is the only child of the only child. None when that ended before it was seen.
pub(crate) fn inside(part: Part, spec: &GuestSpec, started: Process) -> Option<Process> {
    if part == Part::Agent || !matches!(spec.isolation, Isolation::Bubblewrap { .. }) {
        return Some(started);
    }
    let server = spec.server.program.display().to_string();
    let until = Instant::now() + WALLS_MAX;
    while Instant::now() < until {
        // An earlier shim has recorded the server itself. Judged by what it is, never by what it
        // is not: while a process turns into another program it has no name at all.
        if process::program(started.pid()).is_some_and(|name| name == server) {
            return (!started.has_ended()).then_some(started);
        }
        let inner = process::children(started.pid())
            .into_iter()
            .flat_map(process::children)
            .find_map(|pid| Process::open(pid).ok());
        if inner.is_some() {
            return inner;
        }
        if started.wait_end(LOOK_EVERY) {
            return None;
        }
    }
    None
}

/// Who holds the part's lock without being recorded: its bubblewrap was killed along with the
/// shim, or its step is still on its way.
fn lock_holder(part: Part, spec: &GuestSpec) -> Left {
    let Ok(lock) = File::open(part.lock(spec)) else {
        return Left::Nobody;
    };
    if lock.try_lock().is_ok() {
        return Left::Nobody;
    }
    holder(part, spec, &lock).map_or(Left::Somebody, Left::Running)
}

/// The part itself among those who hold its lock. What a server has started goes by another name.
fn holder(part: Part, spec: &GuestSpec, lock: &File) -> Option<Process> {
    let program = match part {
        Part::Agent => step::PROGRAM.to_owned(),
        Part::Server => spec.server.program.display().to_string(),
    };
    others()
        .filter(|pid| process::program(*pid).is_some_and(|name| name == program))
        .find(|pid| has_open(*pid, lock))
        .and_then(|pid| Process::open(pid).ok())
}

/// All of the part's user who hold its lock, but for ourselves.
pub(crate) fn holders(part: Part, spec: &GuestSpec) -> Vec<Process> {
    let Ok(lock) = File::open(part.lock(spec)) else {
        return Vec::new();
    };
    let user = part.uid(spec).unwrap_or_else(|| rustix::process::geteuid().as_raw());
    let is_of_user =
        |pid: &i32| fs::metadata(format!("/proc/{pid}")).is_ok_and(|process| process.uid() == user);
    others()
        .filter(is_of_user)
        .filter(|pid| has_open(*pid, &lock))
        .filter_map(|pid| Process::open(pid).ok())
        .collect()
}

fn has_open(pid: i32, file: &File) -> bool {
    let Ok(wanted) = file.metadata() else { return false };
    fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::metadata(entry.path()).ok())
        .any(|file| (file.dev(), file.ino()) == (wanted.dev(), wanted.ino()))
}

/// All processes but ourselves.
fn others() -> impl Iterator<Item = i32> {
    let ours = std::process::id().cast_signed();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(move |pid| *pid != ours)
}
