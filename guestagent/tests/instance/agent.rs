//! The agent on a real bus, with a real server.

use std::fs;

use domain::guest::{
    ActionCause, ActionOutcome, Database, DatabaseHealth, Query, QueryAnswer, ReportAnswer,
    Revision,
};
use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::plane::{Document, Plane, Prepare, User};

fn database(name: &str) -> Database {
    Database { name: name.to_owned(), charset: None, collation: None }
}

fn user(name: &str, password: &str, databases: &[&str]) -> User {
    User {
        name: name.to_owned(),
        host: "%".to_owned(),
        password: password.to_owned(),
        databases: databases.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn shop() -> Prepare {
    Prepare {
        id: 1,
        databases: vec![
            database("shop"),
            Database {
                name: "old".to_owned(),
                charset: Some("latin1".to_owned()),
                collation: Some("latin1_bin".to_owned()),
            },
        ],
        users: vec![user("app", "s3cret pässword", &["shop"])],
    }
}

/// A plane, and an instance with a shim whose agent has reported.
pub(crate) async fn begun(level: Level) -> (Plane, Bench) {
    let plane = Plane::start().await;
    let mut bench = Bench::new(level);
    bench.join(&plane);
    bench.start_shim();
    let first = plane.reported("the agent is there", |_| true);
    assert_eq!(first.health, DatabaseHealth::Unknown);
    (plane, bench)
}

/// The same, prepared as asked.
async fn prepared(level: Level, prepare: Prepare) -> (Plane, Bench) {
    let (plane, bench) = begun(level).await;
    let id = prepare.id;
    plane.offer(bench.spec.instance, Document::new(10, Some(prepare))).await;
    assert_eq!(plane.outcome(id), ActionOutcome::Done, "{}", bench.everything_said());
    plane.healthy(|health| *health == DatabaseHealth::Up);
    (plane, bench)
}

async fn an_instance_becomes_what_its_document_says(level: Level) {
    if !level.is_possible() {
        return;
    }
    let (plane, mut bench) = prepared(level, shop()).await;
    let id = bench.spec.instance;
    let mut app = bench.login_from_afar("app", "s3cret pässword").await;
    app.query_drop("CREATE TABLE shop.t (a INT)").await.unwrap();
    app.query_drop("CREATE TABLE old.t (a INT)").await.unwrap_err();
    let charset: Option<String> = app
        .query_first("SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'shop'")
        .await
        .unwrap();
    assert_eq!(charset.as_deref(), Some("utf8mb4_general_ci"));

    // The known password of the template opens nothing.
    let options = mysql_async::OptsBuilder::default()
        .socket(bench.layout().server_socket().to_str())
        .user(Some("os_admin"))
        .pass(Some("template"));
    mysql_async::Conn::new(options).await.unwrap_err();
    assert_eq!(fs::read(bench.layout().server_init()).unwrap(), b"");

    let mut heartbeats = plane.heartbeats().await;
    let (from, heartbeat) = tokio::time::timeout(LIMIT, heartbeats.next()).await.unwrap().unwrap();
    assert_eq!((from, &heartbeat.health), (id, &DatabaseHealth::Up));
    assert_eq!(heartbeat.volume_size_bytes, Some(bench.spec.volume.size_bytes));
    assert!(heartbeat.volume_used_bytes.is_some_and(|bytes| bytes > 10 << 20));
    let asked = plane.query(id, Query::Health).await;
    let QueryAnswer::Health(asked) = asked else { panic!("{asked:?}") };
    assert_eq!(asked.health, DatabaseHealth::Up);

    // What is done is not done again, and is dropped once the document drops it.
    let pid = bench.server_pid();
    plane.offer(id, Document::new(11, Some(shop()))).await;
    let seen = |revision| Revision { epoch: 1, sequence: revision };
    plane.reported("the newer document", |report| report.revision == seen(11));
    plane.offer(id, Document::new(12, None)).await;
    let last = plane.reported("the newest document", |report| report.revision == seen(12));
    assert_eq!(last.results, []);
    assert_eq!(bench.server_pid(), pid);
    app.ping().await.unwrap();
    drop(app);
    assert!(bench.stop_shim().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_becomes_what_its_document_says_as_a_plain_process() {
    an_instance_becomes_what_its_document_says(Level::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_becomes_what_its_document_says_behind_bubblewrap() {
    an_instance_becomes_what_its_document_says(Level::Bubblewrap).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_becomes_what_its_document_says_under_its_own_uid() {
    an_instance_becomes_what_its_document_says(Level::Uid).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_agent_is_replaced_and_takes_over_the_running_server() {
    let (plane, bench) = prepared(Level::Plain, shop()).await;
    let mut app = bench.login_from_afar("app", "s3cret pässword").await;
    let pid = bench.server_pid();
    let agent = bench.alive("agent").unwrap();
    plane.desk().reports.clear();
    agent.signal(Signal::KILL).unwrap();
    let report =
        plane.reported("the next agent is up", |report| report.health == DatabaseHealth::Up);
    assert_eq!(report.results.len(), 1, "it still knows what it has done");
    assert_ne!(bench.alive("agent").unwrap().pid(), agent.pid());
    assert_eq!(bench.server_pid(), pid);
    app.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_is_reported_down_and_up_again() {
    let (plane, bench) = prepared(Level::Plain, shop()).await;
    plane.desk().reports.clear();
    bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    let down = DatabaseHealth::Down { cause: "ended by signal 9".to_owned() };
    plane.reported("it is down", |report| report.health == down);
    plane.reported("it is up", |report| report.health == DatabaseHealth::Up);
    let healths: Vec<_> = plane.desk().reports.iter().map(|report| report.health.clone()).collect();
    assert_eq!(healths, [down, DatabaseHealth::Up], "no other transitions");
    drop(bench.login_from_afar("app", "s3cret pässword").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_killed_again_and_again_ends_exactly_where_one_left_alone_does() {
    let (plane, bench) = begun(Level::Plain).await;
    plane.offer(bench.spec.instance, Document::new(10, Some(shop()))).await;
    let mut wait = 1;
    while plane.desk().reports.iter().all(|report| report.results.is_empty()) {
        // Not for a condition: any moment is as good to be killed in.
        std::thread::sleep(std::time::Duration::from_millis(wait));
        wait = wait * 3 / 2 + 1;
        if let Some(agent) = bench.alive("agent") {
            agent.signal(Signal::KILL).unwrap();
        }
        assert!(wait < 60_000, "{}", bench.everything_said());
    }
    assert_eq!(plane.outcome(1), ActionOutcome::Done);
    assert_eq!(bench.status().ends, 0, "the server was started once");
    let mut app = bench.login_from_afar("app", "s3cret pässword").await;
    let grants: Vec<String> = app.query("SHOW GRANTS").await.unwrap();
    assert_eq!(grants.len(), 2, "{grants:?}");
    assert!(grants[1].contains("GRANT ALL PRIVILEGES ON `shop`.*"), "{grants:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_and_passwords_are_data() {
    let name = "x`; DROP DATABASE mysql; -- '\"\\";
    let password = "p'; DROP USER os_admin@localhost; -- \\";
    let prepare = Prepare {
        id: 1,
        databases: vec![database(name), database("a_b"), database("axb")],
        users: vec![user("u'\\\"`@%", password, &[name, "a_b"])],
    };
    let (_plane, bench) = prepared(Level::Plain, prepare).await;
    let mut tenant = bench.login_from_afar("u'\\\"`@%", password).await;
    let seen: Vec<String> = tenant.query("SHOW DATABASES").await.unwrap();
    assert_eq!(seen, ["a_b", "information_schema", name], "and not axb");
    let quoted = name.replace('`', "``");
    tenant.query_drop(format!("CREATE TABLE `{quoted}`.t (a INT)")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_done_fails_with_its_cause() {
    let cause = |outcome| match outcome {
        ActionOutcome::Failed(failure) => failure,
        ActionOutcome::Done => panic!("it was done"),
    };
    let (plane, bench) = begun(Level::Plain).await;
    let id = bench.spec.instance;
    let mut document = Document::new(10, Some(shop()));
    document.settings.insert("innodb_page_size".to_owned(), "8192".to_owned());
    plane.offer(id, document).await;
    let failure = cause(plane.outcome(1));
    assert_eq!(failure.cause, ActionCause::ServerWontStart, "{failure:?}");
    assert!(failure.detail.contains("page"), "{failure:?}");

    let latin = Database { charset: Some("nonsense".to_owned()), ..database("d") };
    let prepare = Prepare { id: 2, databases: vec![latin], users: Vec::new() };
    plane.offer(id, Document::new(11, Some(prepare))).await;
    let failure = cause(plane.outcome(2));
    assert_eq!(failure.cause, ActionCause::Statement, "{failure:?}");
    assert!(failure.detail.contains("nonsense"), "{failure:?}");

    let plane = Plane::start().await;
    let mut bench = Bench::new(Level::Plain);
    bench.spec.template = bench.spec.directory.join("no-template");
    bench.join(&plane);
    bench.start_shim();
    plane.offer(bench.spec.instance, Document::new(10, Some(shop()))).await;
    let failure = cause(plane.outcome(1));
    assert_eq!(failure.cause, ActionCause::EngineMissing, "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_document_is_ignored_also_by_the_next_agent() {
    let (plane, bench) = prepared(Level::Plain, shop()).await;
    let id = bench.spec.instance;
    for _ in 0..2 {
        let (asked, old) = (plane.desk().asked, Prepare { id: 2, ..shop() });
        plane.offer(id, Document::new(9, Some(old))).await;
        eventually("the older document was had", || (plane.desk().asked > asked + 1).then_some(()));
        let agent = bench.alive("agent").unwrap();
        agent.signal(Signal::KILL).unwrap();
        assert!(agent.wait_end(LIMIT));
        eventually("the next agent is there", || bench.alive("agent"));
    }
    assert!(plane.desk().reports.iter().all(|report| {
        report.revision.sequence != 9
            && report.results.iter().all(|result| result.id.0.as_u128() == 1)
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_repeated_until_they_are_recorded_and_over_a_loss_of_the_bus() {
    let (mut plane, bench) = begun(Level::Plain).await;
    plane.desk().answer = Some(ReportAnswer::TryAgain);
    plane.offer(bench.spec.instance, Document::new(10, Some(shop()))).await;
    assert_eq!(plane.outcome(1), ActionOutcome::Done);
    plane.desk().reports.clear();
    plane.outcome(1);
    plane.kill_nats();
    plane.desk().reports.clear();
    plane.desk().answer = None;
    plane.relaunch_nats();
    plane.outcome(1);
    plane.healthy(|health| *health == DatabaseHealth::Up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_document_nothing_is_started() {
    let (plane, bench) = begun(Level::Plain).await;
    let asked = plane.desk().asked;
    eventually("it has asked again", || (plane.desk().asked > asked + 2).then_some(()));
    assert!(!bench.status().prepared);
    assert!(bench.alive("server").is_none());
}
