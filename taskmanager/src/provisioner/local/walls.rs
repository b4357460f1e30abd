//! What keeps instances from each other: a uid each, bubblewrap, or nothing but directories.

use super::config::OpenError;
use super::error::HostError;
use super::process::run;
use domain::guest_spec::Isolation;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where bubblewrap lies when the host has it installed.
const BUBBLEWRAP_OF_THE_HOST: &str = "/usr/bin/bwrap";

/// Which walls there are; each was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Walls {
    /// Agent and server of each instance have uids of their own.
    Uid,
    /// Servers see their own directory and engine only.
    Bubblewrap {
        /// The program.
        program: PathBuf,
    },
    /// All run as one user.
    Plain {
        /// Why not behind bubblewrap.
        why: String,
    },
}

impl Walls {
    /// The strongest walls that this user can raise on this host.
    ///
    /// # Errors
    /// Root without the right to change uids: database servers refuse to run as root.
    pub(crate) fn probe(bubblewrap: Option<&Path>, first_uid: u32) -> Result<Self, OpenError> {
        if rustix::process::geteuid().is_root() {
            run(Command::new("/bin/true").uid(first_uid).gid(first_uid))
                .map_err(|error| OpenError::RootWithoutUids(Box::new(error)))?;
            return Ok(Self::Uid);
        }
        let program = bubblewrap.unwrap_or(Path::new(BUBBLEWRAP_OF_THE_HOST));
        Ok(match try_bubblewrap(program) {
            Ok(()) => Self::Bubblewrap { program: program.to_owned() },
            Err(error) => Self::Plain { why: error.in_full() },
        })
    }

    /// As the shim is told.
    pub(crate) fn isolation(&self) -> Isolation {
        match self {
            Self::Uid => Isolation::Uid,
            Self::Bubblewrap { program } => Isolation::Bubblewrap { program: program.clone() },
            Self::Plain { .. } => Isolation::Plain,
        }
    }
}

/// With the namespaces that servers get, around a program that every host has.
fn try_bubblewrap(program: &Path) -> Result<(), HostError> {
    run(Command::new(program)
        .args(["--unshare-all", "--share-net", "--new-session", "--ro-bind", "/", "/"])
        .args(["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--", "/bin/true"]))
}
