//! Settings: what a running server takes, what waits for a restart, and what is never in force.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use domain::guest::{ActionBody, ActionCause, ActionOutcome, DatabaseHealth, SettingsState};
use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use crate::bench::{LIMIT, eventually};
use crate::plane::Document;
use crate::served::Served;

/// A newer document with these settings beside those of the flavor.
fn with(served: &mut Served, settings: &[(&str, &str)]) -> Document {
    let mut document = served.next(Vec::new());
    for (name, value) in settings {
        document.settings.insert((*name).to_owned(), (*value).to_owned());
    }
    document
}

/// Offers a document; what became of its settings.
async fn settled(served: &Served, document: Document) -> SettingsState {
    let revision = document.revision;
    served.offer(document).await;
    let is_of = |state: &SettingsState| state.sequence >= revision;
    let report = served
        .plane
        .reported("settings are settled", |report| report.settings.as_ref().is_some_and(is_of));
    report.settings.unwrap()
}

async fn value(served: &Served, name: &str) -> String {
    served.rows(&format!("SELECT CAST(@@GLOBAL.{name} AS CHAR)")).await.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_takes_what_it_can_and_gives_it_back() {
    let mut served = Served::start().await;
    let mut kept = served.admin().await;
    let before = value(&served, "max_connections").await;
    let document = with(
        &mut served,
        &[("max_connections", "77"), ("wait_timeout", "100"), ("max_allowed_packet", "32M")],
    );
    let state = settled(&served, document).await;
    assert_eq!((state.restart_required, state.refused), (Vec::new(), None));
    assert_eq!(value(&served, "max_connections").await, "77");
    assert_eq!(value(&served, "wait_timeout").await, "100");
    assert_eq!(value(&served, "max_allowed_packet").await, (32 << 20).to_string());
    kept.ping().await.expect("nobody was sent away");

    // A start by itself finds them, and a document without them takes them away again.
    served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert_eq!(value(&served, "wait_timeout").await, "100");
    let document = with(&mut served, &[]);
    assert_eq!(settled(&served, document).await.refused, None);
    assert_eq!(value(&served, "max_connections").await, before);
    assert_eq!(value(&served, "wait_timeout").await, "28800");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_needs_a_restart_waits_for_one() {
    let mut served = Served::start().await;
    let before = value(&served, "ft_min_word_len").await;
    let settings = [("ft_min_word_len", "3"), ("max_connections", "78")];
    let document = with(&mut served, &settings);
    let state = settled(&served, document).await;
    assert_eq!(state.restart_required, ["ft_min_word_len"]);
    assert_eq!(value(&served, "max_connections").await, "78");

    // Whatever was not tried is not found by a start that nobody asked for.
    served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert_eq!(value(&served, "ft_min_word_len").await, before);

    let mut document = with(&mut served, &settings);
    document.actions = vec![(100, ActionBody::Restart)];
    served.offer(document).await;
    assert_eq!(served.plane.outcome(100), ActionOutcome::Done);
    assert_eq!(value(&served, "ft_min_word_len").await, "3");
    let document = with(&mut served, &settings);
    assert_eq!(settled(&served, document).await.restart_required, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_the_server_would_not_start_with_changes_nothing() {
    let mut served = Served::start().await;
    let before = value(&served, "max_connections").await;
    let server = served.bench.server_pid();
    let pool = (1_u64 << 32).to_string();
    for (name, bad) in [
        ("max_connections", "abc"),
        ("max_connections", "5"),
        ("character_set_server", "klingon"),
        ("no_such_variable", "1"),
        ("innodb_buffer_pool_size", &pool),
    ] {
        let document = with(&mut served, &[("wait_timeout", "100"), (name, bad)]);
        let refused = settled(&served, document).await.refused.expect(name);
        assert_eq!(refused.cause, ActionCause::Statement);
        assert!(refused.detail.replace('-', "_").contains(name) || bad == "klingon", "{refused:?}");
        assert_eq!(value(&served, "wait_timeout").await, "28800", "all or nothing");
    }
    assert_eq!(value(&served, "max_connections").await, before);
    assert_eq!(served.bench.server_pid(), server);
    let document = with(&mut served, &[("wait_timeout", "100")]);
    assert_eq!(settled(&served, document).await.refused, None);
}

/// Passes every check, and does not fit the data that is there.
const FATAL: (&str, &str) = ("innodb_page_size", "8192");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_with_settings_that_turn_out_bad_puts_the_former_ones_back() {
    let mut served = Served::start().await;
    let mut document = with(&mut served, &[FATAL, ("max_connections", "79")]);
    document.actions = vec![(100, ActionBody::Restart)];
    let settings = document.settings.clone();
    let refused = settled(&served, document).await.refused.expect("the server ended");
    assert!(refused.detail.contains("innodb_page_size"), "{refused:?}");
    let ActionOutcome::Failed(failure) = served.plane.outcome(100) else { panic!("it starts") };
    assert_eq!(failure, refused);
    assert_eq!(value(&served, "innodb_page_size").await, "16384");

    // Known to be bad, so a restart does not try it again.
    let ends = served.bench.status().ends;
    let mut document = served.next(vec![(101, ActionBody::Restart)]);
    document.settings = settings;
    served.offer(document).await;
    assert_eq!(served.plane.outcome(101), ActionOutcome::Done);
    assert_eq!(served.bench.status().ends, ends);
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_crashed_while_settings_were_tried_ends_the_trial() {
    let mut served = Served::start().await;
    let (file, bad) = (served.bench.layout().server_settings(), FATAL);
    served.bench.kill_shim();
    for part in ["agent", "server"] {
        let process = served.bench.alive(part).unwrap();
        process.signal(Signal::KILL).unwrap();
        assert!(process.wait_end(LIMIT));
    }
    let text = fs::read_to_string(&file).unwrap();
    let former = file.with_extension("cnf.former");
    fs::copy(&file, &former).unwrap();
    let owner = fs::metadata(&file).unwrap();
    chown(&former, Some(owner.uid()), Some(owner.gid())).unwrap();
    fs::write(&file, format!("{text}{}=\"{}\"\n", bad.0, bad.1)).unwrap();
    served.plane.desk().reports.clear();
    let document = with(&mut served, &[bad]);
    served.offer(document).await;
    served.bench.start_shim();
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
    assert_eq!(value(&served, "innodb_page_size").await, "16384");
    eventually("the trial is over", || (!former.exists()).then_some(()));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}
