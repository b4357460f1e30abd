//! The agent on a real bus, with a real server.

use std::fs;

use domain::guest::{
    ActionCause, ActionOutcome, Database, DatabaseHealth, Query, QueryAnswer, ReportAnswer,
    Revision,
};
use rustix::process::Signal;

use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::engines::{Engine, each_engine, each_level};
use crate::plane::{Document, Plane, Prepare, User};

each_level!(an_instance_becomes_what_its_document_says);
each_engine!(
    a_killed_agent_is_replaced_and_takes_over_the_running_server,
    a_server_that_dies_is_reported_down_and_up_again,
    a_server_that_hangs_is_reported_down_and_up_again,
    an_end_that_the_agent_did_not_see_is_reported_all_the_same,
    an_agent_killed_again_and_again_ends_exactly_where_one_left_alone_does,
    hostile_names_and_passwords_are_data,
    what_can_not_be_done_fails_with_its_cause,
    an_older_document_is_ignored_also_by_the_next_agent,
    reports_are_repeated_until_they_are_recorded_and_over_a_loss_of_the_bus,
    without_a_document_nothing_is_started,
);

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

fn shop(engine: Engine) -> Prepare {
    let (charset, collation, _) = engine.names.charset;
    Prepare {
        id: 1,
        databases: vec![
            database("shop"),
            Database {
                name: "old".to_owned(),
                charset: Some(charset.to_owned()),
                collation: Some(collation.to_owned()),
            },
        ],
        users: vec![user("app", "s3cret pässword", &["shop"])],
    }
}

/// A plane, and an instance with a shim whose agent has reported.
pub(crate) async fn begun(engine: Engine, level: Level) -> (Plane, Bench) {
    let plane = Plane::start().await;
    let mut bench = Bench::new(engine, level);
    bench.join(&plane);
    bench.start_shim();
    let first = plane.reported("the agent is there", |_| true);
    assert_eq!(first.health, DatabaseHealth::Unknown);
    (plane, bench)
}

/// The same, prepared as asked.
async fn prepared(engine: Engine, level: Level, prepare: Prepare) -> (Plane, Bench) {
    let (plane, bench) = begun(engine, level).await;
    let id = prepare.id;
    plane.offer(bench.spec.instance, Document::new(engine, 10, Some(prepare))).await;
    assert_eq!(plane.outcome(id), ActionOutcome::Done, "{}", bench.everything_said());
    plane.healthy(|health| *health == DatabaseHealth::Up);
    (plane, bench)
}

async fn an_instance_becomes_what_its_document_says(engine: Engine, level: Level) {
    let (plane, mut bench) = prepared(engine, level, shop(engine)).await;
    let id = bench.spec.instance;
    let mut app = bench.login("app", "s3cret pässword", "shop").await;
    app.run("CREATE TABLE t (a INT)").await.unwrap();
    let elsewhere = bench.tries(("app", "s3cret pässword"), Some("old")).await;
    assert!(elsewhere.is_err(), "it has no rights there");
    let mut admin = bench.admin_in(Some("old")).await;
    assert_eq!(admin.text(engine.names.charset_shown).await, engine.names.charset.2);

    // The known password of the template opens nothing, and the administrator is let in from
    // nowhere but here. What is secret of letting it in is not left behind.
    bench.at_socket(("os_admin", "template"), None).await.err().expect("it is refused");
    let own = fs::read_to_string(bench.layout().agent().join("admin.password")).unwrap();
    bench.keeps_out("os_admin", &own).await;
    for entry in fs::read_dir(bench.layout().agent()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(path.ends_with("admin.password") || !text.contains(&own), "{path:?}");
    }

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
    plane.offer(id, Document::new(engine, 11, Some(shop(engine)))).await;
    let seen = |revision| Revision { epoch: 1, sequence: revision };
    plane.reported("the newer document", |report| report.revision == seen(11));
    plane.offer(id, Document::new(engine, 12, None)).await;
    let last = plane.reported("the newest document", |report| report.revision == seen(12));
    assert_eq!(last.results, []);
    assert_eq!(bench.server_pid(), pid);
    app.run("SELECT 1").await.unwrap();
    drop(app);
    assert!(bench.stop_shim().success());
}

async fn a_killed_agent_is_replaced_and_takes_over_the_running_server(engine: Engine) {
    let (plane, bench) = prepared(engine, Level::Plain, shop(engine)).await;
    let mut app = bench.login("app", "s3cret pässword", "shop").await;
    let pid = bench.server_pid();
    let agent = bench.alive("agent").unwrap();
    plane.desk().reports.clear();
    agent.signal(Signal::KILL).unwrap();
    let report =
        plane.reported("the next agent is up", |report| report.health == DatabaseHealth::Up);
    assert_eq!(report.results.len(), 1, "it still knows what it has done");
    assert_ne!(bench.alive("agent").unwrap().pid(), agent.pid());
    assert_eq!(bench.server_pid(), pid);
    app.run("SELECT 1").await.unwrap();
}

async fn a_server_that_dies_is_reported_down_and_up_again(engine: Engine) {
    let (plane, bench) = prepared(engine, Level::Plain, shop(engine)).await;
    plane.desk().reports.clear();
    bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    let down = DatabaseHealth::Down { cause: "ended by signal 9".to_owned() };
    plane.reported("it is down", |report| report.health == down);
    plane.reported("it is up", |report| report.health == DatabaseHealth::Up);
    let healths: Vec<_> = plane.desk().reports.iter().map(|report| report.health.clone()).collect();
    assert_eq!(healths, [down, DatabaseHealth::Up], "no other transitions");
    bench.lets_in("app", "s3cret pässword").await;
}

/// Nothing ends, so that only the silence itself can be told.
async fn a_server_that_hangs_is_reported_down_and_up_again(engine: Engine) {
    let (plane, bench) = prepared(engine, Level::Plain, shop(engine)).await;
    plane.desk().reports.clear();
    let server = bench.alive("server").unwrap();
    server.signal(Signal::STOP).unwrap();
    let down = DatabaseHealth::Down { cause: "the server does not answer".to_owned() };
    plane.reported("it is down", |report| report.health == down);
    server.signal(Signal::CONT).unwrap();
    plane.reported("it is up", |report| report.health == DatabaseHealth::Up);
    assert_eq!(bench.status().ends, 0);
}

async fn an_end_that_the_agent_did_not_see_is_reported_all_the_same(engine: Engine) {
    let (plane, bench) = prepared(engine, Level::Plain, shop(engine)).await;
    plane.desk().reports.clear();
    let (agent, server) = (bench.alive("agent").unwrap(), bench.alive("server").unwrap());
    agent.signal(Signal::STOP).unwrap();
    server.signal(Signal::KILL).unwrap();
    assert!(server.wait_end(LIMIT));
    bench.lets_in("app", "s3cret pässword").await;
    agent.signal(Signal::CONT).unwrap();
    let down = DatabaseHealth::Down { cause: "ended by signal 9".to_owned() };
    plane.reported("it was down", |report| report.health == down);
    plane.reported("it is up", |report| report.health == DatabaseHealth::Up);
}

async fn an_agent_killed_again_and_again_ends_exactly_where_one_left_alone_does(engine: Engine) {
    let (plane, bench) = begun(engine, Level::Plain).await;
    plane.offer(bench.spec.instance, Document::new(engine, 10, Some(shop(engine)))).await;
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
    let mut app = bench.login("app", "s3cret pässword", "shop").await;
    assert_eq!(app.texts(engine.names.usable).await, ["shop"]);
    app.run("CREATE TABLE t (a INT)").await.unwrap();
}

async fn hostile_names_and_passwords_are_data(engine: Engine) {
    let name = engine.names.hostile[0];
    let password = "p'; DROP USER os_admin@localhost; -- \\";
    let prepare = Prepare {
        id: 1,
        databases: vec![database(name), database("a_b"), database("axb")],
        users: vec![user("u'\\\"`@%", password, &[name, "a_b"])],
    };
    let (_plane, bench) = prepared(engine, Level::Plain, prepare).await;
    let mut tenant = bench.login("u'\\\"`@%", password, name).await;
    assert_eq!(tenant.texts(engine.names.usable).await, ["a_b", name], "and not axb");
    tenant.run("CREATE TABLE t (a INT)").await.unwrap();
}

async fn what_can_not_be_done_fails_with_its_cause(engine: Engine) {
    let cause = |outcome| match outcome {
        ActionOutcome::Failed(failure) => failure,
        ActionOutcome::Done => panic!("it was done"),
    };
    let (plane, bench) = begun(engine, Level::Plain).await;
    let id = bench.spec.instance;
    let mut document = Document::new(engine, 10, Some(shop(engine)));
    let (name, value, word) = engine.settings.fatal;
    document.settings.insert(name.to_owned(), value.to_owned());
    plane.offer(id, document).await;
    let failure = cause(plane.outcome(1));
    assert_eq!(failure.cause, ActionCause::ServerWontStart, "{failure:?}");
    assert!(failure.detail.contains(word), "{failure:?}");

    let latin = Database { charset: Some("nonsense".to_owned()), ..database("d") };
    let prepare = Prepare { id: 2, databases: vec![latin], users: Vec::new() };
    plane.offer(id, Document::new(engine, 11, Some(prepare))).await;
    let failure = cause(plane.outcome(2));
    assert_eq!(failure.cause, ActionCause::Statement, "{failure:?}");
    assert!(failure.detail.contains("nonsense"), "{failure:?}");

    let plane = Plane::start().await;
    let mut bench = Bench::new(engine, Level::Plain);
    bench.spec.template = bench.spec.directory.join("no-template");
    bench.join(&plane);
    bench.start_shim();
    plane.offer(bench.spec.instance, Document::new(engine, 10, Some(shop(engine)))).await;
    let failure = cause(plane.outcome(1));
    assert_eq!(failure.cause, ActionCause::EngineMissing, "{failure:?}");
}

async fn an_older_document_is_ignored_also_by_the_next_agent(engine: Engine) {
    let (plane, bench) = prepared(engine, Level::Plain, shop(engine)).await;
    let id = bench.spec.instance;
    for _ in 0..2 {
        let (asked, old) = (plane.desk().asked, Prepare { id: 2, ..shop(engine) });
        plane.offer(id, Document::new(engine, 9, Some(old))).await;
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

async fn reports_are_repeated_until_they_are_recorded_and_over_a_loss_of_the_bus(engine: Engine) {
    let (mut plane, bench) = begun(engine, Level::Plain).await;
    plane.desk().answer = Some(ReportAnswer::TryAgain);
    plane.offer(bench.spec.instance, Document::new(engine, 10, Some(shop(engine)))).await;
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

async fn without_a_document_nothing_is_started(engine: Engine) {
    let (plane, bench) = begun(engine, Level::Plain).await;
    let asked = plane.desk().asked;
    eventually("it has asked again", || (plane.desk().asked > asked + 2).then_some(()));
    assert!(!bench.status().prepared);
    assert!(bench.alive("server").is_none());
}
