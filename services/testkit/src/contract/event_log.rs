//! What every event log promises, whether it is in memory or on a server that is killed.

mod commits;
mod crashes;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use commits::{Writer, oversized};
pub use commits::{commit, fresh_key};
use eventlog::{AppendError, ChainCheck, EventLog, Recorded, Tailer};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long one promise may take to be shown.
const PATIENCE: Duration = Duration::from_secs(90);
const RACERS: usize = 64;
const WINS: usize = 2;

/// A log that can be harmed as an operator's bad day does it.
#[async_trait]
pub trait Rig: Send {
    /// The log; empty at first. It stays the same over all that is done to it.
    fn log(&self) -> Arc<dyn EventLog>;

    /// Stops it without warning.
    async fn crash(&mut self) -> anyhow::Result<()>;

    /// Starts it again, with all that it had acknowledged.
    async fn come_back(&mut self) -> anyhow::Result<()>;

    /// Loses everything and starts it again, empty.
    async fn come_back_empty(&mut self) -> anyhow::Result<()>;
}

/// Runs the whole suite on one log.
///
/// # Errors
/// Says which promise was broken, and how.
pub async fn event_log(rig: &mut dyn Rig) -> anyhow::Result<()> {
    let log = rig.log();
    within("an empty log has nothing", begins_empty(&*log)).await?;
    within("commits are read in order", reads_in_order(&*log)).await?;
    within("a stale version conflicts", refuses_a_stale_version(&*log)).await?;
    within("a repeat stores nothing", knows_a_repeat(&*log)).await?;
    within("what is too large is stored not at all", refuses_a_large_commit(&*log)).await?;
    within("of racing writers one wins each version", lets_one_racer_win(&log)).await?;
    within("the chain holds over the whole log", keeps_the_chain(&log)).await?;
    within("no crash loses, adds or doubles a commit", crashes::survives(rig)).await?;
    within("a log that lost its tail is not followed", crashes::names_the_loss(rig)).await
}

async fn within(
    promise: &'static str,
    check: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    timeout(PATIENCE, check).await.context("it takes too long").flatten().context(promise)
}

async fn begins_empty(log: &dyn EventLog) -> anyhow::Result<()> {
    let key = fresh_key();
    ensure!(log.info().await?.last_sequence == 0, "there are commits already");
    ensure!(log.last(key).await? == 0, "an aggregate without commits has a version");
    ensure!(log.read(key, 0).await?.is_empty(), "an aggregate without commits has commits");
    Ok(())
}

async fn reads_in_order(log: &dyn EventLog) -> anyhow::Result<()> {
    let mut one = Writer::new(fresh_key());
    let mut other = Writer::new(fresh_key());
    let mut written: Vec<Recorded> = Vec::new();
    for _ in 0..10 {
        written.push(one.append(log).await?);
        other.append(log).await?;
    }
    let read = log.read(one.key, 0).await?;
    ensure!(read == written, "read {read:?}, appended {written:?}");
    let after = log.read(one.key, written[6].sequence).await?;
    ensure!(after == written[7..], "a part is not the end of the whole: {after:?}");
    let between = log.read(one.key, written[6].sequence + 1).await?;
    ensure!(between == written[7..], "a position of another aggregate is a position too");
    ensure!(log.last(one.key).await? == written[9].sequence, "the last is another");
    let info = log.info().await?;
    ensure!(info.last_sequence == 20, "{info:?} after twenty commits");
    ensure!(log.info().await?.identity == info.identity, "the log changes its identity");
    Ok(())
}

async fn refuses_a_stale_version(log: &dyn EventLog) -> anyhow::Result<()> {
    let key = fresh_key();
    let first = log.append(0, &commit(key, None)).await?;
    let late = log.append(0, &commit(key, None)).await;
    ensure!(matches!(late, Err(AppendError::Conflict)), "a stale version was answered {late:?}");
    log.append(first.sequence, &commit(key, Some(first.hash))).await?;
    let later = log.append(first.sequence, &commit(key, Some(first.hash))).await;
    ensure!(matches!(later, Err(AppendError::Conflict)), "a stale version was answered {later:?}");
    ensure!(log.read(key, 0).await?.len() == 2, "a refused commit was stored");
    Ok(())
}

async fn knows_a_repeat(log: &dyn EventLog) -> anyhow::Result<()> {
    let key = fresh_key();
    let mut repeated = commit(key, None);
    let first = log.append(0, &repeated).await?;
    let again = log.append(0, &repeated).await?;
    ensure!(again == first, "a repeat was answered {again:?}, at first {first:?}");
    // Decided again at the same version, a commit has its id, but a later time.
    repeated.time = repeated.time.after(Duration::from_secs(1));
    let later = log.append(0, &repeated).await?;
    ensure!(later == first, "a repeat was answered with what is not stored: {later:?}");
    let next = log.append(first.sequence, &commit(key, Some(first.hash))).await?;
    let late = log.append(0, &repeated).await?;
    ensure!(late == first, "a late repeat was answered {late:?}");
    ensure!(log.read(key, 0).await? == [first, next], "a repeat was stored");
    Ok(())
}

async fn refuses_a_large_commit(log: &dyn EventLog) -> anyhow::Result<()> {
    let key = fresh_key();
    let before = log.info().await?;
    let refused = log.append(0, &oversized(key)).await;
    ensure!(
        matches!(refused, Err(AppendError::TooLarge { .. })),
        "a commit that is too large was answered {refused:?}"
    );
    ensure!(log.info().await? == before, "a part of it was stored");
    Ok(())
}

async fn lets_one_racer_win(log: &Arc<dyn EventLog>) -> anyhow::Result<()> {
    let key = fresh_key();
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let log = log.clone();
        racers.spawn(async move { win(&*log, Writer::new(key)).await });
    }
    let mut won = Vec::new();
    while let Some(wins) = racers.join_next().await {
        won.extend(wins??);
    }
    won.sort_by_key(|recorded| recorded.sequence);
    let read = log.read(key, 0).await?;
    ensure!(won.len() == RACERS * WINS, "{} wins", won.len());
    ensure!(read == won, "the winners are not what is stored");
    Ok(())
}

async fn win(log: &dyn EventLog, mut writer: Writer) -> anyhow::Result<Vec<Recorded>> {
    let mut wins = Vec::new();
    while wins.len() < WINS {
        writer.catch_up(log).await?;
        match log.append(writer.version, &commit(writer.key, writer.hash)).await {
            Ok(recorded) => wins.push(recorded),
            Err(AppendError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(wins)
}

async fn keeps_the_chain(log: &Arc<dyn EventLog>) -> anyhow::Result<()> {
    let mut check = ChainCheck::default();
    let mut tailer = Tailer::start(log.clone(), None).await?;
    while !tailer.has_caught_up() {
        for recorded in tailer.next_batch(100).await? {
            check.take(&recorded)?;
        }
    }
    ensure!(check.position() == log.info().await?.last_sequence, "commits are missing");
    let forged = commit(fresh_key(), Some([7; 32]));
    let forged = log.append(0, &forged).await?;
    ensure!(check.take(&forged).is_err(), "a commit without its predecessor passes");
    Ok(())
}
