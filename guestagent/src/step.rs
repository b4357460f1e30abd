//! The step between the shim and what it starts: `trove-guestagent step <part> <spec.json>`.
//!
//! It runs as the shim's user in the process that is going to be the agent or the server, puts
//! that process where it belongs, and turns into it. No code has to run between fork and exec.
//!
//! # Invariants
//! - A part's lock is taken here and inherited: the kernel holds it for as long as any process of
//!   the part lives, so there is never a second one, whatever became of the shim.
//! - The identity file is on disk before the part is there, so none runs unrecorded.
//! - Limits and uid are in force before the part's first instruction.
//! - What a server has of the system's shared memory goes with its last process, however that
//!   ends, where anything keeps servers apart.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::guest_spec::{CommandLine, GuestSpec, Isolation, Layout, Link};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::thread::UnshareFlags;

use crate::files::{self, Access};
use crate::part::Part;
use crate::process::Identity;

/// The name under which this program starts itself.
pub const PROGRAM: &str = "trove-guestagent";

/// The exit status of a step that found the part running already.
pub const BUSY: u8 = 75;

/// Why a part could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A process of this part is alive.
    #[error("it runs already")]
    Busy,
    /// The volume is not mounted: nothing may be written into the directory below.
    #[error("the volume is not mounted")]
    VolumeMissing,
    /// The file system or the kernel refused.
    #[error("{0}")]
    Io(&'static str, #[source] io::Error),
}

/// Turns this process into `part`; returns only when that could not be done.
pub fn run(part: Part, spec: &GuestSpec, spec_path: &Path) -> StepError {
    match prepare(part, spec) {
        Err(error) => error,
        Ok(lock) => {
            let error = command(part, spec, spec_path).exec();
            drop(lock);
            StepError::Io("start the program", error)
        }
    }
}

fn prepare(part: Part, spec: &GuestSpec) -> Result<File, StepError> {
    let io = |what| move |error| StepError::Io(what, error);
    if part == Part::Server && !volume_is_there(spec) {
        return Err(StepError::VolumeMissing);
    }
    let access = Access::readable_by(spec.uid);
    let lock = files::open_own(&part.lock(spec), access).map_err(io("open the lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(StepError::Busy),
        Err(fs::TryLockError::Error(error)) => return Err(StepError::Io("lock", error)),
    }
    fcntl_setfd(&lock, FdFlags::empty()).map_err(|error| StepError::Io("lock", error.into()))?;
    if part == Part::Server {
        join_cgroups(&spec.cgroups).map_err(io("join the control groups"))?;
        spec.server.links.iter().try_for_each(ensure_link).map_err(io("make a link"))?;
        own_shared_memory(&spec.isolation);
    }
    let pid = std::process::id().cast_signed();
    Identity::of(pid)
        .and_then(|identity| write_identity(part, spec, &identity))
        .map_err(io("write the identity"))?;
    Ok(lock)
}

/// Records who a part is.
pub(crate) fn write_identity(part: Part, spec: &GuestSpec, identity: &Identity) -> io::Result<()> {
    let line = format!("{identity}\n");
    let access = Access::readable_by(spec.uid);
    files::replace(&part.identity(spec), line.as_bytes(), access)
}

/// Whether the volume is a file system of its own, where it has to be.
pub(crate) fn volume_is_there(spec: &GuestSpec) -> bool {
    let device = |path: &Path| fs::symlink_metadata(path).map(|metadata| metadata.dev());
    let volume = device(&Layout(&spec.directory).volume());
    match (volume, device(&spec.directory)) {
        (Ok(volume), Ok(directory)) => !spec.volume.mounted || volume != directory,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn join_cgroups(cgroups: &[PathBuf]) -> io::Result<()> {
    for cgroup in cgroups {
        // Zero means "the writer" in both versions of the interface.
        fs::OpenOptions::new().write(true).open(cgroup.join("cgroup.procs"))?.write_all(b"0")?;
    }
    Ok(())
}

/// Gives this process a namespace of its own for System V shared memory: the kernel frees what is
/// in one with its last process. A server that is killed could not free it by itself.
fn own_shared_memory(isolation: &Isolation) {
    match isolation {
        Isolation::Uid => {}
        // Bubblewrap does it; a plain user can't.
        Isolation::Bubblewrap { .. } | Isolation::Plain => return,
    }
    #[expect(deprecated, reason = "what would make it unsafe is another flag, FILES")]
    let unshared = rustix::thread::unshare(UnshareFlags::NEWIPC);
    match unshared {
        // Root in a container may not. The server runs all the same, and only one that is killed
        // leaves some bytes behind.
        Ok(()) | Err(_) => {}
    }
}

/// Leaves a link that leads where it is to.
pub(crate) fn ensure_link(link: &Link) -> io::Result<()> {
    if fs::read_link(&link.path).is_ok_and(|target| target == link.target) {
        return Ok(());
    }
    let new = files::with_suffix(&link.path, ".new");
    files::remove(&new)?;
    symlink(&link.target, &new)?;
    fs::rename(&new, &link.path)
}

fn command(part: Part, spec: &GuestSpec, spec_path: &Path) -> Command {
    let mut command = match part {
        Part::Agent => agent(spec_path),
        Part::Server => server(spec),
    };
    let own = spec.server.directory.as_ref().filter(|_| part == Part::Server);
    command.current_dir(own.unwrap_or(&spec.directory));
    if let (Some(uid), Some(gid)) = (part.uid(spec), spec.uid) {
        // Also drops the other groups.
        command.uid(uid).gid(gid);
    }
    command
}

/// The agent is this program, even when its file was replaced meanwhile.
fn agent(spec_path: &Path) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(PROGRAM).arg("agent").arg(spec_path);
    command
}

fn server(spec: &GuestSpec) -> Command {
    let CommandLine { program, args, env, .. } = &spec.server;
    let mut command = match &spec.isolation {
        Isolation::Uid | Isolation::Plain => Command::new(program),
        Isolation::Bubblewrap { program: bwrap } => {
            let mut command = Command::new(bwrap);
            command.args(walls(spec)).arg(program);
            command
        }
    };
    command.args(args).env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// Bubblewrap's arguments up to the program.
///
/// The network stays the host's: the server listens on an address of its own. It must outlive its
/// parent, so it is not told to die with it.
fn walls(spec: &GuestSpec) -> Vec<String> {
    let layout = Layout(&spec.directory);
    let text = |path: &Path| path.display().to_string();
    let instance = text(&spec.directory);
    let root = text(&spec.image_root);
    let mut walls = Vec::new();
    let mut add = |words: &[&str]| walls.extend(words.iter().map(|word| (*word).to_owned()));
    add(&["--unshare-all", "--share-net", "--new-session"]);
    add(&["--ro-bind", &text(&spec.image_root.join("usr")), "/usr"]);
    for name in ["bin", "sbin", "lib", "lib64"] {
        add(&["--symlink", &format!("usr/{name}"), &format!("/{name}")]);
    }
    add(&["--dev", "/dev", "--proc", "/proc", "--dir", "/etc"]);
    // Before the binds, which may lie below it.
    add(&["--tmpfs", "/tmp"]);
    add(&["--ro-bind", &root, &root]);
    // The socket is made in the instance's directory itself. What the server has no business
    // with is covered again: credentials of the agent, and its own command line. Of the agent's
    // files it sees those that its command line names.
    add(&["--bind", &instance, &instance]);
    add(&["--ro-bind", &text(&layout.spec()), &text(&layout.spec())]);
    add(&["--tmpfs", &text(&layout.agent())]);
    for path in named(&spec.server, &layout.agent()) {
        add(&["--ro-bind", &text(&path), &text(&path)]);
    }
    let start = spec.server.directory.as_deref().map_or(instance, text);
    add(&["--chdir", &start, "--remount-ro", "/", "--"]);
    walls
}

/// What is in a directory of all that a command line names as values of its options: files, and
/// directories of files, in which a file that is replaced is seen to be another.
fn named(server: &CommandLine, directory: &Path) -> BTreeSet<PathBuf> {
    let values = server.args.iter().filter_map(|arg| arg.split_once('='));
    values
        .filter_map(|(_, value)| {
            let inside = Path::new(value).strip_prefix(directory).ok()?;
            Some(directory.join(inside.components().next()?))
        })
        .collect()
}
