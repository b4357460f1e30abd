//! The read model: rows, their position, and the questions that can be asked of them.

mod managed;
mod offer;

pub use managed::Wanted;

use crate::fold::{Changes, fold, stored};
use crate::row::{self, Position};
use crate::sled_store::SledStore;
use crate::store::{ProjectionStore, StoreError};
use domain::aggregate::{Aggregate, Key, Kind};
use domain::configuration::{Configuration, Group};
use domain::host::Host;
use domain::ids::{ConfigurationId, InstanceId, ProjectId};
use domain::instance::{Instance, Live};
use domain::plane::Plane;
use domain::project::Project;
use eventlog::{EventLog, Folded, Recorded, Tailer};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

/// How many commits are folded in one batch at most.
const BATCH_MAX: usize = 1000;

/// How many changed keys may wait for a subscriber; one that lags looks at everything instead.
const CHANGES_MAX: usize = 4096;

/// The read model's directory can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the read model's directory {path} can't be used")]
pub struct OpenError {
    path: String,
    #[source]
    source: StoreError,
}

/// A question could not be answered now: the read model is being rebuilt.
#[derive(Debug, thiserror::Error)]
#[error("the read model can't answer")]
pub struct ReadError(#[from] StoreError);

/// Following ended for good.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log lost commits that were acknowledged, or is another one: an operator must look.
    #[error("the event log can't be followed")]
    Log(#[source] eventlog::TailError),
    /// The store fails again and again.
    #[error("the read model can't be written")]
    Store(#[from] StoreError),
}

/// Rows folded from the log. Clones share them.
#[derive(Clone)]
pub struct ReadModel {
    inner: Arc<Inner>,
}

struct Inner {
    store: Box<dyn ProjectionStore>,
    position: watch::Sender<u64>,
    changes: broadcast::Sender<Key>,
    caught_up: watch::Sender<bool>,
    /// Whether a reader met a row that can't be read.
    spoiled: watch::Sender<bool>,
}

impl ReadModel {
    /// Opens the read model in `dir`, with at most `cache_bytes` of cache. What can't be read is
    /// deleted; following rebuilds it.
    ///
    /// # Errors
    /// The directory can't be used at all.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, OpenError> {
        let failed = |source| OpenError { path: dir.display().to_string(), source };
        let store = SledStore::open(dir, cache_bytes).map_err(failed)?;
        Self::over(Box::new(store)).map_err(failed)
    }

    /// A read model over any store.
    ///
    /// # Errors
    /// The store can't be used at all.
    pub fn over(store: Box<dyn ProjectionStore>) -> Result<Self, StoreError> {
        let sequence = match position_in(store.as_ref()) {
            Ok(Some(position)) if position.is_readable() => position.of_log.sequence,
            Ok(None) => 0,
            Ok(Some(_)) | Err(_) => {
                store.clear()?;
                0
            }
        };
        let inner = Inner {
            store,
            position: watch::Sender::new(sequence),
            changes: broadcast::Sender::new(CHANGES_MAX),
            caught_up: watch::Sender::new(false),
            spoiled: watch::Sender::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Folds the log until `shutdown`, rebuilding the rows when the store fails.
    ///
    /// # Errors
    /// The log lost commits, is another one, or the store fails again right after a rebuild.
    pub async fn follow(
        &self,
        log: Arc<dyn EventLog>,
        shutdown: CancellationToken,
    ) -> Result<(), FollowError> {
        let mut has_rebuilt = false;
        loop {
            let error = match self.follow_once(log.clone(), &shutdown).await {
                Err(FollowError::Store(error)) => error,
                ended => {
                    self.inner.store.flush()?;
                    return ended;
                }
            };
            let position = self.position();
            if has_rebuilt && position == 0 {
                return Err(error.into());
            }
            tracing::warn!(position, error = %error.0, "Read model rebuilt.");
            has_rebuilt = true;
            self.inner.caught_up.send_replace(false);
            self.inner.position.send_replace(0);
            self.inner.store.clear()?;
            self.inner.spoiled.send_replace(false);
        }
    }

    async fn follow_once(
        &self,
        log: Arc<dyn EventLog>,
        shutdown: &CancellationToken,
    ) -> Result<(), FollowError> {
        let known = position_in(self.inner.store.as_ref())?.map(|position| position.of_log);
        let mut tailer = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            tailer = Tailer::start(log, known) => tailer.map_err(FollowError::Log)?,
        };
        let mut spoils = self.inner.spoiled.subscribe();
        loop {
            if tailer.has_caught_up() {
                self.inner.caught_up.send_replace(true);
            }
            let batch = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                _ = spoils.wait_for(|is_spoiled| *is_spoiled) => return Err(spoiled().into()),
                batch = tailer.next_batch(BATCH_MAX) => batch.map_err(FollowError::Log)?,
            };
            self.take(tailer.position(), &batch)?;
        }
    }

    fn take(&self, reached: eventlog::Position, commits: &[Recorded]) -> Result<(), StoreError> {
        let Changes { keys, damaged } = fold(self.inner.store.as_ref(), reached, commits)?;
        for (key, broken) in damaged {
            tracing::error!(aggregate = %key, error = %broken, "Aggregate quarantined.");
        }
        self.inner.position.send_replace(reached.sequence);
        for key in keys {
            // Nobody may be listening: then the change is not news to anybody.
            self.inner.changes.send(key).ok();
        }
        Ok(())
    }

    /// The sequence of the last commit folded.
    pub fn position(&self) -> u64 {
        *self.inner.position.borrow()
    }

    /// Whether everything that stood in the log at the start has been folded.
    pub fn is_caught_up(&self) -> bool {
        *self.inner.caught_up.borrow()
    }

    /// Waits until that is so.
    pub async fn caught_up(&self) {
        let mut caught_up = self.inner.caught_up.subscribe();
        // The sender is part of `self`, so it outlives this wait.
        caught_up.wait_for(|is_caught_up| *is_caught_up).await.ok();
    }

    /// Waits until `position` has been folded; says whether it was, within the time.
    pub async fn reached(&self, position: u64, within: Duration) -> bool {
        let mut positions = self.inner.position.subscribe();
        let reached = positions.wait_for(|folded| *folded >= position);
        matches!(tokio::time::timeout(within, reached).await, Ok(Ok(_)))
    }

    /// The keys of aggregates, as they change. A receiver that lags should look at everything.
    pub fn changes(&self) -> broadcast::Receiver<Key> {
        self.inner.changes.subscribe()
    }

    /// An aggregate with what it takes to continue its history.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn folded<A>(&self, key: Key) -> Result<Folded<A>, ReadError>
    where
        A: Aggregate + DeserializeOwned,
    {
        Ok(self.checked(stored(self.inner.store.as_ref(), key))?)
    }

    /// An instance; [`Instance::Absent`] when it is unknown.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn instance(&self, id: InstanceId) -> Result<Instance, ReadError> {
        Ok(self.folded(id.into())?.state)
    }

    /// At most `limit` live instances of a project with ids above `after`, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn instances_of(
        &self,
        project: &ProjectId,
        after: Option<InstanceId>,
        limit: usize,
    ) -> Result<Vec<Live>, ReadError> {
        self.live(Some(project), after, limit)
    }

    /// At most `limit` live instances of all projects with ids above `after`, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn instances(
        &self,
        after: Option<InstanceId>,
        limit: usize,
    ) -> Result<Vec<Live>, ReadError> {
        self.live(None, after, limit)
    }

    fn live(
        &self,
        project: Option<&ProjectId>,
        after: Option<InstanceId>,
        limit: usize,
    ) -> Result<Vec<Live>, ReadError> {
        let project = project.map(|project| Key::from(project).id);
        let prefix = row::live_prefix(project);
        let after = after.map_or_else(Vec::new, |id| row::live(project, id.0));
        let mut found = Vec::new();
        for (key, _) in self.inner.store.scan(&prefix, &after, limit)? {
            let Some(id) = row::id_of(&key) else { continue };
            if let Instance::Live(live) = self.instance(InstanceId(id))? {
                found.push(*live);
            }
        }
        Ok(found)
    }

    /// A project; the empty one when nothing was ever reserved in it.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn project(&self, id: &ProjectId) -> Result<Project, ReadError> {
        Ok(self.folded(id.into())?.state)
    }

    /// All projects that something was ever reserved in.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn projects(&self) -> Result<Vec<Project>, ReadError> {
        self.all()
    }

    /// All hosts.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn hosts(&self) -> Result<Vec<Host>, ReadError> {
        self.all()
    }

    /// The plane.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn plane(&self) -> Result<Plane, ReadError> {
        Ok(self.folded(Key::plane())?.state)
    }

    /// A configuration group; [`Configuration::Absent`] when it is unknown.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn configuration(&self, id: ConfigurationId) -> Result<Configuration, ReadError> {
        Ok(self.folded(id.into())?.state)
    }

    /// At most `limit` configuration groups of a project, or of all, with ids above `after`, by
    /// id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn configurations(
        &self,
        project: Option<&ProjectId>,
        after: Option<ConfigurationId>,
        limit: usize,
    ) -> Result<Vec<Group>, ReadError> {
        let project = project.map(|project| Key::from(project).id);
        let prefix = row::group_prefix(project);
        let after = after.map_or_else(Vec::new, |id| row::group(project, id.0));
        let mut found = Vec::new();
        for (key, _) in self.inner.store.scan(&prefix, &after, limit)? {
            let Some(id) = row::id_of(&key) else { continue };
            found.extend(self.configuration(ConfigurationId(id))?.live().cloned());
        }
        Ok(found)
    }

    fn all<A: Aggregate + DeserializeOwned>(&self) -> Result<Vec<A>, ReadError> {
        let rows = self.inner.store.scan(&row::kind_prefix(b'a', A::KIND), &[], usize::MAX)?;
        let parsed = rows.iter().map(|(_, bytes)| row::parse::<Folded<A>>(bytes));
        Ok(self.checked(parsed.map(|row| row.map(|row| row.state)).collect())?)
    }

    /// Has the rows rebuilt when one of them can't be read.
    fn checked<T>(&self, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if read.is_err() {
            self.inner.spoiled.send_replace(true);
        }
        read
    }

    /// The aggregates whose history is damaged: read from their last good state.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn damaged(&self) -> Result<Vec<Key>, ReadError> {
        let mut keys = Vec::new();
        for kind in Kind::ALL {
            let rows = self.inner.store.scan(&row::kind_prefix(b'd', kind), &[], usize::MAX)?;
            let ids = rows.iter().filter_map(|(key, _)| row::id_of(key));
            keys.extend(ids.map(|id| Key { kind, id }));
        }
        Ok(keys)
    }
}

fn spoiled() -> StoreError {
    StoreError("a row can't be read".into())
}

fn position_in(store: &dyn ProjectionStore) -> Result<Option<Position>, StoreError> {
    store.get(Position::KEY)?.map(|bytes| row::parse(&bytes)).transpose()
}
