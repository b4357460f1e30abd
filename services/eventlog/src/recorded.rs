//! A commit as it stands in the log.

use crate::chain::{Hash, hash_of};
use crate::log::{AppendError, COMMIT_SIZE_MAX, ReadError};
use domain::commit::Commit;
use proto::Wire;

/// A stored commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Where in the log; also its aggregate's version once it is applied.
    pub sequence: u64,
    /// What was stored.
    pub commit: Commit,
    /// SHA-256 of subject and stored payload, never of a re-encoding.
    pub hash: Hash,
}

impl Recorded {
    /// Reads a stored message.
    ///
    /// # Errors
    /// [`ReadError::Unreadable`]: the payload is no commit, or one of another aggregate.
    pub fn read(sequence: u64, subject: &str, payload: &[u8]) -> Result<Self, ReadError> {
        let unreadable = |source| ReadError::Unreadable { sequence, source };
        let commit = Commit::from_bytes(payload).map_err(|error| unreadable(error.into()))?;
        let wanted = proto::subjects::event(commit.aggregate);
        if wanted != subject {
            let text = format!("it stands under {subject} but belongs under {wanted}");
            return Err(unreadable(text.into()));
        }
        Ok(Self { sequence, commit, hash: hash_of(subject, payload) })
    }
}

/// A commit's subject and payload, as they go into the log.
///
/// # Errors
/// [`AppendError::TooLarge`].
pub(crate) fn encode(commit: &Commit) -> Result<(String, Vec<u8>), AppendError> {
    let payload = commit.to_bytes();
    if payload.len() > COMMIT_SIZE_MAX {
        return Err(AppendError::TooLarge { size: payload.len() });
    }
    Ok((proto::subjects::event(commit.aggregate), payload))
}
