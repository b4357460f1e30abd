//! The port: what every event log promises. The contract suite in `testkit` tests each promise.

use crate::recorded::Recorded;
use async_trait::async_trait;
use domain::aggregate::Key;
use domain::commit::Commit;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The largest message of the log with its headers, in bytes.
pub const MESSAGE_SIZE_MAX: usize = 256 * 1024;

/// The largest encoded commit, in bytes: some room is left for headers.
pub const COMMIT_SIZE_MAX: usize = MESSAGE_SIZE_MAX - 1024;

/// The one place where facts are kept. Sequences start at 1 and have no holes.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends a commit that was decided at version `expected`, the sequence of its aggregate's
    /// last commit, or 0 when it has none. Appending the same commit again answers what is
    /// stored and stores nothing.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] is certain: neither this call nor an earlier one with the same
    /// commit id stored anything. [`AppendError::Unknown`] says nothing either way: repeat with
    /// the same commit, see [`append_settled`](crate::append_settled).
    async fn append(&self, expected: u64, commit: &Commit) -> Result<Recorded, AppendError>;

    /// One aggregate's commits with a sequence above `after`, in order.
    ///
    /// # Errors
    /// See [`ReadError`].
    async fn read(&self, key: Key, after: u64) -> Result<Vec<Recorded>, ReadError>;

    /// The sequence of an aggregate's last commit, 0 when it has none. Sees every commit that
    /// was acknowledged, to whomever, before the call.
    ///
    /// # Errors
    /// See [`ReadError`].
    async fn last(&self, key: Key) -> Result<u64, ReadError>;

    /// Which log this is and how far it goes.
    ///
    /// # Errors
    /// See [`ReadError`].
    async fn info(&self) -> Result<LogInfo, ReadError>;

    /// One attempt at following all commits with a sequence above `after`. It ends, with or
    /// without an error, when the connection hiccups, and may then have skipped commits: readers
    /// use a [`Tailer`](crate::Tailer), which checks and begins again.
    ///
    /// # Errors
    /// See [`ReadError`].
    async fn follow(
        &self,
        after: u64,
    ) -> Result<BoxStream<'static, Result<Recorded, ReadError>>, ReadError>;
}

/// Names one log from its making to its end: when it was made, in nanoseconds since 1970.
/// A log that was made anew in the place of a lost one has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogIdentity(pub i64);

/// Which log, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogInfo {
    /// Which log.
    pub identity: LogIdentity,
    /// The sequence of the last commit of any aggregate, 0 when there is none.
    pub last_sequence: u64,
}

/// Why a commit was not, or may not have been, stored.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another commit stands at that version: read it and decide again.
    #[error("another commit came first")]
    Conflict,
    /// It may have been stored: repeat it under the same commit id.
    #[error("the event log did not say whether it stored the commit")]
    Unknown(#[source] BoxError),
    /// It was not stored, and a repeat won't be before an operator acts.
    #[error("the event log refused the commit")]
    Refused(#[source] BoxError),
    /// It was not stored and never will be.
    #[error("the commit has {size} bytes, of {COMMIT_SIZE_MAX} allowed")]
    TooLarge {
        /// Of the encoded commit, in bytes.
        size: usize,
    },
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is known: ask again later.
    #[error("the event log did not answer")]
    Unavailable(#[source] BoxError),
    /// A stored message is not a commit that this release understands: its aggregate is damaged,
    /// or was written by a later release.
    #[error("message {sequence} of the event log is unreadable")]
    Unreadable {
        /// Of the message.
        sequence: u64,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
}
