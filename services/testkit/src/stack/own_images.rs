//! Images that a test may damage.

use super::images_dir;
use anyhow::ensure;
use images::{MARIADB_10_11, POSTGRESQL_15, Recipe, Store};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The engines without which no stack starts.
const OF_EVERY_STACK: [&Recipe; 2] = [&MARIADB_10_11, &POSTGRESQL_15];

/// A copy of some of the shared images in a directory of its own, which goes with this.
#[derive(Debug)]
pub struct OwnImages {
    directory: TempDir,
}

impl OwnImages {
    /// Copies everything that a stack needs, and these engines besides.
    ///
    /// # Errors
    /// The archive can't be reached, where an image is still to be made, or there is no room.
    pub fn with(recipes: &[&Recipe]) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("ti-").tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        let own = Self { directory };
        let shared = Store::open(&images_dir()?, Arc::new(()))?;
        shared.ensure_nats_server()?;
        shared.ensure_tools()?;
        for shelf in ["tools", "nats-server"] {
            copy(&shared.path().join(shelf), &own.path())?;
        }
        for recipe in OF_EVERY_STACK.iter().chain(recipes) {
            copy(&shared.ensure_engine(recipe)?.root, &own.path().join("roots"))?;
        }
        Ok(own)
    }

    /// Where they are.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("images")
    }

    /// The images.
    ///
    /// # Errors
    /// They can't be used.
    pub fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.path(), Arc::new(()))?)
    }

    /// Where an engine is unpacked.
    ///
    /// # Errors
    /// The archive can't be reached, where it is not.
    pub fn root(&self, recipe: &Recipe) -> anyhow::Result<PathBuf> {
        Ok(self.store()?.ensure_engine(recipe)?.root)
    }
}

fn copy(from: &Path, into: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(into)?;
    let copied = Command::new("cp").arg("-a").arg(from).arg(into).status()?;
    ensure!(copied.success(), "copy of {}: {copied}", from.display());
    Ok(())
}
