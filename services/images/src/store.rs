//! The images directory: who may use it, and where in it everything stands.
//!
//! ```text
//! apt/<release>/                         private state of apt
//! locks/<name>.lock                      one writer at a time
//! roots/<engine>-<version>-amd64/        engines
//! nats-server/nats-server-<version>-amd64/
//! tools/tools-<version>-amd64/           patchelf, bubblewrap
//! templates/<image id>-<format>/         see `ensure_template`
//! templates/<image id>-<format>.parameters.json
//! ```

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::files;
use crate::install;
use crate::progress::Progress;

/// An images directory. Any number of processes may have the same one open.
#[derive(Clone)]
pub struct Store {
    directory: PathBuf,
    progress: Arc<dyn Progress>,
}

impl Store {
    /// Opens an images directory, making it if it is absent. Images in it that were moved since
    /// they were made are patched to run at their new place.
    ///
    /// # Errors
    /// The directory belongs to somebody else or is writable for others, its path cannot be told
    /// to a program loader, or (as root) other users cannot pass through the path above it.
    pub fn open(images_dir: &Path, progress: Arc<dyn Progress>) -> Result<Self, Error> {
        if !images_dir.exists() {
            files::make_dir(images_dir)?;
        }
        // The one path that stays: programs are patched with it.
        let directory = images_dir.canonicalize().map_err(Error::io(images_dir))?;
        check_path(&directory)?;
        check_owner(&directory)?;
        let store = Self { directory, progress };
        for shelf in ["", "apt", "locks", "roots", "nats-server", "tools", "templates"] {
            let path = store.directory.join(shelf);
            // Somebody else's is complete, or its owner's to complete.
            if !path.exists() || owns(&path)? {
                files::make_dir(&path)?;
            }
        }
        check_reachable(&store.directory)?;
        install::follow_moves(&store, &store.tools_shelf())?;
        install::follow_moves(&store, &store.roots())?;
        Ok(store)
    }

    /// The directory's path, absolute and without symbolic links.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn progress(&self) -> &dyn Progress {
        &*self.progress
    }

    pub(crate) fn apt(&self) -> PathBuf {
        self.directory.join("apt")
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.directory.join("locks")
    }

    pub(crate) fn roots(&self) -> PathBuf {
        self.directory.join("roots")
    }

    pub(crate) fn nats_server_shelf(&self) -> PathBuf {
        self.directory.join("nats-server")
    }

    pub(crate) fn tools_shelf(&self) -> PathBuf {
        self.directory.join("tools")
    }

    pub(crate) fn templates(&self) -> PathBuf {
        self.directory.join("templates")
    }
}

/// A search path of the loader ends at a colon and expands `$`; apt's configuration has quotes.
fn check_path(path: &Path) -> Result<(), Error> {
    match path.to_str() {
        Some(text)
            if !text.contains([':', ';', '$', '"', '\\']) && !text.contains(char::is_control) =>
        {
            Ok(())
        }
        _ => Err(Error::UnsuitablePath { path: path.to_owned() }),
    }
}

/// Images are programs that the caller runs: nobody else may have put them there.
fn check_owner(path: &Path) -> Result<(), Error> {
    let metadata = fs::metadata(path).map_err(Error::io(path))?;
    let caller = rustix::process::geteuid().as_raw();
    let is_writable_for_others = metadata.mode() & 0o022 != 0 && metadata.uid() != caller;
    if is_writable_for_others || ![0, caller].contains(&metadata.uid()) {
        return Err(Error::Untrusted { path: path.to_owned(), owner: metadata.uid() });
    }
    Ok(())
}

fn owns(path: &Path) -> Result<bool, Error> {
    let owner = fs::metadata(path).map_err(Error::io(path))?.uid();
    Ok(owner == rustix::process::geteuid().as_raw())
}

/// As root every instance has a user of its own, which must get to its engine's programs.
fn check_reachable(path: &Path) -> Result<(), Error> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    for directory in path.ancestors() {
        let mode = fs::metadata(directory).map_err(Error::io(directory))?.permissions().mode();
        if mode & 0o001 == 0 {
            return Err(Error::Closed { path: directory.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn a_path_that_a_loader_would_misread_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let error = Store::open(&above.path().join("a:b"), Arc::new(())).err().unwrap();
        assert!(matches!(error, Error::UnsuitablePath { .. }), "{error}");
    }

    #[test]
    fn a_directory_below_a_closed_one_is_refused_for_root_only() {
        let above = tempfile::tempdir().unwrap();
        fs::set_permissions(above.path(), Permissions::from_mode(0o700)).unwrap();
        let opened = Store::open(&above.path().join("images"), Arc::new(()));
        if rustix::process::geteuid().is_root() {
            let closed = above.path().canonicalize().unwrap();
            assert!(matches!(opened.err(), Some(Error::Closed { path }) if path == closed));
        } else {
            assert!(opened.is_ok());
        }
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(directory.path(), Some(7001), None).unwrap();
            let error = Store::open(directory.path(), Arc::new(())).err().unwrap();
            assert!(matches!(error, Error::Untrusted { owner: 7001, .. }), "{error}");
        } else {
            // The one directory that is surely another's and open to writing.
            let error = Store::open(Path::new("/tmp"), Arc::new(())).err().unwrap();
            assert!(matches!(error, Error::Untrusted { owner: 0, .. }), "{error}");
        }
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_closed_to_them() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
        Store::open(directory.path(), Arc::new(())).ok().unwrap();
        assert_eq!(fs::metadata(directory.path()).unwrap().mode() & 0o777, 0o755);
    }
}
