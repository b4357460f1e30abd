//! The port: a sorted map of bytes with atomic batches.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The store can't be used any more: throw it away and rebuild.
#[derive(Debug, thiserror::Error)]
#[error("the read model's store can't be used")]
pub struct StoreError(#[source] pub BoxError);

/// Changes that become visible together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// Values to set.
    pub puts: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Keys to remove, before the values are set.
    pub removals: Vec<Vec<u8>>,
}

/// A sorted map of bytes with atomic batches. It may lose its latest batches in a crash, in
/// order, since they can be derived again; it may not lose one and keep a later one.
pub trait ProjectionStore: Send + Sync {
    /// The value of `key`.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// At most `limit` entries whose keys begin with `prefix` and are greater than `after`, in
    /// the order of their keys.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Entries, StoreError>;

    /// Carries out a batch.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn write(&self, batch: Batch) -> Result<(), StoreError>;

    /// Removes everything.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn clear(&self) -> Result<(), StoreError>;

    /// Leaves on disk what was written so far.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn flush(&self) -> Result<(), StoreError>;
}

/// Keys with their values.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// A store in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.0.lock().expect("no code panics while it holds the lock")
    }
}

impl ProjectionStore for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().get(key).cloned())
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Entries, StoreError> {
        let first = prefix.max(after).to_vec();
        let map = self.lock();
        let entries = map
            .range(first..)
            .filter(|(key, _)| key.as_slice() > after)
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit);
        Ok(entries.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn write(&self, batch: Batch) -> Result<(), StoreError> {
        let mut map = self.lock();
        for key in batch.removals {
            map.remove(&key);
        }
        map.extend(batch.puts);
        Ok(())
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.lock().clear();
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
