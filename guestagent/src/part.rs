//! The two processes that a shim keeps, and where in the instance's directory each has its files.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::guest_spec::{GuestSpec, Layout};

/// One of the processes that a shim keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The guest agent.
    Agent,
    /// The database server.
    Server,
}

impl Part {
    /// Its word in file names and on command lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Server => "server",
        }
    }

    /// The uid that it runs as; absent where all run as the shim's own user.
    pub(crate) fn uid(self, spec: &GuestSpec) -> Option<u32> {
        match self {
            Self::Agent => spec.uid,
            Self::Server => spec.uid.map(|uid| uid + 1),
        }
    }

    /// Who it is: written before it is, so that none ever runs unrecorded.
    pub(crate) fn identity(self, spec: &GuestSpec) -> PathBuf {
        Layout(&spec.directory).identity(self.as_str())
    }

    /// Held by the kernel for as long as a process of this part lives.
    pub(crate) fn lock(self, spec: &GuestSpec) -> PathBuf {
        self.file(&spec.directory, "lock")
    }

    /// What it writes to its standard output and error.
    pub(crate) fn log(self, spec: &GuestSpec) -> PathBuf {
        self.file(&spec.directory, "log")
    }

    fn file(self, directory: &Path, kind: &str) -> PathBuf {
        directory.join(format!("{}.{kind}", self.as_str()))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Part {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [Self::Agent, Self::Server].into_iter().find(|part| part.as_str() == word).ok_or(())
    }
}
