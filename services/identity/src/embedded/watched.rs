//! The users file as it is now: read again when it has changed.
//!
//! # Invariants
//! - A change is in force for the first question asked after it.
//! - A file that has become unusable changes nothing: the last good content stays in force, and
//!   one error line says what to correct. Otherwise a slip of an editor would lock everyone out.
//!
//! A change is seen by the file's metadata. Two writes in place, of the same length and within
//! one tick of the file system's clock (some milliseconds), look like one; editors that replace
//! the file are always seen.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use super::directory::Directory;
use super::key::SigningKey;
use crate::private_file::Stamp;
use crate::users::{self, UsersError};

pub(super) struct WatchedUsers {
    path: PathBuf,
    key: Arc<SigningKey>,
    latest: RwLock<Latest>,
}

struct Latest {
    /// Of the file as it was last looked into, be it good or bad; `None`: there was no file.
    stamp: Option<Stamp>,
    directory: Arc<Directory>,
}

impl WatchedUsers {
    pub(super) fn open(path: PathBuf, key: Arc<SigningKey>) -> Result<Self, UsersError> {
        let (users, stamp) = users::read(&path)?;
        let directory = Arc::new(Directory::new(users, &key));
        Ok(Self { path, key, latest: RwLock::new(Latest { stamp: Some(stamp), directory }) })
    }

    /// What the file says. Costs one look at the file's metadata while it does not change.
    pub(super) fn directory(&self) -> Arc<Directory> {
        let stamp = Stamp::of(&self.path);
        {
            let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
            if latest.stamp == stamp {
                return Arc::clone(&latest.directory);
            }
        }
        self.read_again()
    }

    fn read_again(&self) -> Arc<Directory> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        // Taken under the lock: another thread may have read the file while this one waited.
        let stamp = Stamp::of(&self.path);
        if latest.stamp != stamp {
            match users::read(&self.path) {
                Ok((users, stamp)) => {
                    let directory = Arc::new(Directory::new(users, &self.key));
                    *latest = Latest { stamp: Some(stamp), directory };
                    tracing::info!("Users file was read again.");
                }
                Err(error) => {
                    latest.stamp = stamp;
                    let error = chain(&error);
                    tracing::error!(%error, "Users file is unusable; its last good content holds.");
                }
            }
        }
        Arc::clone(&latest.directory)
    }
}

/// The error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
