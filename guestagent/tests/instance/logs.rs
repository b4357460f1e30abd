//! Logs that a tenant's server writes when it is told to, and how they are read and bounded.

use std::fs;
use std::time::Instant;

use domain::engine::{Log, UserLog};
use domain::guest::{ActionOutcome, LogSize, Query, QueryAnswer, SettingsState};
use rustix::process::Signal;

use crate::bench::{LIMIT, Level, eventually};
use crate::engines::{Engine, each_level, each_mariadb, each_postgresql, each_version};
use crate::served::{Served, create_databases, create_user};

const GENERAL: Log = Log::User(UserLog::General);
const SLOW: Log = Log::User(UserLog::SlowQuery);

each_level!(a_log_is_written_from_when_it_is_switched_on_until_it_is_switched_off);
each_version!(
    a_log_that_gets_long_is_put_aside_and_goes_on,
    what_stands_in_place_of_a_log_is_not_read
);
each_mariadb!(slow_statements_are_written_down_apart);
each_postgresql!(
    no_password_that_an_agent_sets_is_written_down,
    no_statement_passes_for_what_the_server_says_of_itself
);

/// Has these logs written and no others, and waits until the server has taken it.
async fn switch(served: &mut Served, on: &[UserLog]) {
    let mut document = served.next(Vec::new());
    let manager = served.bench.engine.manager;
    for log in manager.logs().iter().filter_map(|log| log.of_user()) {
        manager.switch_log(&mut document.settings, log, on.contains(&log));
    }
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
    served.admin().await.run(statement).await.unwrap();
}

async fn a_log_is_written_from_when_it_is_switched_on_until_it_is_switched_off(
    engine: Engine,
    level: Level,
) {
    let mut served = Served::at(engine, level).await;
    run(&served, "SELECT 'before'").await;
    assert!(!says(&served, GENERAL, "SELECT").await);
    switch(&mut served, &[UserLog::General]).await;
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

    switch(&mut served, &[]).await;
    run(&served, "SELECT 'no more'").await;
    let mut client = served.admin().await;
    client.run("SELECT nonsense FROM nowhere").await.unwrap_err();
    // What is said of the server itself is for others to read, and holds no statement.
    will_say(&served, Log::Error, engine.ready).await;
    assert!(!says(&served, Log::Error, "SELECT").await);
    will_say(&served, Log::Guest, "Agent is on the bus").await;
    assert!(!says(&served, GENERAL, "no more").await);
}

/// Only where slow statements have a log of their own.
async fn slow_statements_are_written_down_apart(engine: Engine) {
    let mut served = Served::start(engine).await;
    assert_eq!(size(&served, SLOW).await, 0);
    switch(&mut served, &[UserLog::SlowQuery]).await;
    run(&served, "SET long_query_time = 0; SELECT 'slow'").await;
    will_say(&served, SLOW, "'slow'").await;
    assert!(!says(&served, GENERAL, "slow").await);
}

/// What an agent says to its server holds passwords.
async fn no_password_that_an_agent_sets_is_written_down(engine: Engine) {
    let mut served = Served::start(engine).await;
    let mut document = served.next(vec![
        (100, create_databases(&["shop"])),
        (101, create_user("app", "very-secret", &["shop"])),
    ]);
    engine.manager.switch_log(&mut document.settings, UserLog::General, true);
    served.offer(document).await;
    for id in [100, 101] {
        assert_eq!(served.plane.outcome(id), ActionOutcome::Done);
    }
    run(&served, "SELECT 'afterwards'").await;
    will_say(&served, GENERAL, "afterwards").await;
    for log in [GENERAL, Log::Error, Log::Guest] {
        assert!(!says(&served, log, "very-secret").await, "{log:?}");
    }
}

/// Whoever is let in chooses what its statements look like.
async fn no_statement_passes_for_what_the_server_says_of_itself(engine: Engine) {
    let mut served = Served::start(engine).await;
    switch(&mut served, &[UserLog::General]).await;
    run(&served, "SELECT 'x\n2026-01-01 00:00:00.000 UTC [1] FATAL:  forged\n'").await;
    will_say(&served, GENERAL, "forged").await;
    assert!(!says(&served, Log::Error, "forged").await);
}

async fn a_log_that_gets_long_is_put_aside_and_goes_on(engine: Engine) {
    let mut served = Served::start(engine).await;
    switch(&mut served, &[UserLog::General]).await;
    let path = engine.general_log(&served.bench.layout());
    let aside = path.with_extension("log.1");
    let mut writer = served.admin().await;
    let words = format!("SELECT LENGTH('{}')", "x".repeat(1 << 20));
    for _ in 0..2 {
        for _ in 0..9 {
            writer.run(&words).await.unwrap();
        }
        eventually("it is put aside", || {
            let length = fs::metadata(&path).map_or(u64::MAX, |metadata| metadata.len());
            (aside.exists() && length < 8 << 20).then_some(())
        });
    }
    assert!(fs::metadata(&aside).unwrap().len() <= 8 << 20);
    assert!(size(&served, GENERAL).await < 17 << 20);
    writer.run("SELECT 'it goes on'").await.unwrap();
    will_say(&served, GENERAL, "it goes on").await;
    let lines = tail(&served, GENERAL, 1000).await;
    assert!(lines.iter().map(String::len).sum::<usize>() <= 128 << 10);
}

async fn what_stands_in_place_of_a_log_is_not_read(engine: Engine) {
    let mut served = Served::start(engine).await;
    switch(&mut served, &[UserLog::General]).await;
    let path = engine.general_log(&served.bench.layout());
    fs::remove_file(&path).unwrap();
    let secret = served.bench.layout().agent().join("admin.password");
    std::os::unix::fs::symlink(&secret, &path).unwrap();
    let answer = served.query(Query::LogTail { log: GENERAL, lines: 9 }).await;
    assert!(matches!(answer, QueryAnswer::Unavailable { .. }), "{answer:?}");
}
