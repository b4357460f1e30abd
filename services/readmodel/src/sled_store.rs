//! The store on disk: sled 0.34.
//!
//! sled has had no stable release since 2021, which is why nothing is kept in it that the log
//! can't rebuild, and why a failing or panicking start deletes the directory and begins anew.

use crate::store::{Batch, Entries, ProjectionStore, StoreError};
use std::path::Path;

/// A store on disk.
pub struct SledStore {
    db: sled::Db,
}

impl SledStore {
    /// Opens the store in `dir`, with at most `cache_bytes` of cache. What can't be opened is
    /// deleted and made anew.
    ///
    /// # Errors
    /// The directory can't be used at all.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        match try_open(dir, cache_bytes) {
            Ok(db) => Ok(Self { db }),
            Err(error) => {
                tracing::warn!(dir = %dir.display(), error = %error.0, "Read model thrown away.");
                std::fs::remove_dir_all(dir).map_err(|error| StoreError(error.into()))?;
                try_open(dir, cache_bytes).map(|db| Self { db })
            }
        }
    }
}

fn try_open(dir: &Path, cache_bytes: u64) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .flush_every_ms(Some(500))
        .mode(sled::Mode::LowSpace);
    // sled 0.34 panics on some damaged files.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| config.open()))
        .map_err(|_| StoreError("the store's files are damaged".into()))?
        .map_err(|error| StoreError(error.into()))
}

fn failed(error: sled::Error) -> StoreError {
    StoreError(error.into())
}

impl ProjectionStore for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.db.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Entries, StoreError> {
        let first = prefix.max(after).to_vec();
        self.db
            .range(first..)
            .filter(|entry| entry.as_ref().map_or(true, |(key, _)| key.as_ref() > after))
            .take_while(|entry| entry.as_ref().map_or(true, |(key, _)| key.starts_with(prefix)))
            .take(limit)
            .map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(failed))
            .collect()
    }

    fn write(&self, batch: Batch) -> Result<(), StoreError> {
        let mut writes = sled::Batch::default();
        for key in batch.removals {
            writes.remove(key);
        }
        for (key, value) in batch.puts {
            writes.insert(key, value);
        }
        self.db.apply_batch(writes).map_err(failed)
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.db.clear().map_err(failed)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map(|_| ()).map_err(failed)
    }
}
