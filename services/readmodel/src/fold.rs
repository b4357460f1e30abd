//! Folding a batch of commits: in memory first, then each changed row once.

use crate::row::{self, Latest, Position};
use crate::store::{Batch, ProjectionStore, StoreError};
use domain::aggregate::{Aggregate, Key, Kind};
use domain::catalogue::Catalogue;
use domain::configuration::Configuration;
use domain::datastore::Datastore;
use domain::host::Host;
use domain::instance::Instance;
use domain::plane::Plane;
use domain::project::Project;
use domain::version::Version;
use eventlog::{ChainBroken, Folded, Recorded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A folded aggregate of any kind.
enum Any {
    Plane(Folded<Plane>),
    Project(Folded<Project>),
    Host(Folded<Host>),
    Datastore(Folded<Datastore>),
    Version(Box<Folded<Version>>),
    Catalogue(Folded<Catalogue>),
    /// With its entries in the lists, as they stand in the store; so is the next.
    Instance(Folded<Instance>, Entries),
    Configuration(Folded<Configuration>, Entries),
}

/// What a batch of commits changed.
pub(crate) struct Changes {
    /// The aggregates that changed.
    pub(crate) keys: Vec<Key>,
    /// The aggregates that turned out damaged, with the reason.
    pub(crate) damaged: Vec<(Key, ChainBroken)>,
}

/// Folds `commits` into the rows of `store` and writes them with the position that they reach.
pub(crate) fn fold(
    store: &dyn ProjectionStore,
    reached: eventlog::Position,
    commits: &[Recorded],
) -> Result<Changes, StoreError> {
    let mut rows: BTreeMap<Key, Any> = BTreeMap::new();
    let mut damaged = BTreeMap::new();
    for recorded in commits {
        let key = recorded.commit.aggregate;
        if damaged.contains_key(&key) || store.get(&row::damaged(key))?.is_some() {
            continue;
        }
        let row = match rows.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(load(store, key)?),
        };
        if let Err(broken) = row.apply(recorded) {
            damaged.insert(key, broken);
        }
    }
    let mut batch = Batch::default();
    for (key, row) in &rows {
        row.put(*key, &mut batch);
    }
    for key in damaged.keys() {
        row::put(&mut batch, row::damaged(*key), &true);
    }
    row::put(&mut batch, Position::KEY.to_vec(), &Position::new(reached));
    store.write(batch)?;
    Ok(Changes { keys: rows.into_keys().collect(), damaged: damaged.into_iter().collect() })
}

/// The stored row of an aggregate; the empty one when it has none.
pub(crate) fn stored<A: Aggregate + DeserializeOwned>(
    store: &dyn ProjectionStore,
    key: Key,
) -> Result<Folded<A>, StoreError> {
    match store.get(&row::aggregate(key))? {
        Some(bytes) => row::parse(&bytes),
        None => Ok(Folded::default()),
    }
}

fn load(store: &dyn ProjectionStore, key: Key) -> Result<Any, StoreError> {
    Ok(match key.kind {
        Kind::Plane => Any::Plane(stored(store, key)?),
        Kind::Project => Any::Project(stored(store, key)?),
        Kind::Host => Any::Host(stored(store, key)?),
        Kind::Datastore => Any::Datastore(stored(store, key)?),
        Kind::Version => Any::Version(Box::new(stored(store, key)?)),
        Kind::Catalogue => Any::Catalogue(stored(store, key)?),
        Kind::Instance => {
            let row: Folded<Instance> = stored(store, key)?;
            let listed = listed(key, &row.state);
            Any::Instance(row, listed)
        }
        Kind::Configuration => {
            let row: Folded<Configuration> = stored(store, key)?;
            let listed = listed_group(key, &row.state);
            Any::Configuration(row, listed)
        }
    })
}

impl Any {
    fn apply(&mut self, recorded: &Recorded) -> Result<(), ChainBroken> {
        match self {
            Self::Plane(row) => row.apply(recorded),
            Self::Project(row) => row.apply(recorded),
            Self::Host(row) => row.apply(recorded),
            Self::Datastore(row) => row.apply(recorded),
            Self::Version(row) => row.apply(recorded),
            Self::Catalogue(row) => row.apply(recorded),
            Self::Instance(row, _) => row.apply(recorded),
            Self::Configuration(row, _) => row.apply(recorded),
        }
    }

    fn put(&self, key: Key, batch: &mut Batch) {
        match self {
            Self::Plane(row) => put_row(batch, key, row),
            Self::Project(row) => put_row(batch, key, row),
            Self::Host(row) => put_row(batch, key, row),
            Self::Datastore(row) => put_row(batch, key, row),
            Self::Version(row) => put_row(batch, key, &**row),
            Self::Catalogue(row) => put_row(batch, key, row),
            Self::Instance(row, before) => {
                put_row(batch, key, row);
                put_entries(batch, before, listed(key, &row.state));
            }
            Self::Configuration(row, before) => {
                put_row(batch, key, row);
                put_entries(batch, before, listed_group(key, &row.state));
            }
        }
    }
}

fn put_row<A: Serialize>(batch: &mut Batch, key: Key, row: &Folded<A>) {
    row::put(batch, row::aggregate(key), row);
}

fn put_entries(batch: &mut Batch, before: &Entries, now: Entries) {
    batch.removals.extend(before.iter().filter(|entry| !now.contains(entry)).cloned());
    for entry in now {
        row::put(batch, entry, &true);
    }
}

/// The keys under which an aggregate stands in lists.
type Entries = Vec<Vec<u8>>;

fn listed_group(key: Key, group: &Configuration) -> Entries {
    let project = group.live().map(|group| Key::from(&group.spec.project).id);
    let lists = project.into_iter().flat_map(|project| [None, Some(project)]);
    lists.map(|of| row::group(of, key.id)).collect()
}

fn listed(key: Key, instance: &Instance) -> Entries {
    let (live, is_deleted) = match instance {
        Instance::Absent | Instance::Abandoned { .. } => return Vec::new(),
        Instance::Live(live) => (live, false),
        Instance::Deleted { last, .. } => (last, true),
    };
    let project = Key::from(&live.spec.project).id;
    let latest = Latest::new(live.updated, key.id);
    let mut entries = Vec::new();
    for of in [None, Some(project)] {
        entries.push(row::latest(of, is_deleted, latest));
        if !is_deleted {
            entries.push(row::live(of, key.id));
        }
    }
    entries
}
