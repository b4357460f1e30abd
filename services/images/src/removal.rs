//! Takes an engine's image away again, with its templates.
//!
//! # Invariant
//! The stamp goes first: from then on there is no image, and what a killed process leaves of it
//! is thrown away with the engine's other rubbish.

use std::fs;
use std::path::Path;

use uuid::Uuid;

use crate::engine::EngineImage;
use crate::error::Error;
use crate::files;
use crate::lock::Lock;
use crate::stamp::Stamp;
use crate::store::Store;

/// How many processes an error names.
const PIDS_SHOWN: usize = 5;

impl Store {
    /// Takes the image away; that it is gone already is fine. Who refers to it is the caller's to
    /// know: here only programs that run are seen.
    ///
    /// # Errors
    /// [`Error::Running`], and those of the file system.
    pub fn remove_engine(&self, image: &EngineImage) -> Result<(), Error> {
        let lock = Lock::take(&self.locks(), &image.engine, self.progress())?;
        let pids = running(&image.root)?;
        if !pids.is_empty() {
            return Err(Error::Running { root: image.root.clone(), pids });
        }
        Stamp::remove(&image.root)?;
        files::remove(&image.root)?;
        drop(lock);
        self.remove_templates(image.id)
    }

    fn remove_templates(&self, id: Uuid) -> Result<(), Error> {
        let templates = self.templates();
        let own = format!("{id}-");
        for name in files::names(&templates)?.iter().filter(|name| name.starts_with(&own)) {
            files::remove(&templates.join(name))?;
        }
        Ok(())
    }

    /// What the image's files take, in bytes.
    pub fn size_of(&self, image: &EngineImage) -> u64 {
        files::size(&image.root)
    }
}

/// Some of the processes that run a program below `root`, as far as this user may see them.
fn running(root: &Path) -> Result<Vec<u32>, Error> {
    let ids = files::names(Path::new("/proc"))?.into_iter().filter_map(|name| name.parse().ok());
    Ok(ids.filter(|id| runs_below(*id, root)).take(PIDS_SHOWN).collect())
}

/// By the program's file, and by its name on the command line: behind walls of its own a process
/// may see its files elsewhere.
fn runs_below(id: u32, root: &Path) -> bool {
    let process = Path::new("/proc").join(id.to_string());
    if fs::read_link(process.join("exe")).is_ok_and(|program| program.starts_with(root)) {
        return true;
    }
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
    Path::new(&*String::from_utf8_lossy(first)).starts_with(root)
}
