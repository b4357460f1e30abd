//! The aggregates that a handler holds in memory, each behind its own lock.
//!
//! # Invariants
//! - While anyone holds a cell, all who ask for its key get that same cell.
//! - A cell is a cache: dropping one loses nothing.

use super::Seed;
use crate::folded::Folded;
use crate::log::{BoxError, EventLog, ReadError};
use crate::recorded::Recorded;
use domain::aggregate::{Aggregate, Key};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// One aggregate's memory.
pub(super) enum Cell<A> {
    /// Nothing was read yet.
    Empty,
    /// Folded up to some commit.
    Loaded(Folded<A>),
    /// The log contradicts itself: writes are refused as long as this process lives.
    Damaged,
}

/// Why a cell can't go on.
pub(super) enum Fault {
    Damaged,
    Unavailable(BoxError),
}

impl<A: Aggregate> Cell<A> {
    pub(super) fn folded(&self) -> Result<&Folded<A>, Fault> {
        match self {
            Self::Loaded(folded) => Ok(folded),
            Self::Empty => Err(Fault::Unavailable("the aggregate is not loaded".into())),
            Self::Damaged => Err(Fault::Damaged),
        }
    }

    /// Fills an empty cell. Says whether it was filled from the log itself, hence is newest.
    pub(super) async fn load(
        &mut self,
        log: &dyn EventLog,
        key: Key,
        cells: &Cells<A>,
    ) -> Result<bool, Fault> {
        if !matches!(self, Self::Empty) {
            return Ok(false);
        }
        if let Some(folded) = (cells.seed)(key).await {
            *self = Self::Loaded(folded);
            return Ok(false);
        }
        // A cell counts as loaded only once all was read: a caller may give up on the way.
        let history = self.read(log, key, 0).await?;
        *self = Self::Loaded(Folded::default());
        self.apply_all(&history)?;
        Ok(true)
    }

    /// Reads what the log has beyond this cell.
    pub(super) async fn catch_up(&mut self, log: &dyn EventLog, key: Key) -> Result<(), Fault> {
        let version = self.folded()?.version;
        let missed = self.read(log, key, version).await?;
        self.apply_all(&missed)
    }

    /// Like [`Self::catch_up`], for when there is most likely nothing to read.
    pub(super) async fn catch_up_if_behind(
        &mut self,
        log: &dyn EventLog,
        key: Key,
    ) -> Result<(), Fault> {
        let version = self.folded()?.version;
        let last = log.last(key).await.map_err(|error| Fault::Unavailable(error.into()))?;
        if last == version { Ok(()) } else { self.catch_up(log, key).await }
    }

    /// Folds the next commit.
    pub(super) fn apply(&mut self, recorded: &Recorded) -> Result<(), Fault> {
        let Self::Loaded(folded) = self else {
            return self.folded().map(|_| ());
        };
        folded.apply(recorded).map_err(|broken| {
            let aggregate = recorded.commit.aggregate;
            tracing::error!(%aggregate, error = %broken, "Aggregate damaged: writes are refused.");
            *self = Self::Damaged;
            Fault::Damaged
        })
    }

    fn apply_all(&mut self, history: &[Recorded]) -> Result<(), Fault> {
        history.iter().try_for_each(|recorded| self.apply(recorded))
    }

    async fn read(
        &mut self,
        log: &dyn EventLog,
        key: Key,
        after: u64,
    ) -> Result<Vec<Recorded>, Fault> {
        log.read(key, after).await.map_err(|error| match error {
            ReadError::Unavailable(_) => Fault::Unavailable(error.into()),
            ReadError::Unreadable { sequence, .. } => {
                tracing::error!(aggregate = %key, sequence, %error, "Aggregate damaged: writes are refused.");
                *self = Self::Damaged;
                Fault::Damaged
            }
        })
    }
}

/// All cells, at most so many while no more are in use at once.
pub(super) struct Cells<A> {
    seed: Seed<A>,
    max: usize,
    shelf: Mutex<Shelf<A>>,
}

struct Shelf<A> {
    cells: HashMap<Key, Place<A>>,
    /// Counts look-ups, to know the cells that nobody asked for lately.
    clock: u64,
}

struct Place<A> {
    cell: Arc<tokio::sync::Mutex<Cell<A>>>,
    used: u64,
}

impl<A> Cells<A> {
    pub(super) fn new(seed: Seed<A>, max: usize) -> Self {
        let shelf = Shelf { cells: HashMap::new(), clock: 0 };
        Self { seed, max, shelf: Mutex::new(shelf) }
    }

    /// The cell of `key`, made when there is none.
    pub(super) fn of(&self, key: Key) -> Arc<tokio::sync::Mutex<Cell<A>>> {
        let mut shelf = self.shelf.lock().expect("no code panics while it holds the lock");
        shelf.clock += 1;
        let used = shelf.clock;
        if shelf.cells.len() >= self.max && !shelf.cells.contains_key(&key) {
            shelf.make_room();
        }
        let place = shelf.cells.entry(key).or_insert_with(|| Place {
            cell: Arc::new(tokio::sync::Mutex::new(Cell::Empty)),
            used,
        });
        place.used = used;
        place.cell.clone()
    }
}

impl<A> Shelf<A> {
    /// Drops the older half of the cells that nobody holds: seldom, so the scan is cheap.
    fn make_room(&mut self) {
        // A count of one is the shelf's own, and nobody can take another while it is locked.
        let is_idle = |place: &Place<A>| Arc::strong_count(&place.cell) == 1;
        let mut idle: Vec<u64> =
            self.cells.values().filter(|place| is_idle(place)).map(|place| place.used).collect();
        idle.sort_unstable();
        let Some(middle) = idle.get(idle.len() / 2).copied() else {
            return;
        };
        self.cells.retain(|_, place| place.used > middle || !is_idle(place));
    }
}
