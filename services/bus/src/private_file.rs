//! Files that only their owner may read: keys and credentials.
//!
//! # Invariants
//! - A file that others may read or write is refused: what it holds may be known.
//! - A file appears whole or not at all, and is on disk when the call returns.

use rand::TryRngCore as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Far above every file kept here; a wrong path must not fill the memory.
const BYTES_MAX: u64 = 64 << 10;

/// Why a private file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// There is none, or the system refused.
    #[error("{} is not accessible", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than its owner have rights on it.
    #[error("{} has mode {mode:03o}: others may know what it holds", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is one already, and it is not replaced.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It does not hold what is expected there.
    #[error("{} does not hold {expected}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is expected.
        expected: &'static str,
    },
}

impl PrivateFileError {
    /// Whether the file is simply not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Inaccessible { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// Makes `directory` with mode 0700 unless there is one; one that others may enter is refused.
pub(crate) fn ensure_directory(directory: &Path) -> Result<(), PrivateFileError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .and_then(|()| sync_directory(parent(directory)))
        .map_err(|source| inaccessible(directory, source))?;
    refuse_open_to_others(
        directory,
        &File::open(directory).map_err(|e| inaccessible(directory, e))?,
    )
}

/// Reads a private file.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    // A pipe in the file's place would hold the opening for ever.
    let kind = fs::metadata(path).map_err(|source| inaccessible(path, source))?;
    if !kind.is_file() || kind.len() > BYTES_MAX {
        return Err(malformed(path, "a small file"));
    }
    let file = File::open(path).map_err(|source| inaccessible(path, source))?;
    refuse_open_to_others(path, &file)?;
    // Full size from the start: a vector that grows leaves copies of its secret behind.
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(kind.len()).unwrap_or(0) + 1));
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(|source| inaccessible(path, source))?;
    Ok(bytes)
}

/// Reads a private file that holds text.
pub(crate) fn read_text(path: &Path) -> Result<Zeroizing<String>, PrivateFileError> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed(path, "text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Creates a private file; one that exists is an error. Of several creators one wins.
pub(crate) fn create(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    through_draft(path, content, |draft| fs::hard_link(draft, path)).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            PrivateFileError::Exists { path: path.to_path_buf() }
        } else {
            inaccessible(path, source)
        }
    })
}

/// Writes a private file in the place of the one that may be there.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    through_draft(path, content, |draft| fs::rename(draft, path))
        .map_err(|source| inaccessible(path, source))
}

/// The error for a file whose content is wrong.
pub(crate) fn malformed(path: &Path, expected: &'static str) -> PrivateFileError {
    PrivateFileError::Malformed { path: path.to_path_buf(), expected }
}

fn inaccessible(path: &Path, source: io::Error) -> PrivateFileError {
    PrivateFileError::Inaccessible { path: path.to_path_buf(), source }
}

fn refuse_open_to_others(path: &Path, file: &File) -> Result<(), PrivateFileError> {
    let mode = file.metadata().map_err(|source| inaccessible(path, source))?.mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(PrivateFileError::OpenToOthers { path: path.to_path_buf(), mode })
    }
}

fn through_draft(
    path: &Path,
    content: &[u8],
    publish: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let random = rand::rngs::OsRng.try_next_u64().map_err(io::Error::other)?;
    let draft = parent(path).join(format!(".{name}.{random:016x}"));
    let published = write_new(&draft, content).and_then(|()| publish(&draft));
    match fs::remove_file(&draft) {
        // Renamed, or never made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    published?;
    sync_directory(parent(path))
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_created_file_is_private_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"first").unwrap();
        let second = create(&path, b"second").unwrap_err();
        assert!(matches!(second, PrivateFileError::Exists { .. }), "{second}");
        assert_eq!(read(&path).unwrap().as_slice(), b"first");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "a draft stayed behind");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read(&path).unwrap_err();
        assert!(matches!(refused, PrivateFileError::OpenToOthers { mode: 0o640, .. }), "{refused}");
    }

    #[test]
    fn a_missing_file_says_so() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read(&directory.path().join("key")).unwrap_err().is_missing());
    }

    #[test]
    fn replacing_leaves_one_private_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        create(&path, b"first").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(read_text(&path).unwrap().as_str(), "second");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_directory_that_others_may_enter_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("a/b");
        ensure_directory(&own).unwrap();
        ensure_directory(&own).unwrap();
        assert_eq!(mode(&own), 0o700);
        fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(
            ensure_directory(&own).unwrap_err(),
            PrivateFileError::OpenToOthers { .. }
        ));
    }
}
