//! The hash chain: each commit names the hash of its aggregate's previous commit, so that an
//! edit of history shows.
//!
//! # Invariants
//! - A hash is of stored bytes, never of a re-encoding: later releases may encode differently.

use crate::recorded::Recorded;
use domain::aggregate::Key;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A SHA-256.
pub type Hash = [u8; 32];

/// Where a log contradicts itself; what stands there or after it can't be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainBroken {
    /// The commit names another predecessor than the one that was read.
    #[error("commit {sequence} does not continue the aggregate's history")]
    WrongPrevious {
        /// Of the commit.
        sequence: u64,
    },
    /// Sequences are missing or repeat.
    #[error("commit {sequence} stands where {expected} was expected")]
    OutOfOrder {
        /// Of the commit.
        sequence: u64,
        /// The next, or the lowest allowed.
        expected: u64,
    },
    /// The events are of another kind than their aggregate.
    #[error("commit {sequence} holds events of another kind of aggregate")]
    OtherKind {
        /// Of the commit.
        sequence: u64,
    },
}

/// The hash of a stored message. No subject has a NUL, so the two parts can't be confused.
pub fn hash_of(subject: &str, payload: &[u8]) -> Hash {
    Sha256::new()
        .chain_update(subject.as_bytes())
        .chain_update([0])
        .chain_update(payload)
        .finalize()
        .into()
}

/// Checks that `recorded` follows the aggregate's commit with the hash `previous`.
///
/// # Errors
/// [`ChainBroken::WrongPrevious`].
pub fn check_link(previous: Option<Hash>, recorded: &Recorded) -> Result<(), ChainBroken> {
    if recorded.commit.previous_hash == previous {
        Ok(())
    } else {
        Err(ChainBroken::WrongPrevious { sequence: recorded.sequence })
    }
}

/// Checks a whole log, read from its first commit on.
#[derive(Debug, Clone, Default)]
pub struct ChainCheck {
    position: u64,
    heads: HashMap<Key, Hash>,
}

impl ChainCheck {
    /// Checks the next commit.
    ///
    /// # Errors
    /// The sequences have a gap, or the commit's aggregate has another history. The commit is
    /// then not taken.
    pub fn take(&mut self, recorded: &Recorded) -> Result<(), ChainBroken> {
        let expected = self.position + 1;
        if recorded.sequence != expected {
            return Err(ChainBroken::OutOfOrder { sequence: recorded.sequence, expected });
        }
        let key = recorded.commit.aggregate;
        check_link(self.heads.get(&key).copied(), recorded)?;
        self.position = expected;
        self.heads.insert(key, recorded.hash);
        Ok(())
    }

    /// The sequence of the last commit taken.
    pub fn position(&self) -> u64 {
        self.position
    }
}
