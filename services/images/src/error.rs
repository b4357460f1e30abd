//! What can go wrong, one variant per thing that the caller (in the end a person) can do next.
//!
//! Every text says what happened and what helps; the outputs of programs are kept as they were.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::recipe::Suite;

/// Why an image could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine is not one on which this has been made to work.
    #[error(
        "engines are unpacked for Debian 12 on amd64 only, and this host is {found}: run it on \
         such a host, or in a container of one"
    )]
    UnsupportedHost {
        /// What the host says it is.
        found: String,
    },
    /// A program of the host that every Debian has is not there.
    #[error(
        "program `{program}` is missing on this host: install it (packages `apt`, `dpkg`, `tar`)"
    )]
    ProgramMissing {
        /// Its name.
        program: String,
    },
    /// Without the archive's keys nothing can be verified.
    #[error(
        "the keys of the Debian archive are not at {}: install the package \
         `debian-archive-keyring`",
        path.display()
    )]
    KeyringMissing {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// The host's own package sources do not say where the archive is.
    #[error(
        "no {wanted} archive of Debian 12 stands in the host's package sources \
         (/etc/apt/sources.list and sources.list.d): add it there, its address is taken from it"
    )]
    SourceMissing {
        /// `main` or `security`.
        wanted: &'static str,
    },
    /// The archive did not answer.
    #[error(
        "the package archive cannot be reached: check the network, or the proxy in the host's \
         apt configuration, and try again\n{output}"
    )]
    Unreachable {
        /// What apt said.
        output: String,
    },
    /// The archive answered, but does not carry this release.
    #[error(
        "the host's package archive does not carry Debian `{suite}`: use an archive that does, \
         such as deb.debian.org, in the host's package sources\n{output}"
    )]
    SuiteMissing {
        /// The release asked for.
        suite: Suite,
        /// What apt said.
        output: String,
    },
    /// The archive's index is older (or newer) than it says it may be.
    #[error(
        "the package archive's index of `{suite}` is out of date: check the host's clock; for a \
         mirror that is frozen on purpose set `Acquire::Check-Valid-Until \"false\";` in the \
         host's apt configuration\n{output}"
    )]
    ArchiveOutOfDate {
        /// The release asked for.
        suite: Suite,
        /// What apt said.
        output: String,
    },
    /// The archive's index is not signed by Debian.
    #[error(
        "the package archive's index of `{suite}` is not signed with Debian's keys, so nothing \
         was taken from it: check the address in the host's package sources, and update \
         `debian-archive-keyring`\n{output}"
    )]
    SignatureRefused {
        /// The release asked for.
        suite: Suite,
        /// What apt said.
        output: String,
    },
    /// The archive has the release, but not (or not any more) what a recipe needs from it.
    #[error("Debian `{suite}` does not offer what is needed: {what}")]
    PackageMissing {
        /// The release asked for.
        suite: Suite,
        /// The packages or programs, or what apt said of them.
        what: String,
    },
    /// A package file is not the one that the signed index names. Nothing of it was used.
    #[error(
        "package file {file} does not have the SHA-256 of the signed index, so nothing was \
         unpacked: try again, and distrust this disk or network if it repeats"
    )]
    Tampered {
        /// Name of the file.
        file: String,
    },
    /// No space is left.
    #[error("no space is left on the disk of {}: free some and try again", path.display())]
    DiskFull {
        /// The images directory or a file in it.
        path: PathBuf,
    },
    /// Programs of another user are not run.
    #[error(
        "directory {} belongs to user id {owner} or others may write to it, so the programs in \
         it are not trusted: use a directory of your own",
        path.display()
    )]
    Untrusted {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// The uids of the instances could not reach the engines.
    #[error(
        "directory {} is closed to other users, but the users of the instances must pass \
         through it: open it (chmod o+x), or use a state directory elsewhere",
        path.display()
    )]
    Closed {
        /// The first closed directory on the way.
        path: PathBuf,
    },
    /// A loader cannot be told of such a path.
    #[error(
        "path {} contains one of : ; $ \" \\ or is not UTF-8, which the program loader cannot \
         handle: use another directory",
        path.display()
    )]
    UnsuitablePath {
        /// The path.
        path: PathBuf,
    },
    /// Another process has been doing the same for too long.
    #[error(
        "another process has held {} for {} s: end it, or try again later",
        path.display(), waited.as_secs()
    )]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Programs of an image run, so that it can't be taken away.
    #[error("programs of {} are running (process ids {pids:?}): stop them first", root.display())]
    Running {
        /// The image's directory.
        root: PathBuf,
        /// The processes that were seen.
        pids: Vec<u32>,
    },
    /// A program ended badly for a reason that is not known here.
    #[error("`{program}` ended with {outcome}\n{output}")]
    ProgramFailed {
        /// Its name.
        program: String,
        /// Its exit status, or the limit it went over.
        outcome: String,
        /// What it wrote to standard error.
        output: String,
    },
    /// The file system refused.
    #[error("cannot work with {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program is not what its recipe was written for.
    #[error("{} does not have {what} in it exactly once", path.display())]
    NotAsBuilt {
        /// The program.
        path: PathBuf,
        /// What was to be changed in it.
        what: String,
    },
    /// A stamp is not readable as one.
    #[error("stamp {} is damaged: delete the directory it stands in", path.display())]
    StampDamaged {
        /// The stamp's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: toml::de::Error,
    },
}

impl Error {
    /// Gives an input/output error its path, and a full disk its own variant.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        let path = path.to_owned();
        move |source| {
            if matches!(source.kind(), StorageFull | QuotaExceeded) {
                return Self::DiskFull { path };
            }
            Self::Io { path, source }
        }
    }
}
