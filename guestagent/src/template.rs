//! Makes the data directory that every new instance of an engine starts from.
//!
//! # Invariants
//! - The result is on disk and closed cleanly, and holds no account but the agent's.
//! - The engine runs as whoever calls this, which must not be root.

use std::io;
use std::path::{Path, PathBuf};

use domain::engine::Manager;

use crate::engine;

/// What the engine's parameters are written to, in the template; whoever keeps the template takes it
/// out.
pub const PARAMETERS_FILE: &str = "parameters.json";

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file of the engine is not where it should be.
    #[error("the engine's {} is missing", .0.display())]
    EngineMissing(PathBuf),
    /// The place for it is not an empty directory.
    #[error("{} is not an empty directory", .0.display())]
    NotEmpty(PathBuf),
    /// The engine ended, or said nothing for too long; what it said.
    #[error("{step}: {said}")]
    EngineFailed {
        /// What it was doing.
        step: &'static str,
        /// Its last words.
        said: String,
    },
    /// The file system refused.
    #[error("{}", path.display())]
    Io {
        /// What was refused.
        path: PathBuf,
        /// How.
        #[source]
        source: io::Error,
    },
}

/// Makes the template of the engine unpacked at `root`, in the empty directory `out`, and beside
/// its files the list of the engine's parameters. Says on standard error what it is doing.
///
/// # Errors
/// See [`TemplateError`]; what was made so far stays for inspection.
pub fn make(manager: Manager, root: &Path, out: &Path) -> Result<(), TemplateError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Io { path, source }
    };
    let root = root.canonicalize().map_err(at(root))?;
    let out = out.canonicalize().map_err(at(out))?;
    if out.read_dir().map_err(at(&out))?.next().is_some() {
        return Err(TemplateError::NotEmpty(out));
    }
    engine::make_template(manager, &root, &out)?;
    std::fs::File::open(&out)
        .and_then(|directory| Ok(rustix::fs::syncfs(directory)?))
        .map_err(at(&out))
}
