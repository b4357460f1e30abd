//! Files that only their owner may read: the users file and the token key.
//!
//! # Invariants
//! - A file that others may read or write is refused, not repaired: what it holds may be known.
//! - A file is created whole or not at all, and never replaces another one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Far above any real users file; keeps a wrong path from filling the memory.
const BYTES_MAX: u64 = 4 << 20;

/// Why a private file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// It is not there, or the system refused.
    #[error("{} cannot be used", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than its owner have rights on it.
    #[error(
        "{path} has mode {mode:03o}, so others may know its secrets: replace them, \
         then run `chmod 600 {path}`",
        path = path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is a directory or device, is too large, or is not text.
    #[error("{} is not a text file of at most {BYTES_MAX} bytes", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

/// Changes whenever the file does, as far as its metadata can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    // Moves with the permissions, too.
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the file as it is now; nothing if there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::from(&metadata))
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            inode: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// Reads the file, with a stamp taken before: a write meanwhile makes the stamp old.
pub(crate) fn read(path: &Path) -> Result<(String, Stamp), PrivateFileError> {
    let inaccessible = |source| PrivateFileError::Inaccessible { path: path.to_path_buf(), source };
    let not_text = || PrivateFileError::NotText { path: path.to_path_buf() };
    // Asked before opening, because opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(inaccessible)?.is_file() {
        return Err(not_text());
    }
    let file = File::open(path).map_err(inaccessible)?;
    let metadata = file.metadata().map_err(inaccessible)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::OpenToOthers { path: path.to_path_buf(), mode });
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(inaccessible)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(not_text());
    }
    let text = String::from_utf8(bytes).map_err(|_| not_text())?;
    Ok((text, Stamp::from(&metadata)))
}

/// Writes the file with mode 0600 and makes it durable, unless there is one already: then that
/// one stands, untouched. Of several processes that do this at once, one wins.
pub(crate) fn ensure(path: &Path, content: &str) -> Result<(), PrivateFileError> {
    ensure_exclusive(path, content)
        .map_err(|source| PrivateFileError::Inaccessible { path: path.to_path_buf(), source })
}

fn ensure_exclusive(path: &Path, content: &str) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let draft = folder.join(format!(".{}.{}", name.to_string_lossy(), Uuid::new_v4().simple()));
    let linked = write_new(&draft, content).and_then(|()| fs::hard_link(&draft, path));
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    match linked {
        // Another process was first; its file is as good as ours.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_created_file_is_private_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        ensure(&path, "first").unwrap();
        assert_eq!(read(&path).unwrap().0, "first");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft may stay");
    }

    #[test]
    fn an_existing_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        ensure(&path, "first").unwrap();
        ensure(&path, "second").unwrap();
        assert_eq!(read(&path).unwrap().0, "first");
    }

    #[test]
    fn of_many_creators_one_wins_and_all_agree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let seen: Vec<String> = std::thread::scope(|scope| {
            let path = &path;
            let creators: Vec<_> = (0..8)
                .map(|n| {
                    scope.spawn(move || {
                        ensure(path, &n.to_string()).unwrap();
                        read(path).unwrap().0
                    })
                })
                .collect();
            creators.into_iter().map(|creator| creator.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|content| *content == seen[0]));
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        ensure(&path, "text").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err();
            assert!(
                matches!(error, PrivateFileError::OpenToOthers { mode: seen, .. } if seen == mode)
            );
            assert!(error.to_string().contains("chmod 600"));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path).is_ok());
    }

    #[test]
    fn a_directory_and_a_missing_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(PrivateFileError::NotText { .. })));
        let missing = read(&folder.path().join("none"));
        assert!(matches!(missing, Err(PrivateFileError::Inaccessible { .. })));
    }

    #[test]
    fn the_stamp_moves_with_content_and_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        ensure(&path, "text").unwrap();
        let first = Stamp::of(&path);
        assert_eq!(first, Stamp::of(&path));
        fs::write(&path, "other text").unwrap();
        let second = Stamp::of(&path);
        assert_ne!(first, second);
        assert_eq!(Stamp::of(&folder.path().join("none")), None);
    }
}
