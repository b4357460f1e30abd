//! Reads the specification file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::guest_spec::GuestSpec;

/// Why a specification file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// It can't be read.
    #[error("{} can't be read", path.display())]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is no specification.
    #[error("{} is no specification of a guest", path.display())]
    Malformed {
        /// Where it stands.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads the specification at `path`.
///
/// # Errors
/// It is not there, or not what it should be.
pub fn read(path: &Path) -> Result<GuestSpec, SpecError> {
    let bytes =
        fs::read(path).map_err(|source| SpecError::Unreadable { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|source| SpecError::Malformed { path: path.to_owned(), source })
}
