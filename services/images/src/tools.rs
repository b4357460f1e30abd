//! Programs that images are made and walled in with.

use std::path::PathBuf;

use crate::error::Error;
use crate::install::Installer;
use crate::recipe::TOOLS;
use crate::store::Store;

/// The tools, unpacked and patched like an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// Their root.
    pub root: PathBuf,
    /// Bubblewrap, to be started by this path; not set-user-id.
    pub bwrap: PathBuf,
}

impl Store {
    /// Patchelf and bubblewrap of Debian 12, fetched if they are not there.
    ///
    /// # Errors
    /// Every variant of [`Error`] that fetching can bring.
    pub fn ensure_tools(&self) -> Result<Tools, Error> {
        let installer = Installer { store: self, recipe: &TOOLS, shelf: self.tools_shelf() };
        let root = installer.ensure()?.root;
        Ok(Tools { bwrap: root.join("usr/bin/bwrap"), root })
    }
}
