//! Follows the whole log from a position, over every loss of the connection.
//!
//! # Invariants
//! - What it gives is contiguous: each commit's sequence is its predecessor's plus 1.
//! - It trusts no stream: on any error, end, gap or silence it begins a new one at its own
//!   position.
//! - When the log has lost what was read before, it ends with [`TailLost`] and gives nothing.

use crate::log::{EventLog, LogIdentity, LogInfo, ReadError};
use crate::recorded::Recorded;
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How many commits are read ahead of the reader.
const AHEAD_MAX: usize = 2048;
/// After so long a silence the tailer asks the log whether there is nothing to read indeed.
const SILENCE_MAX: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// A lost message looks like a hole at first; a hole is there again in each new stream.
const GAPS_MAX: u32 = 3;
/// From so many fruitless attempts in a row on, somebody may want to know.
const ATTEMPTS_QUIET: u32 = 6;

/// How far a reader has come, in which log. Readers store it beside what they derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which log.
    pub identity: LogIdentity,
    /// The sequence of the last commit read, 0 before the first.
    pub sequence: u64,
}

/// The log is not the one that was read before, or lacks a part of it. Whoever derived
/// something from the lost part must stop and tell an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TailLost {
    /// Commits that were read are not in the log any more.
    #[error("the event log ends at {last_sequence}, but {position} was read from it")]
    Truncated {
        /// The last sequence read.
        position: u64,
        /// The last sequence in the log.
        last_sequence: u64,
    },
    /// Another log stands in the place of the one that was read.
    #[error("another event log stands in the place of the one that was read before")]
    Replaced {
        /// Which was read.
        read: LogIdentity,
        /// Which is there.
        found: LogIdentity,
    },
    /// A commit in the middle is gone.
    #[error("the event log has no commit {missing}, but has {found}")]
    Hole {
        /// The sequence that is not there.
        missing: u64,
        /// The next that is.
        found: u64,
    },
}

/// Why a tailer can't go on. It never heals by itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TailError {
    /// See [`TailLost`].
    #[error("the event log lost its tail")]
    Lost(#[source] TailLost),
    /// A stored commit is damaged, or of a later release.
    #[error("the event log can't be followed beyond an unreadable commit")]
    Unreadable(#[source] Arc<ReadError>),
}

/// Follows a log.
pub struct Tailer {
    identity: LogIdentity,
    last_at_start: u64,
    given: u64,
    received: mpsc::Receiver<Recorded>,
    task: JoinHandle<Option<TailError>>,
    ended: Option<TailError>,
}

impl Tailer {
    /// Follows from after `position`, or from the first commit on. Waits until the log answers;
    /// the caller bounds that wait where it wants a bound.
    ///
    /// # Errors
    /// [`TailError::Lost`].
    pub async fn start(
        log: Arc<dyn EventLog>,
        position: Option<Position>,
    ) -> Result<Self, TailError> {
        let mut pause = Pause::default();
        let info = loop {
            match log.info().await {
                Ok(info) => break info,
                Err(error) => pause.after(&error).await,
            }
        };
        let place = position.unwrap_or(Position { identity: info.identity, sequence: 0 });
        check(place, info).map_err(TailError::Lost)?;
        let (sender, received) = mpsc::channel(AHEAD_MAX);
        let follower = Follower { log, place, sender, pause: Pause::default(), gaps: 0 };
        Ok(Self {
            identity: info.identity,
            last_at_start: info.last_sequence,
            given: place.sequence,
            received,
            task: tokio::spawn(follower.run()),
            ended: None,
        })
    }

    /// The next commits: at least one, at most `max`, and no waiting for more than is there.
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// See [`TailError`]; what was read before the fault is given first, and the error from then
    /// on at every call.
    pub async fn next_batch(&mut self, max: usize) -> Result<Vec<Recorded>, TailError> {
        assert!(max > 0, "an empty batch would not tell an end");
        let mut batch = Vec::new();
        self.received.recv_many(&mut batch, max).await;
        if let Some(last) = batch.last() {
            self.given = last.sequence;
            return Ok(batch);
        }
        if let Some(error) = &self.ended {
            return Err(error.clone());
        }
        let ended = (&mut self.task).await.expect("the follower does not panic");
        let error = ended.expect("the follower outlives its reader, or met a fault");
        self.ended = Some(error.clone());
        Err(error)
    }

    /// How far the commits given reach.
    pub fn position(&self) -> Position {
        Position { identity: self.identity, sequence: self.given }
    }

    /// The log's last sequence when this tailer started.
    pub fn last_at_start(&self) -> u64 {
        self.last_at_start
    }

    /// Whether all that the log held at the start was given.
    pub fn has_caught_up(&self) -> bool {
        self.given >= self.last_at_start
    }
}

impl Drop for Tailer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether the log still holds what was read from it.
fn check(place: Position, info: LogInfo) -> Result<(), TailLost> {
    let Position { identity: read, sequence: position } = place;
    let LogInfo { identity: found, last_sequence } = info;
    if read != found {
        return Err(TailLost::Replaced { read, found });
    }
    if position > last_sequence {
        return Err(TailLost::Truncated { position, last_sequence });
    }
    Ok(())
}

/// The part of a tailer that reads ahead, in a task of its own.
struct Follower {
    log: Arc<dyn EventLog>,
    place: Position,
    sender: mpsc::Sender<Recorded>,
    pause: Pause,
    gaps: u32,
}

/// Why one stream was given up.
enum Stop {
    Hiccup(ReadError),
    Fault(TailError),
    ReaderGone,
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Hiccup(error)
    }
}

impl From<TailLost> for Stop {
    fn from(lost: TailLost) -> Self {
        Self::Fault(TailError::Lost(lost))
    }
}

impl Follower {
    /// `None` when the reader is gone.
    async fn run(mut self) -> Option<TailError> {
        loop {
            match self.follow_once().await {
                Stop::Hiccup(error) => self.pause.after(&error).await,
                Stop::Fault(error) => return Some(error),
                Stop::ReaderGone => return None,
            }
        }
    }

    async fn follow_once(&mut self) -> Stop {
        let Err(stop) = self.pass_on().await;
        stop
    }

    async fn pass_on(&mut self) -> Result<std::convert::Infallible, Stop> {
        check(self.place, self.log.info().await?)?;
        let mut stream = self.log.follow(self.place.sequence).await?;
        loop {
            match timeout(SILENCE_MAX, stream.next()).await {
                Ok(Some(Ok(recorded))) => self.take(recorded).await?,
                Ok(Some(Err(error))) => return Err(self.stop_at(error)),
                Ok(None) => return Err(hiccup("the stream ended").into()),
                Err(_) => {
                    let info = self.log.info().await?;
                    check(self.place, info)?;
                    if info.last_sequence > self.place.sequence {
                        return Err(hiccup("the stream is silent").into());
                    }
                }
            }
        }
    }

    async fn take(&mut self, recorded: Recorded) -> Result<(), Stop> {
        let missing = self.place.sequence + 1;
        let found = recorded.sequence;
        if found > missing {
            self.gaps += 1;
            if self.gaps >= GAPS_MAX {
                return Err(TailLost::Hole { missing, found }.into());
            }
        }
        if found != missing {
            return Err(hiccup("the stream skipped or repeated a commit").into());
        }
        self.sender.send(recorded).await.map_err(|_| Stop::ReaderGone)?;
        self.place.sequence = found;
        self.gaps = 0;
        self.pause.progressed();
        Ok(())
    }

    fn stop_at(&self, error: ReadError) -> Stop {
        match error {
            // Behind a gap it may be another's fault: begin again at the gap.
            ReadError::Unreadable { sequence, .. } if sequence == self.place.sequence + 1 => {
                Stop::Fault(TailError::Unreadable(Arc::new(error)))
            }
            ReadError::Unreadable { .. } | ReadError::Unavailable(_) => Stop::Hiccup(error),
        }
    }
}

fn hiccup(text: &str) -> ReadError {
    ReadError::Unavailable(text.into())
}

/// Waits longer after each attempt that brought nothing.
#[derive(Default)]
struct Pause {
    attempts: u32,
}

impl Pause {
    async fn after(&mut self, error: &ReadError) {
        self.attempts = self.attempts.saturating_add(1);
        let source = std::error::Error::source(error).map(ToString::to_string);
        if self.attempts == ATTEMPTS_QUIET {
            tracing::warn!(%error, source, "Event log can't be followed: trying again.");
        } else {
            tracing::debug!(%error, source, "Event log is followed anew.");
        }
        let factor = 1 << (self.attempts - 1).min(10);
        sleep(PAUSE_MAX.min(PAUSE_MIN * factor)).await;
    }

    fn progressed(&mut self) {
        self.attempts = 0;
    }
}
