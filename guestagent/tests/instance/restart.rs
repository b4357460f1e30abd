//! Restarts.

use domain::guest::{ActionBody, ActionCause, ActionOutcome, DatabaseHealth};
use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use crate::bench::{LIMIT, eventually};
use crate::served::{Served, create_databases, create_user};

async fn started(served: &Served) -> i32 {
    eventually("a server runs", || served.bench.server_pid())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_the_data_and_begins_anew() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &["shop"])).await;
    let mut app = served.bench.login_from_afar("app", "p").await;
    app.query_drop("CREATE TABLE shop.t (a INT)").await.unwrap();
    app.query_drop("INSERT INTO shop.t VALUES (7)").await.unwrap();
    // Connections are numbered from each start on.
    let mut last = app;
    for _ in 0..60 {
        last = served.bench.login_from_afar("app", "p").await;
    }
    let before = started(&served).await;
    served.plane.desk().reports.clear();
    served.done(ActionBody::Restart).await;
    let report = served.plane.reported("it is done", |report| !report.results.is_empty());
    assert_eq!(report.health, DatabaseHealth::Up, "nobody is told of it while it is down");
    assert_ne!(started(&served).await, before);
    let mut app = served.bench.login_from_afar("app", "p").await;
    assert!(app.id() < last.id(), "{} {}", app.id(), last.id());
    assert_eq!(app.query_first("SELECT a FROM shop.t").await.unwrap(), Some(7));
    assert_eq!(served.bench.status().ends, 0, "it did not end by itself");
    last.ping().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_takes_the_documents_settings_or_says_what_the_server_said() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    let mut document = served.next(vec![(100, ActionBody::Restart)]);
    document.settings.insert("max_connections".to_owned(), "77".to_owned());
    served.offer(document.clone()).await;
    assert_eq!(served.plane.outcome(100), ActionOutcome::Done);
    let set: Vec<u64> = served.rows("SELECT @@max_connections").await;
    assert_eq!(set, [77]);

    document = served.next(vec![(101, ActionBody::Restart)]);
    document.settings.insert("innodb_page_size".to_owned(), "8192".to_owned());
    served.offer(document).await;
    let ActionOutcome::Failed(failure) = served.plane.outcome(101) else { panic!("it starts") };
    assert_eq!(failure.cause, ActionCause::ServerWontStart, "{failure:?}");
    assert!(failure.detail.contains("page"), "{failure:?}");
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
    served.done(ActionBody::Restart).await;
    assert_eq!(served.databases().await, ["shop"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_restarted_before_what_waits_for_it() {
    let mut served = Served::start().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_stands_still_whoever_starts_anew_and_runs_after_a_restart() {
    let mut served = Served::start().await;
    served.done(create_databases(&["shop"])).await;
    let mut document = served.next(Vec::new());
    document.is_stopped = true;
    served.offer(document).await;
    let stopped = DatabaseHealth::Down { cause: "stopped".to_owned() };
    served.plane.healthy(|health| *health == stopped);
    assert_eq!(served.bench.servers().len(), 0);

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
