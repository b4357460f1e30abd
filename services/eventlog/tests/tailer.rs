//! The tailer over streams that misbehave in every way.

use async_trait::async_trait;
use domain::aggregate::Key;
use domain::commit::Commit;
use eventlog::{
    AppendError, EventLog, LogInfo, MemoryLog, ReadError, Recorded, TailError, TailLost, Tailer,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::contract::event_log::{commit, fresh_key};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

type Items = BoxStream<'static, Result<Recorded, ReadError>>;
/// Makes a bad stream out of a good one.
type Fault = Box<dyn FnOnce(Items) -> Items + Send>;

/// A log whose streams each have the next fault, then none.
struct Faulty {
    log: MemoryLog,
    faults: Mutex<VecDeque<Fault>>,
}

#[async_trait]
impl EventLog for Faulty {
    async fn append(&self, expected: u64, commit: &Commit) -> Result<Recorded, AppendError> {
        self.log.append(expected, commit).await
    }

    async fn read(&self, key: Key, after: u64) -> Result<Vec<Recorded>, ReadError> {
        self.log.read(key, after).await
    }

    async fn last(&self, key: Key) -> Result<u64, ReadError> {
        self.log.last(key).await
    }

    async fn info(&self) -> Result<LogInfo, ReadError> {
        self.log.info().await
    }

    async fn follow(&self, after: u64) -> Result<Items, ReadError> {
        let stream = self.log.follow(after).await?;
        let fault = self.faults.lock().expect("no test panics with it").pop_front();
        Ok(match fault {
            Some(fault) => fault(stream),
            None => stream,
        })
    }
}

async fn log_of(commits: u64) -> MemoryLog {
    let log = MemoryLog::new();
    for _ in 0..commits {
        log.append(0, &commit(fresh_key(), None)).await.expect("it is in memory");
    }
    log
}

fn faulty(log: &MemoryLog, faults: Vec<Fault>) -> Arc<Faulty> {
    Arc::new(Faulty { log: log.clone(), faults: Mutex::new(faults.into()) })
}

fn unavailable() -> Result<Recorded, ReadError> {
    Err(ReadError::Unavailable("the stream broke".into()))
}

fn unreadable(sequence: u64) -> Result<Recorded, ReadError> {
    Err(ReadError::Unreadable { sequence, source: "not a commit".into() })
}

/// All sequences up to `count`, in batches of at most `max`.
async fn follow(tailer: &mut Tailer, count: usize, max: usize) -> Vec<u64> {
    let mut sequences = Vec::new();
    while sequences.len() < count {
        let batch = timeout(SOON, tailer.next_batch(max)).await.expect("it comes soon");
        let batch = batch.expect("the log is whole");
        assert!((1..=max).contains(&batch.len()));
        sequences.extend(batch.iter().map(|recorded| recorded.sequence));
    }
    sequences
}

#[tokio::test]
async fn streams_that_break_end_skip_and_repeat_leave_no_trace() {
    let log = log_of(50).await;
    let faults: Vec<Fault> = vec![
        Box::new(|good| good.take(10).chain(stream::iter([unavailable()])).boxed()),
        Box::new(|good| good.take(10).boxed()),
        Box::new(|good| good.skip(3).boxed()),
        Box::new(|good| good.take(5).flat_map(|item| stream::iter(twice(item))).boxed()),
        // Skipped first, a later commit may be unreadable for now.
        Box::new(|_| stream::iter([unreadable(50)]).boxed()),
    ];
    let mut tailer = Tailer::start(faulty(&log, faults), None).await.unwrap();
    assert_eq!(follow(&mut tailer, 50, 7).await, (1..=50).collect::<Vec<_>>());
    assert_eq!(tailer.position().sequence, 50);
}

fn twice(item: Result<Recorded, ReadError>) -> [Result<Recorded, ReadError>; 2] {
    let recorded = item.expect("the log in memory is whole");
    [Ok(recorded.clone()), Ok(recorded)]
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_replaced() {
    let log = log_of(20).await;
    let faults: Vec<Fault> = vec![Box::new(|good| good.take(5).chain(stream::pending()).boxed())];
    let mut tailer = Tailer::start(faulty(&log, faults), None).await.unwrap();
    assert_eq!(follow(&mut tailer, 20, 100).await, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_hole_that_each_stream_has_is_named() {
    let log = log_of(10).await;
    let without_third = |good: Items| {
        let is_there = |item: &Result<Recorded, ReadError>| {
            std::future::ready(item.as_ref().is_ok_and(|recorded| recorded.sequence != 3))
        };
        good.filter(is_there).boxed()
    };
    let faults = (0..10).map(|_| Box::new(without_third) as Fault).collect();
    let mut tailer = Tailer::start(faulty(&log, faults), None).await.unwrap();
    assert_eq!(follow(&mut tailer, 2, 100).await, [1, 2]);
    for _ in 0..2 {
        let ended = timeout(SOON, tailer.next_batch(1)).await.unwrap();
        assert!(
            matches!(ended, Err(TailError::Lost(TailLost::Hole { missing: 3, found: 4 }))),
            "{ended:?}"
        );
    }
}

#[tokio::test]
async fn an_unreadable_commit_ends_the_tailer_after_all_before_it() {
    let log = log_of(10).await;
    let faults: Vec<Fault> =
        vec![Box::new(|good| good.take(4).chain(stream::iter([unreadable(5)])).boxed())];
    let mut tailer = Tailer::start(faulty(&log, faults), None).await.unwrap();
    assert_eq!(follow(&mut tailer, 4, 100).await, [1, 2, 3, 4]);
    let ended = timeout(SOON, tailer.next_batch(1)).await.unwrap();
    assert!(matches!(ended, Err(TailError::Unreadable(_))), "{ended:?}");
}

#[tokio::test]
async fn a_tailer_tells_when_it_has_what_was_there_at_its_start() {
    let log = log_of(10).await;
    let mut tailer = Tailer::start(Arc::new(log.clone()), None).await.unwrap();
    assert_eq!((tailer.last_at_start(), tailer.has_caught_up()), (10, false));
    follow(&mut tailer, 10, 100).await;
    assert!(tailer.has_caught_up());
    let position = tailer.position();
    let again = Tailer::start(Arc::new(log), Some(position)).await.unwrap();
    assert!(again.has_caught_up());
}

#[tokio::test]
async fn a_tail_that_is_cut_off_meanwhile_is_named() {
    let log = log_of(10).await;
    let mut tailer = Tailer::start(Arc::new(log.clone()), None).await.unwrap();
    follow(&mut tailer, 10, 100).await;
    log.lose_tail(6);
    let ended = timeout(SOON, tailer.next_batch(1)).await.unwrap();
    let Err(TailError::Lost(lost)) = ended else { panic!("{ended:?}") };
    assert_eq!(lost, TailLost::Truncated { position: 10, last_sequence: 6 });
}
