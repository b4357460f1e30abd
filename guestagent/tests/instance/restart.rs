//! Restarts.

use std::time::{Duration, Instant};

use domain::guest::{ActionBody, ActionCause, ActionOutcome, DatabaseHealth};
use guestagent::control::ServerState;
use rustix::process::Signal;

use crate::bench::{LIMIT, eventually};
use crate::served::{Served, create_databases, create_user};

use crate::engines::{Engine, each_engine};

each_engine!(
    a_restart_keeps_the_data_and_begins_anew,
    a_restart_takes_the_documents_settings_or_says_what_the_server_said,
    a_server_that_hangs_is_restarted_before_what_waits_for_it,
    a_stopped_server_stands_still_whoever_starts_anew_and_runs_after_a_restart,
    a_stop_waits_for_no_client_and_loses_nothing,
);

async fn started(served: &Served) -> i32 {
    eventually("a server runs", || served.bench.server_pid())
}

async fn a_restart_keeps_the_data_and_begins_anew(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &["shop"])).await;
    let mut app = served.bench.login("app", "p", "shop").await;
    app.run("CREATE TABLE t (a INT)").await.unwrap();
    app.run("INSERT INTO t VALUES (7)").await.unwrap();
    let before = started(&served).await;
    served.plane.desk().reports.clear();
    served.done(ActionBody::Restart).await;
    let report = served.plane.reported("it is done", |report| !report.results.is_empty());
    assert_eq!(report.health, DatabaseHealth::Up, "nobody is told of it while it is down");
    assert_ne!(started(&served).await, before);
    app.run("SELECT 1").await.expect_err("who is logged in is sent away");
    let mut app = served.bench.login("app", "p", "shop").await;
    assert_eq!(app.texts("SELECT a FROM t").await, ["7"]);
    assert_eq!(served.bench.status().ends, 0, "it did not end by itself");
}

async fn a_restart_takes_the_documents_settings_or_says_what_the_server_said(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    let mut document = served.next(vec![(100, ActionBody::Restart)]);
    document.settings.insert("max_connections".to_owned(), "77".to_owned());
    served.offer(document.clone()).await;
    assert_eq!(served.plane.outcome(100), ActionOutcome::Done);
    assert_eq!(served.setting("max_connections").await, "77");

    document = served.next(vec![(101, ActionBody::Restart)]);
    let (name, value, word) = engine.settings.fatal;
    document.settings.insert(name.to_owned(), value.to_owned());
    served.offer(document).await;
    let ActionOutcome::Failed(failure) = served.plane.outcome(101) else { panic!("it starts") };
    assert_eq!(failure.cause, ActionCause::ServerWontStart, "{failure:?}");
    let (_, said) = failure.detail.split_once("; ").expect("what the server said");
    assert!(said.contains(word), "{failure:?}");
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
    served.done(ActionBody::Restart).await;
    assert_eq!(served.databases().await, ["shop"]);
}

/// Clients that are at work do not keep a server from being stopped, and what was acknowledged is
/// there after the next start.
async fn a_stop_waits_for_no_client_and_loses_nothing(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &["shop"])).await;
    let mut app = served.bench.login("app", "p", "shop").await;
    app.run("CREATE TABLE t (a INT)").await.unwrap();
    let idle = served.bench.login("app", "p", "shop").await;
    let mut writers = Vec::new();
    for _ in 0..3 {
        let mut client = served.bench.login("app", "p", "shop").await;
        writers.push(tokio::spawn(async move {
            let mut acknowledged = 0;
            while client.run("INSERT INTO t VALUES (1)").await.is_ok() {
                acknowledged += 1;
            }
            acknowledged
        }));
    }
    while app.text("SELECT COUNT(*) FROM t").await == "0" {}
    let begun = Instant::now();
    let mut document = served.next(Vec::new());
    document.is_stopped = true;
    served.offer(document).await;
    eventually("it has stopped", || {
        (served.bench.status().server == ServerState::Resting).then_some(())
    });
    let took = begun.elapsed();
    let mut counts = Vec::new();
    for writer in writers {
        counts.push(writer.await.unwrap());
    }
    assert!(took < Duration::from_secs(20), "{took:?}: it was killed");
    let end = served.bench.status().last_end.unwrap();
    assert_eq!((end.code, end.signal), (Some(0), None));
    drop(idle);
    served.done(ActionBody::Restart).await;
    let mut app = served.bench.login("app", "p", "shop").await;
    let kept: usize = app.text("SELECT COUNT(*) FROM t").await.parse().unwrap();
    let acknowledged: usize = counts.iter().sum();
    assert!(kept >= acknowledged && kept <= acknowledged + counts.len(), "{kept} {counts:?}");
}

async fn a_server_that_hangs_is_restarted_before_what_waits_for_it(engine: Engine) {
    let mut served = Served::start(engine).await;
    let hanging = served.bench.alive("server").unwrap();
    hanging.signal(Signal::STOP).unwrap();
    served.plane.healthy(|health| matches!(health, DatabaseHealth::Down { .. }));
    let document =
        served.next(vec![(100, create_databases(&["shop"])), (101, ActionBody::Restart)]);
    served.offer(document).await;
    assert_eq!(served.plane.outcome(101), ActionOutcome::Done);
    assert_eq!(served.plane.outcome(100), ActionOutcome::Done);
    assert_eq!(served.databases().await, ["shop"]);
    assert!(hanging.has_ended());
}

async fn a_stopped_server_stands_still_whoever_starts_anew_and_runs_after_a_restart(
    engine: Engine,
) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    let mut document = served.next(Vec::new());
    document.is_stopped = true;
    served.offer(document).await;
    let stopped = DatabaseHealth::Down { cause: "stopped".to_owned() };
    served.plane.healthy(|health| *health == stopped);
    eventually("it has ended", || served.bench.servers().is_empty().then_some(()));

    served.bench.kill_shim();
    let agent = served.bench.alive("agent").unwrap();
    agent.signal(Signal::KILL).unwrap();
    assert!(agent.wait_end(LIMIT));
    served.plane.desk().reports.clear();
    let asked = served.plane.desk().asked;
    served.bench.start_shim();
    eventually("a new agent has asked", || (served.plane.desk().asked > asked).then_some(()));
    served.plane.healthy(|health| *health == stopped);
    assert_eq!(served.bench.servers().len(), 0);

    served.done(ActionBody::Restart).await;
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
    assert_eq!(served.databases().await, ["shop"]);
}
