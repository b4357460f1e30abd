//! What the local provisioner is told, and why it may refuse to begin.

use super::super::BoxError;
use super::catalog::ImageCatalog;
use super::error::HostError;
use domain::ids::HostId;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

/// What the local provisioner is told.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// The host that it provisions.
    pub host: HostId,
    /// The stack's directory: fences, volumes, the address range. Made if it is absent.
    pub stack_dir: PathBuf,
    /// Where instances' directories lie; made if it is absent. As root, every user must be able
    /// to pass through the directories above it.
    pub instances_dir: PathBuf,
    /// Where the machine's programs agree on address ranges: the same for all of its stacks.
    pub range_locks: PathBuf,
    /// The program `trove-guestagent`.
    pub guestagent: PathBuf,
    /// The program bubblewrap, if there is one beside the host's own.
    pub bubblewrap: Option<PathBuf>,
    /// Finds images' files.
    pub images: ImageCatalog,
    /// The bus, as guests reach it.
    pub nats_urls: Vec<String>,
    /// Between two heartbeats of a guest.
    pub heartbeat_ms: u64,
    /// Between two unprompted looks of a guest at its desired document.
    pub desired_poll_ms: u64,
    /// The addresses that servers listen on.
    pub addresses: Addresses,
    /// How much isolation there must be.
    pub isolation: IsolationWish,
    /// How long an orderly stop of a guest may take before it is killed.
    pub stop_max: Duration,
}

impl LocalConfig {
    /// How long shim, agent and server may take to stop, in production.
    pub const STOP_MAX: Duration = Duration::from_secs(40);

    /// The directory of `range_locks` on this machine: one that every user may write to.
    pub fn range_locks_of_the_machine() -> PathBuf {
        let system = PathBuf::from("/run/lock");
        let is_for_all =
            rustix::fs::stat(&system).is_ok_and(|stat| stat.st_mode & 0o7777 == 0o1777);
        if is_for_all { system } else { PathBuf::from("/tmp") }
    }
}

/// The addresses that servers listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// A range of 127/8, chosen once and kept from other stacks of the machine.
    Auto,
    /// These, which somebody else keeps from others.
    Fixed {
        /// The first.
        first: Ipv4Addr,
        /// How many.
        count: u32,
    },
}

/// How much isolation there must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationWish {
    /// The strongest that this user can have on this host.
    Strongest,
    /// All of it: volumes of a fixed size, limited memory, a uid each. Else nothing begins.
    Full,
}

/// Why the local provisioner does not begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system or the kernel refused something that is needed.
    #[error("the host is not usable")]
    Host(#[source] BoxError),
    /// Database servers refuse to run as root, and this root can't give them another uid.
    #[error("runs as root, but can't start programs as another user")]
    RootWithoutUids(#[source] BoxError),
    /// Instances' users can't reach their directories.
    #[error(
        "users of instances can't pass through {}: choose an instances directory outside of it, \
         or give others the right to search it (chmod o+x)",
        .0.display()
    )]
    Closed(PathBuf),
    /// A unix socket in an instance's directory would have too long a name.
    #[error(
        "the instances directory {} is {excess} bytes too long for the sockets in it: choose a \
         shorter one",
        path.display()
    )]
    PathTooLong {
        /// The directory.
        path: PathBuf,
        /// By how much.
        excess: usize,
    },
    /// A path can't be written into command lines and JSON.
    #[error("the path {} is not UTF-8, or has a space or control character in it", .0.display())]
    UnsuitablePath(PathBuf),
    /// Another stack took the range of addresses while this one was down.
    #[error(
        "the address range {range} of this stack is in use by the stack in {by}: stop that one"
    )]
    RangeTaken {
        /// The range.
        range: String,
        /// The other stack's directory.
        by: String,
    },
    /// Every range is in use.
    #[error("no range of addresses is left on this machine")]
    NoRange,
    /// Neither an engine's standard port nor one of those above it is free.
    #[error("no port from {0} on is free on all addresses")]
    NoPort(u16),
    /// Full isolation was wished for.
    #[error("full isolation was asked for, and this host has less: {}", .0.join(" "))]
    TooWeak(Vec<String>),
}

impl From<HostError> for OpenError {
    fn from(error: HostError) -> Self {
        Self::Host(Box::new(error))
    }
}
