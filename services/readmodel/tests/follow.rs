//! Following a log: rows are a pure function of it, whatever happens to the store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::aggregate::Key;
use domain::commit::{Actor, Commit, Events, SCHEMA_VERSION};
use domain::ids::{CommandId, CommitId, InstanceId, ProjectId, derived};
use domain::project::Event;
use domain::quota::Amount;
use domain::time::Timestamp;
use eventlog::{EventLog, MemoryLog};
use readmodel::{Batch, MemoryStore, ProjectionStore, ReadModel, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const LIMIT: Duration = Duration::from_secs(10);

/// A store that the test can look into while a read model uses it.
#[derive(Clone, Default)]
struct Shared(Arc<MemoryStore>);

impl ProjectionStore for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.0.scan(prefix, after, limit)
    }

    fn write(&self, batch: Batch) -> Result<(), StoreError> {
        self.0.write(batch)
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.0.clear()
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.0.flush()
    }
}

struct Writer {
    log: MemoryLog,
    version: u64,
    hash: Option<[u8; 32]>,
    project: ProjectId,
}

impl Writer {
    fn new(log: &MemoryLog, project: &str) -> Self {
        Self { log: log.clone(), version: 0, hash: None, project: project.into() }
    }

    async fn reserve(&mut self, number: u128) -> u64 {
        let id = derived(&[self.project.as_str(), &number.to_string()]);
        let event = Event::Reserved {
            project_id: self.project.clone(),
            instance: InstanceId(Uuid::from_u128(number)),
            amount: Amount { instances: 1, ram_mb: 256, volumes_gib: 1 },
            until: Timestamp(1000),
        };
        let commit = Commit {
            commit_id: CommitId(id),
            command_id: CommandId(id),
            causation_id: None,
            aggregate: Key::from(&self.project),
            actor: Actor::Plane,
            request_id: None,
            time: Timestamp(5),
            schema_version: SCHEMA_VERSION,
            epoch: 1,
            previous_hash: self.hash,
            events: Events::Project(vec![event]),
        };
        let recorded = self.log.append(self.version, &commit).await.unwrap();
        self.version = recorded.sequence;
        self.hash = Some(recorded.hash);
        recorded.sequence
    }
}

fn follow(model: &ReadModel, log: &MemoryLog) -> CancellationToken {
    let shutdown = CancellationToken::new();
    let (model, log, token) = (model.clone(), log.clone(), shutdown.clone());
    tokio::spawn(async move { model.follow(Arc::new(log), token).await });
    shutdown
}

fn everything(store: &Shared) -> Vec<(Vec<u8>, Vec<u8>)> {
    store.scan(&[], &[], usize::MAX).unwrap()
}

#[tokio::test]
async fn rows_follow_the_log_and_a_second_model_has_the_same_ones() {
    let log = MemoryLog::new();
    let mut writer = Writer::new(&log, "p1");
    writer.reserve(1).await;
    let store = Shared::default();
    let model = ReadModel::over(Box::new(store.clone())).unwrap();
    assert!(!model.is_caught_up());
    let stop = follow(&model, &log);
    let last = writer.reserve(2).await;
    assert!(model.reached(last, LIMIT).await);
    assert!(model.is_caught_up());
    assert_eq!(model.project(&"p1".into()).unwrap().reservations.len(), 2);
    assert_eq!(model.projects().unwrap().len(), 1);
    stop.cancel();

    let other = Shared::default();
    let rebuilt = ReadModel::over(Box::new(other.clone())).unwrap();
    let stop = follow(&rebuilt, &log);
    assert!(rebuilt.reached(last, LIMIT).await);
    assert_eq!(everything(&store), everything(&other), "byte for byte");
    stop.cancel();
}

#[tokio::test]
async fn a_model_goes_on_where_its_store_stands() {
    let log = MemoryLog::new();
    let mut writer = Writer::new(&log, "p1");
    let first = writer.reserve(1).await;
    let store = Shared::default();
    let model = ReadModel::over(Box::new(store.clone())).unwrap();
    let stop = follow(&model, &log);
    assert!(model.reached(first, LIMIT).await);
    stop.cancel();

    let model = ReadModel::over(Box::new(store.clone())).unwrap();
    assert_eq!(model.position(), first);
    let stop = follow(&model, &log);
    let second = writer.reserve(2).await;
    assert!(model.reached(second, LIMIT).await);
    stop.cancel();
}

#[tokio::test]
async fn a_row_with_a_wrong_checksum_is_not_answered_from_and_is_rebuilt() {
    let log = MemoryLog::new();
    let mut writer = Writer::new(&log, "p1");
    let first = writer.reserve(1).await;
    let store = Shared::default();
    let model = ReadModel::over(Box::new(store.clone())).unwrap();
    let stop = follow(&model, &log);
    assert!(model.reached(first, LIMIT).await);

    let (key, mut row) = everything(&store).into_iter().find(|(key, _)| key[0] == b'a').unwrap();
    let last = row.len() - 1;
    row[last] ^= 1;
    let mut batch = Batch::default();
    batch.puts.insert(key, row);
    store.write(batch).unwrap();
    assert!(model.project(&"p1".into()).is_err());

    let answered = async {
        while model.project(&"p1".into()).is_err() || model.position() < first {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, answered).await.unwrap();
    assert_eq!(model.project(&"p1".into()).unwrap().reservations.len(), 1);
    stop.cancel();
}

#[tokio::test]
async fn an_aggregate_with_a_broken_chain_is_quarantined_and_others_go_on() {
    let log = MemoryLog::new();
    let mut good = Writer::new(&log, "good");
    let mut bad = Writer::new(&log, "bad");
    good.reserve(1).await;
    bad.reserve(1).await;
    bad.hash = Some([7; 32]);
    bad.reserve(2).await;
    let last = good.reserve(2).await;
    let model = ReadModel::over(Box::new(Shared::default())).unwrap();
    let stop = follow(&model, &log);
    assert!(model.reached(last, LIMIT).await);
    assert_eq!(model.damaged().unwrap(), [Key::from(&ProjectId::from("bad"))]);
    assert_eq!(model.project(&"bad".into()).unwrap().reservations.len(), 1, "its last good state");
    assert_eq!(model.project(&"good".into()).unwrap().reservations.len(), 2);
    stop.cancel();
}
