//! Who this taskmanager is.
//!
//! # Invariants
//! - Its state directory is locked while it runs, so its id is never in use twice at once. That
//!   is why a worker may take its own claims anew: they are of a process that is gone.

use domain::ids::WorkerId;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use uuid::Uuid;

/// A worker's id, and the lock that keeps it unique.
pub(crate) struct Worker {
    /// The id.
    pub(crate) id: WorkerId,
    _lock: File,
}

impl Worker {
    /// The worker of a state directory, which is made when there is none.
    ///
    /// # Errors
    /// The directory can't be used, or another taskmanager uses it.
    pub(crate) fn of(state_dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(state_dir)?;
        let lock = File::options().create(true).append(true).open(state_dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other(format!(
                "another taskmanager runs in {}: give each a state_dir of its own",
                state_dir.display()
            )),
            TryLockError::Error(error) => error,
        })?;
        Ok(Self { id: id_in(&state_dir.join("worker"))?, _lock: lock })
    }
}

fn id_in(file: &Path) -> io::Result<WorkerId> {
    match fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = WorkerId(Uuid::now_v7());
            let new = file.with_extension("new");
            let mut content = File::create(&new)?;
            writeln!(content, "{id}")?;
            content.sync_all()?;
            fs::rename(&new, file)?;
            Ok(id)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_keeps_its_id_and_is_alone_in_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let worker = Worker::of(dir.path()).unwrap();
        assert!(Worker::of(dir.path()).is_err());
        let id = worker.id;
        drop(worker);
        assert_eq!(Worker::of(dir.path()).unwrap().id, id);
    }
}
