//! Exclusive file locks between processes.
//!
//! # Invariant
//! Programs started under a lock get it as their standard input (see [`Lock::stdin`]). So when
//! this process is killed, the lock stays taken until its orphans have ended as well, and their
//! successor never works beside them in the same directories.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::progress::Progress;

/// Longer than any image takes on a slow line; after it something is wrong with the holder.
const WAIT_MAX: Duration = Duration::from_secs(30 * 60);
const POLL: Duration = Duration::from_millis(50);

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Waits for the lock `name` in the directory `locks`, and says so when that takes a while.
    pub(crate) fn take(locks: &Path, name: &str, progress: &dyn Progress) -> Result<Self, Error> {
        let path = locks.join(format!("{name}.lock"));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io(&path))?;
        let started = Instant::now();
        let mut announced = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { path, file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
            }
            let waited = started.elapsed();
            if waited > WAIT_MAX {
                return Err(Error::Busy { path, waited });
            }
            if !announced && waited > Duration::from_secs(1) {
                announced = true;
                progress.step(&format!("Waiting for another process that prepares {name}."));
            }
            std::thread::sleep(POLL);
        }
    }

    /// An empty standard input that keeps the lock taken while its owner runs.
    pub(crate) fn stdin(&self) -> Result<Stdio, Error> {
        Ok(Stdio::from(self.file.try_clone().map_err(Error::io(&self.path))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_lock_stays_taken_until_the_programs_started_under_it_have_ended() {
        let locks = tempfile::tempdir().unwrap();
        let lock = Lock::take(locks.path(), "a", &()).unwrap();
        let mut orphan =
            Command::new("sleep").arg("600").stdin(lock.stdin().unwrap()).spawn().unwrap();
        drop(lock);
        let other = File::open(locks.path().join("a.lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        orphan.kill().unwrap();
        orphan.wait().unwrap();
        other.try_lock().unwrap();
    }
}
