//! Logs that a tenant's server writes when it is told to, and how they are read and bounded.

use std::fs;
use std::time::Instant;

use domain::engine::{Log, UserLog};
use domain::guest::{LogSize, Query, QueryAnswer, SettingsState};
use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use crate::bench::{LIMIT, Level, eventually};
use crate::served::Served;

const GENERAL: Log = Log::User(UserLog::General);
const SLOW: Log = Log::User(UserLog::SlowQuery);

/// Offers a document with these settings beside those of the flavor, and waits until the server
/// has taken them.
async fn set(served: &mut Served, settings: &[(&str, &str)]) {
    let mut document = served.next(Vec::new());
    let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    document.settings.extend(own);
    let revision = document.revision;
    served.offer(document).await;
    let is_of = |state: &SettingsState| state.sequence >= revision;
    let report = served
        .plane
        .reported("settings are settled", |report| report.settings.as_ref().is_some_and(is_of));
    let state = report.settings.unwrap();
    assert_eq!((state.refused, state.restart_required), (None, Vec::new()));
}

async fn tail(served: &Served, log: Log, lines: u32) -> Vec<String> {
    let answer = served.query(Query::LogTail { log, lines }).await;
    let QueryAnswer::LogTail(lines) = answer else { panic!("{answer:?}") };
    lines
}

async fn size(served: &Served, log: Log) -> u64 {
    let answer = served.query(Query::Logs).await;
    let QueryAnswer::Logs(sizes) = answer else { panic!("{answer:?}") };
    let size = |size: &LogSize| (size.log == log).then_some(size.bytes);
    sizes.iter().find_map(size).unwrap()
}

async fn says(served: &Served, log: Log, word: &str) -> bool {
    tail(served, log, 1000).await.iter().any(|line| line.contains(word))
}

/// Waits until a log's end says so: a server may write a moment after it has answered.
async fn will_say(served: &Served, log: Log, word: &str) {
    let until = Instant::now() + LIMIT;
    while !says(served, log, word).await {
        assert!(Instant::now() < until, "{log:?} says nothing of {word}");
    }
}

async fn run(served: &Served, statement: &str) {
    served.admin().await.query_drop(statement).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_written_from_when_it_is_switched_on_until_it_is_switched_off() {
    for level in [Level::Plain, Level::Bubblewrap, Level::Uid] {
        if !level.is_possible() {
            continue;
        }
        let mut served = Served::at(level).await;
        run(&served, "SELECT 'before'").await;
        assert_eq!((size(&served, GENERAL).await, tail(&served, GENERAL, 5).await.len()), (0, 0));
        set(&mut served, &[("general_log", "ON")]).await;
        run(&served, "SELECT 'while it is on', '\u{fc}'").await;
        will_say(&served, GENERAL, "while it is on', '\u{fc}'").await;
        assert!(size(&served, GENERAL).await > 0);
        assert!(!says(&served, GENERAL, "before").await);
        assert_eq!(tail(&served, GENERAL, 1).await.len(), 1);

        // Also by a server that was started by nobody's wish.
        served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
        run(&served, "SELECT 'after a start'").await;
        will_say(&served, GENERAL, "after a start").await;
        assert!(says(&served, GENERAL, "while it is on").await, "what was written stays");
        assert_eq!(size(&served, SLOW).await, 0);

        set(&mut served, &[("general_log", "OFF"), ("slow_query_log", "ON")]).await;
        run(&served, "SELECT 'no more'").await;
        run(&served, "SET long_query_time = 0; SELECT 'slow'").await;
        will_say(&served, SLOW, "'slow'").await;
        assert!(!says(&served, GENERAL, "no more").await);
        will_say(&served, Log::Error, "ready for connections").await;
        will_say(&served, Log::Guest, "Agent is on the bus").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_gets_long_is_put_aside_and_goes_on() {
    let mut served = Served::start().await;
    set(&mut served, &[("general_log", "ON")]).await;
    let path = served.bench.layout().log(UserLog::General);
    let aside = path.with_extension("log.1");
    let mut writer = served.admin().await;
    let words = format!("SELECT LENGTH('{}')", "x".repeat(1 << 20));
    for _ in 0..2 {
        for _ in 0..9 {
            writer.query_drop(&words).await.unwrap();
        }
        eventually("it is put aside", || {
            let length = fs::metadata(&path).map_or(u64::MAX, |metadata| metadata.len());
            (aside.exists() && length < 8 << 20).then_some(())
        });
    }
    assert!(fs::metadata(&aside).unwrap().len() <= 8 << 20);
    assert!(size(&served, GENERAL).await < 17 << 20);
    writer.query_drop("SELECT 'it goes on'").await.unwrap();
    will_say(&served, GENERAL, "it goes on").await;
    let lines = tail(&served, GENERAL, 1000).await;
    assert!(lines.iter().map(String::len).sum::<usize>() <= 128 << 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_place_of_a_log_is_not_read() {
    let mut served = Served::start().await;
    set(&mut served, &[("general_log", "ON")]).await;
    let path = served.bench.layout().log(UserLog::General);
    fs::remove_file(&path).unwrap();
    let secret = served.bench.layout().agent().join("admin.password");
    std::os::unix::fs::symlink(&secret, &path).unwrap();
    let answer = served.query(Query::LogTail { log: GENERAL, lines: 9 }).await;
    assert!(matches!(answer, QueryAnswer::Unavailable { .. }), "{answer:?}");
}
