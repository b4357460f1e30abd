//! Crashes under load: what was acknowledged is stored, once, and followed without a gap.

use super::Rig;
use super::commits::{Writer, fresh_key};
use anyhow::{Context, ensure};
use eventlog::{EventLog, Position, Recorded, TailError, TailLost, Tailer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

const WRITERS: usize = 64;
const COMMITS_EACH: usize = 12;
/// Acknowledged commits between two crashes.
const UNTIL_CRASH: usize = 200;
const CRASHES: usize = 2;
/// So long a log stays away: longer than one pause between two tries, so that tries fail.
const OUTAGE: Duration = Duration::from_millis(300);
const FOLLOWED_IN: Duration = Duration::from_secs(30);

/// Counts acknowledged commits, to crash in their midst.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicUsize,
    moved: Notify,
}

impl Progress {
    fn advance(&self) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        self.moved.notify_one();
    }

    async fn reach(&self, count: usize) {
        while self.acknowledged.load(Ordering::SeqCst) < count {
            self.moved.notified().await;
        }
    }
}

pub(super) async fn survives(rig: &mut dyn Rig) -> anyhow::Result<()> {
    let log = rig.log();
    let info = log.info().await?;
    let start = Position { identity: info.identity, sequence: info.last_sequence };
    let tailer = Tailer::start(log.clone(), Some(start)).await?;
    let followed = tokio::spawn(follow(tailer, WRITERS * COMMITS_EACH));
    let progress = Arc::new(Progress::default());
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write(log.clone(), progress.clone()));
    }
    for crash in 1..=CRASHES {
        progress.reach(crash * UNTIL_CRASH).await;
        rig.crash().await?;
        tokio::time::sleep(OUTAGE).await;
        rig.come_back().await?;
    }
    let mut written = Vec::new();
    while let Some(by_one) = writers.join_next().await {
        written.push(by_one??);
    }
    // Only now, when the last append was acknowledged, is the log surely there to be read.
    for by_one in &written {
        let stored = log.read(by_one[0].commit.aggregate, 0).await?;
        ensure!(stored == *by_one, "what one writer stored is not what it was told");
    }
    let mut acknowledged = written.concat();
    acknowledged.sort_by_key(|recorded| recorded.sequence);
    let followed = timeout(FOLLOWED_IN, followed).await.context("not all is followed")???;
    ensure!(followed.len() == acknowledged.len(), "{} were followed", followed.len());
    ensure!(followed == acknowledged, "what is followed is not what was acknowledged");
    let stored = log.info().await?.last_sequence - start.sequence;
    let count = acknowledged.len() as u64;
    ensure!(stored == count, "{stored} are stored, {count} were acknowledged");
    Ok(())
}

async fn write(log: Arc<dyn EventLog>, progress: Arc<Progress>) -> anyhow::Result<Vec<Recorded>> {
    let mut writer = Writer::new(fresh_key());
    let mut written = Vec::new();
    for _ in 0..COMMITS_EACH {
        written.push(writer.append(&*log).await?);
        progress.advance();
    }
    Ok(written)
}

/// Follows until there are so many commits; a tailer itself asserts that they are contiguous.
async fn follow(mut tailer: Tailer, count: usize) -> anyhow::Result<Vec<Recorded>> {
    let mut all: Vec<Recorded> = Vec::new();
    while all.len() < count {
        for recorded in tailer.next_batch(64).await? {
            let last = all.last().map(|recorded| recorded.sequence);
            let contiguous = last.is_none_or(|last| recorded.sequence == last + 1);
            ensure!(contiguous, "{} follows {last:?}", recorded.sequence);
            all.push(recorded);
        }
    }
    Ok(all)
}

pub(super) async fn names_the_loss(rig: &mut dyn Rig) -> anyhow::Result<()> {
    let log = rig.log();
    Writer::new(fresh_key()).append(&*log).await?;
    let mut tailer = Tailer::start(log.clone(), None).await?;
    while !tailer.has_caught_up() {
        tailer.next_batch(1000).await?;
    }
    let beyond = Position { sequence: tailer.position().sequence + 1, ..tailer.position() };
    let lost = Tailer::start(log.clone(), Some(beyond)).await.map(|_| ());
    ensure!(
        matches!(lost, Err(TailError::Lost(TailLost::Truncated { .. }))),
        "a position beyond the end of the log was answered {lost:?}"
    );

    rig.crash().await?;
    rig.come_back_empty().await?;
    let lost = timeout(FOLLOWED_IN, tailer.next_batch(1)).await.context("the loss is not told")?;
    ensure!(
        matches!(lost, Err(TailError::Lost(TailLost::Replaced { .. }))),
        "another log in the place of this one was answered {lost:?}"
    );
    ensure!(tailer.next_batch(1).await.is_err(), "a tailer goes on after a loss");
    let lost = Tailer::start(log, Some(tailer.position())).await.map(|_| ());
    ensure!(
        matches!(lost, Err(TailError::Lost(TailLost::Replaced { .. }))),
        "a position of another log was answered {lost:?}"
    );
    Ok(())
}
