//! What can go wrong on the host, below the port's errors.

use super::super::ProvisionError;
use domain::ids::InstanceId;
use std::io;
use std::path::{Path, PathBuf};

/// Why something on the host did not work. All of these may pass: none says that asking again
/// can't help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// A file or directory could not be used.
    #[error("{action} {path}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which path.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A program ended unhappily.
    #[error("{program} ended with {status}: {said}")]
    Command {
        /// Which.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it wrote to standard error.
        said: String,
    },
    /// Another worker, perhaps of another process, acts on the instance.
    #[error("another worker is at work on instance {0}")]
    Busy(InstanceId),
    /// The shim did not come up.
    #[error("the shim did not come up ({how}); the end of its log: {log}")]
    Shim {
        /// What was seen instead.
        how: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// Processes could not be ended.
    #[error("processes {pids:?} of instance {id} outlived SIGKILL")]
    Unkillable {
        /// Whose.
        id: InstanceId,
        /// Which.
        pids: Vec<i32>,
    },
    /// A volume is in use although no process of its instance is left.
    #[error("the volume {path} stays busy", path = .0.display())]
    VolumeBusy(PathBuf),
    /// A path of ours is not what we left there.
    #[error("{path} is not {wanted}", path = path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
    },
}

impl HostError {
    /// The error with what caused it, for a sentence that a person reads.
    pub(crate) fn in_full(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }

    /// For `map_err` on an operation with one path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// As [`HostError::io`], for calls that answer with a bare error number.
    pub(crate) fn errno(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(rustix::io::Errno) -> Self {
        let wrap = Self::io(action, path);
        move |errno| wrap(errno.into())
    }
}

impl From<HostError> for ProvisionError {
    fn from(error: HostError) -> Self {
        Self::Transient(Box::new(error))
    }
}
