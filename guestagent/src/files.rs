//! Files that survive a crash, in directories that others may write to.
//!
//! # Invariants
//! - No function here follows a symbolic link in a path's last part: as root, the directory of an
//!   instance is shared with its agent and its server.
//! - A replaced file is the old one or the new one, whole, whenever power fails.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

const NO_FOLLOW: i32 = OFlags::NOFOLLOW.bits().cast_signed();
/// Whatever else than a file stands under a name, opening it returns at once.
const NO_WAIT: i32 = OFlags::NONBLOCK.bits().cast_signed();

/// Who may read a file, besides its owner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// Permission bits.
    pub(crate) mode: u32,
    /// The file's group; the writer's own when absent.
    pub(crate) group: Option<u32>,
}

impl Access {
    /// For the owner only.
    pub(crate) const PRIVATE: Self = Self { mode: 0o600, group: None };

    /// For `group` to read.
    pub(crate) fn readable_by(group: Option<u32>) -> Self {
        Self { mode: 0o640, group }
    }
}

/// Puts `bytes` at `path` in one step that is on disk when this returns.
pub(crate) fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let new = with_suffix(path, ".new");
    remove(&new)?;
    let mut file = create(&new, access)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_parent(path)
}

/// Makes a file that must not be there yet.
pub(crate) fn create(path: &Path, access: Access) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(access.mode).open(path)?;
    // The mode of creation is cut by the umask, this one is not.
    file.set_permissions(Permissions::from_mode(access.mode))?;
    if access.group.is_some() {
        fchown(&file, None, access.group)?;
    }
    Ok(file)
}

/// Opens a file of our own, making it if absent; one that somebody else put there is removed.
pub(crate) fn open_own(path: &Path, access: Access) -> io::Result<File> {
    let opened = OpenOptions::new().read(true).append(true).custom_flags(NO_FOLLOW).open(path);
    if let Ok(file) = opened {
        let metadata = file.metadata()?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if metadata.is_file() && metadata.nlink() == 1 && ours {
            return Ok(file);
        }
    }
    remove(path)?;
    drop(create(path, access)?);
    OpenOptions::new().read(true).append(true).custom_flags(NO_FOLLOW).open(path)
}

/// Opens a plain file to be read, whoever has made it. A link is none, nor is a file that goes by
/// another name as well: it could be anybody's.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    plain(OpenOptions::new().read(true).custom_flags(NO_FOLLOW | NO_WAIT).open(path)?)
}

/// The same, to be cut too.
pub(crate) fn open_plain_to_cut(path: &Path) -> io::Result<File> {
    plain(OpenOptions::new().read(true).write(true).custom_flags(NO_FOLLOW | NO_WAIT).open(path)?)
}

fn plain(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() == 1 {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"))
}

/// Removes a file; its absence is success.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a directory with all that is in it; its absence is success.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the names in the directory of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// `path` with `suffix` behind its last part.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode_whatever_was_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(directory.path().join("f.new"), "left by a crash").unwrap();
        replace(&path, b"one", Access::PRIVATE).unwrap();
        replace(&path, b"two", Access::readable_by(None)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_link_is_never_written_through() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "untouched").unwrap();
        for name in ["symbolic", "symbolic.new"] {
            std::os::unix::fs::symlink(&victim, directory.path().join(name)).unwrap();
        }
        fs::hard_link(&victim, directory.path().join("hard")).unwrap();
        for name in ["symbolic", "hard"] {
            let mut file = open_own(&directory.path().join(name), Access::PRIVATE).unwrap();
            file.write_all(b"ours").unwrap();
            replace(&directory.path().join(name), b"ours", Access::PRIVATE).unwrap();
        }
        assert_eq!(fs::read(&victim).unwrap(), b"untouched");
    }
}
