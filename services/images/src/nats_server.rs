//! The nats-server program: newer than the host's release, because the log asks for it.

use std::cmp::Ordering;
use std::path::PathBuf;

use crate::error::Error;
use crate::install::{Image, Installer};
use crate::recipe::{Recipe, Suite, nats_server};
use crate::store::Store;
use crate::version;

/// From this version on the server does all that is wanted; older ones are made do with.
pub const NATS_SERVER_VERSION_WANTED: &str = "2.12.7";

/// An unpacked nats-server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsServer {
    /// The program.
    pub path: PathBuf,
    /// As its makers write it, such as `2.15.1`.
    pub version: String,
    /// The release that it came from.
    pub suite: Suite,
}

impl Store {
    /// A nats-server of at least [`NATS_SERVER_VERSION_WANTED`] where the archive has one (in
    /// Debian's unstable branch), otherwise the one of Debian 13.
    ///
    /// # Errors
    /// Every variant of [`Error`] that fetching can bring.
    pub fn ensure_nats_server(&self) -> Result<NatsServer, Error> {
        let error = match self.ensure_nats_server_from(Suite::Sid) {
            Ok(server) if server.is_wanted() => return Ok(server),
            Ok(_) => return self.ensure_nats_server_from(Suite::Trixie),
            Err(error) => error,
        };
        let fallback = nats_server(Suite::Trixie);
        let is_there = self.nats_server_installer(&fallback).existing()?.is_some();
        if is_there || may_differ_elsewhere(&error) {
            tracing::info!(%error, "Debian's unstable branch gives no nats-server.");
            return self.ensure_nats_server_from(Suite::Trixie);
        }
        Err(error)
    }

    /// The nats-server of one release.
    ///
    /// # Errors
    /// Every variant of [`Error`] that fetching can bring; [`Error::SuiteMissing`] when the
    /// host's archive does not carry that release.
    pub fn ensure_nats_server_from(&self, suite: Suite) -> Result<NatsServer, Error> {
        let recipe = nats_server(suite);
        let Image { root, stamp } = self.nats_server_installer(&recipe).ensure()?;
        Ok(NatsServer {
            path: root.join("usr/sbin/nats-server"),
            version: version::upstream(&stamp.package_version).to_owned(),
            suite,
        })
    }

    fn nats_server_installer<'a>(&'a self, recipe: &'a Recipe) -> Installer<'a> {
        Installer { store: self, recipe, shelf: self.nats_server_shelf() }
    }
}

impl NatsServer {
    fn is_wanted(&self) -> bool {
        version::compare(&self.version, NATS_SERVER_VERSION_WANTED) != Ordering::Less
    }
}

/// Whether another release might do where one failed: not when the network, the disk or the
/// host is the reason, and never past a signature or a hash.
fn may_differ_elsewhere(error: &Error) -> bool {
    matches!(
        error,
        Error::SuiteMissing { .. }
            | Error::ArchiveOutOfDate { .. }
            | Error::PackageMissing { .. }
            | Error::ProgramFailed { .. }
    )
}
