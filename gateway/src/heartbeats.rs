//! The last heartbeat of each instance, in memory: the only answers that do not come from the log.
//!
//! # Invariants
//! - No more entries than the read model knows live instances: a stranger's beat is dropped.

use domain::guest::Heartbeat;
use domain::ids::InstanceId;
use domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

/// What was heard last, by instance.
#[derive(Debug, Default)]
pub struct Heartbeats {
    heard: Mutex<HashMap<InstanceId, Heard>>,
}

/// A heartbeat and when it came, by our clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When it came.
    pub at: Timestamp,
    /// What it said.
    pub beat: Heartbeat,
}

impl Heartbeats {
    /// Keeps a heartbeat in place of the one before.
    pub fn keep(&self, id: InstanceId, heard: Heard) {
        self.lock().insert(id, heard);
    }

    /// Forgets all instances that `is_live` does not know.
    pub fn retain(&self, is_live: impl Fn(InstanceId) -> bool) {
        self.lock().retain(|id, _| is_live(*id));
    }

    /// What was heard last of an instance.
    pub(crate) fn last(&self, id: InstanceId) -> Option<Heard> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Heard>> {
        self.heard.lock().expect("no code panics while it holds the lock")
    }
}
