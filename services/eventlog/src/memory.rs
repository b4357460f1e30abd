//! A log in memory, for tests: it keeps the promises of the port, and can lose messages.

use crate::log::{AppendError, BoxError, EventLog, LogIdentity, LogInfo, ReadError};
use crate::recorded::{Recorded, encode};
use async_trait::async_trait;
use domain::aggregate::Key;
use domain::commit::Commit;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// What gets lost of an append: its outcome is unknown to the caller either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The request: nothing is stored.
    Request,
    /// The answer: the commit is stored.
    Answer,
}

/// A log in memory. Clones share it.
#[derive(Clone)]
pub struct MemoryLog {
    inner: Arc<Mutex<Inner>>,
    // Counts changes of any sort, for followers.
    changes: Arc<watch::Sender<u64>>,
}

struct Inner {
    identity: LogIdentity,
    /// Encoded, as on disk; the sequence is the index plus 1.
    messages: Vec<(String, Vec<u8>)>,
    /// The sequences of each subject.
    subjects: HashMap<String, Vec<u64>>,
    losses: VecDeque<Loss>,
    is_down: bool,
    /// Raised to end every stream that follows.
    hiccups: u64,
}

impl Default for MemoryLog {
    fn default() -> Self {
        let inner = Inner {
            identity: fresh_identity(),
            messages: Vec::new(),
            subjects: HashMap::new(),
            losses: VecDeque::new(),
            is_down: false,
            hiccups: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)), changes: Arc::new(watch::Sender::new(0)) }
    }
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Loses a part of the next append that no earlier call of this has spoken for.
    pub fn lose_next(&self, loss: Loss) {
        self.lock().losses.push_back(loss);
    }

    /// From now on nothing answers, and streams end.
    pub fn go_down(&self) {
        self.change(|inner| inner.is_down = true);
        self.hiccup();
    }

    /// Answers again.
    pub fn come_up(&self) {
        self.change(|inner| inner.is_down = false);
    }

    /// Ends every stream that follows.
    pub fn hiccup(&self) {
        self.change(|inner| inner.hiccups += 1);
    }

    /// Forgets all commits above `keep`, as a server does that had acknowledged before its disk
    /// had them.
    pub fn lose_tail(&self, keep: u64) {
        self.change(|inner| {
            inner.messages.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
            for sequences in inner.subjects.values_mut() {
                sequences.retain(|sequence| *sequence <= keep);
            }
            inner.hiccups += 1;
        });
    }

    /// Puts an empty log in the place of this one.
    pub fn replace(&self) {
        self.lose_tail(0);
        self.change(|inner| inner.identity = fresh_identity());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics while it holds the lock")
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.lock());
        self.changes.send_modify(|count| *count += 1);
    }

    fn up(&self) -> Result<MutexGuard<'_, Inner>, BoxError> {
        let inner = self.lock();
        if inner.is_down { Err("the log is down".into()) } else { Ok(inner) }
    }
}

impl Inner {
    fn last_sequence(&self) -> u64 {
        self.messages.len() as u64
    }

    fn at(&self, sequence: u64) -> Option<Result<Recorded, ReadError>> {
        let index = usize::try_from(sequence.checked_sub(1)?).ok()?;
        let (subject, payload) = self.messages.get(index)?;
        Some(Recorded::read(sequence, subject, payload))
    }

    fn of(&self, subject: &str, after: u64) -> Result<Vec<Recorded>, ReadError> {
        let sequences = self.subjects.get(subject).map_or(&[][..], Vec::as_slice);
        sequences
            .iter()
            .filter(|sequence| **sequence > after)
            .filter_map(|sequence| self.at(*sequence))
            .collect()
    }

    fn append(&mut self, expected: u64, commit: &Commit) -> Result<Recorded, AppendError> {
        let (subject, payload) = encode(commit)?;
        let loss = self.losses.pop_front();
        if loss == Some(Loss::Request) {
            return Err(AppendError::Unknown("the request was lost".into()));
        }
        let last = self.subjects.get(&subject).and_then(|all| all.last()).copied().unwrap_or(0);
        let recorded = if last == expected {
            self.messages.push((subject.clone(), payload));
            let sequence = self.last_sequence();
            self.subjects.entry(subject).or_default().push(sequence);
            self.at(sequence)
                .expect("just pushed")
                .map_err(|error| AppendError::Refused(error.into()))?
        } else {
            let unknown = |error: BoxError| AppendError::Unknown(error);
            let first = self.of(&subject, expected).map_err(|error| unknown(error.into()))?;
            let first = first.into_iter().next();
            let first = first.ok_or_else(|| unknown("nothing stands above that version".into()))?;
            if first.commit.commit_id != commit.commit_id {
                return Err(AppendError::Conflict);
            }
            first
        };
        if loss == Some(Loss::Answer) {
            return Err(AppendError::Unknown("the answer was lost".into()));
        }
        Ok(recorded)
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, expected: u64, commit: &Commit) -> Result<Recorded, AppendError> {
        let appended = self.up().map_err(AppendError::Unknown)?.append(expected, commit);
        self.change(|_| ());
        appended
    }

    async fn read(&self, key: Key, after: u64) -> Result<Vec<Recorded>, ReadError> {
        let inner = self.up().map_err(ReadError::Unavailable)?;
        inner.of(&proto::subjects::event(key), after)
    }

    async fn last(&self, key: Key) -> Result<u64, ReadError> {
        let inner = self.up().map_err(ReadError::Unavailable)?;
        let sequences = inner.subjects.get(&proto::subjects::event(key));
        Ok(sequences.and_then(|all| all.last()).copied().unwrap_or(0))
    }

    async fn info(&self) -> Result<LogInfo, ReadError> {
        let inner = self.up().map_err(ReadError::Unavailable)?;
        Ok(LogInfo { identity: inner.identity, last_sequence: inner.last_sequence() })
    }

    async fn follow(
        &self,
        after: u64,
    ) -> Result<BoxStream<'static, Result<Recorded, ReadError>>, ReadError> {
        let hiccups = self.up().map_err(ReadError::Unavailable)?.hiccups;
        let place = (self.clone(), self.changes.subscribe(), after);
        let stream = stream::unfold(place, move |(log, mut changes, after)| async move {
            loop {
                changes.borrow_and_update();
                let next = {
                    let inner = log.lock();
                    if inner.hiccups != hiccups {
                        return None;
                    }
                    inner.at(after + 1)
                };
                if let Some(next) = next {
                    return Some((next, (log, changes, after + 1)));
                }
                // The sender is part of `log`, so it outlives this wait.
                changes.changed().await.ok()?;
            }
        });
        Ok(stream.boxed())
    }
}

fn fresh_identity() -> LogIdentity {
    LogIdentity(rand::random_range(1..=i64::MAX))
}
