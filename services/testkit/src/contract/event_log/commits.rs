//! Commits to append: of projects, since their events are the smallest.

use anyhow::ensure;
use domain::aggregate::Key;
use domain::commit::{Actor, Commit, Events, SCHEMA_VERSION};
use domain::ids::{CommandId, CommitId, InstanceId, ProjectId};
use domain::project;
use domain::time::Timestamp;
use eventlog::{EventLog, Hash, Recorded, append_settled};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Longer than any outage that the suite makes.
const SETTLED_IN: Duration = Duration::from_secs(60);

/// An aggregate that nobody else writes.
pub fn fresh_key() -> Key {
    (&ProjectId(Uuid::new_v4().to_string())).into()
}

/// A commit that nobody else makes.
pub fn commit(key: Key, previous_hash: Option<Hash>) -> Commit {
    let released = |_| project::Event::Released { instance: InstanceId(Uuid::new_v4()) };
    with_events(key, previous_hash, (0..3).map(released).collect())
}

/// A commit that is larger than a log takes, but has no part that is.
pub(super) fn oversized(key: Key) -> Commit {
    let released = project::Event::Released { instance: InstanceId(Uuid::new_v4()) };
    with_events(key, None, vec![released; 20_000])
}

fn with_events(key: Key, previous_hash: Option<Hash>, events: Vec<project::Event>) -> Commit {
    Commit {
        commit_id: CommitId(Uuid::new_v4()),
        command_id: CommandId(Uuid::new_v4()),
        causation_id: None,
        aggregate: key,
        actor: Actor::Plane,
        request_id: None,
        time: Timestamp(1_700_000_000_000),
        schema_version: SCHEMA_VERSION,
        epoch: 1,
        previous_hash,
        events: Events::Project(events),
    }
}

/// Writes one aggregate.
pub(super) struct Writer {
    pub(super) key: Key,
    pub(super) version: u64,
    pub(super) hash: Option<Hash>,
}

impl Writer {
    pub(super) fn new(key: Key) -> Self {
        Self { key, version: 0, hash: None }
    }

    /// Appends the next commit, however long the log is away.
    pub(super) async fn append(&mut self, log: &dyn EventLog) -> anyhow::Result<Recorded> {
        let commit = commit(self.key, self.hash);
        let deadline = Instant::now() + SETTLED_IN;
        let recorded = append_settled(log, self.version, &commit, deadline).await?;
        ensure!(recorded.commit == commit, "another commit was answered: {recorded:?}");
        ensure!(recorded.sequence > self.version, "the version went back: {recorded:?}");
        self.follow(&recorded);
        Ok(recorded)
    }

    /// Reads what others wrote.
    pub(super) async fn catch_up(&mut self, log: &dyn EventLog) -> anyhow::Result<()> {
        for recorded in log.read(self.key, self.version).await? {
            self.follow(&recorded);
        }
        Ok(())
    }

    fn follow(&mut self, recorded: &Recorded) {
        self.version = recorded.sequence;
        self.hash = Some(recorded.hash);
    }
}
