//! A canary: what only a start finds out is known before a restart, and costs nobody anything.

use std::fs;
use std::os::unix::fs::symlink;

use domain::guest::{ActionBody, ActionCause, ActionOutcome, DatabaseHealth, SettingsState};
use domain::guest_spec::Layout;
use guestagent::process::Process;
use rustix::process::Signal;

use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::engines::{Engine, each_engine, each_level};
use crate::plane::Document;
use crate::served::Served;

each_level!(what_only_a_start_finds_out_is_known_before_one);
each_engine!(a_canary_ends_with_its_agent, what_no_canary_finds_out_is_left_to_the_restart,);

/// A document with these settings beside those of the flavor.
fn with(served: &mut Served, settings: &[(&str, &str)]) -> Document {
    let mut document = served.next(Vec::new());
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    document.settings.extend(settings);
    document
}

/// The guest's word on the settings of the newest document.
fn settled(served: &Served) -> SettingsState {
    let is_of = |state: &SettingsState| state.sequence >= served.revision;
    let report = served
        .plane
        .reported("settings are settled", |report| report.settings.as_ref().is_some_and(is_of));
    report.settings.unwrap()
}

/// Canaries that run.
fn canaries(served: &Served) -> Vec<Process> {
    let place = Layout(&served.bench.spec.directory).canary();
    let mut servers = served.bench.servers();
    servers.retain(|server| {
        let line = fs::read(format!("/proc/{}/cmdline", server.pid())).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(place.to_str().unwrap())
    });
    servers
}

async fn what_only_a_start_finds_out_is_known_before_one(engine: Engine, level: Level) {
    let mut served = Served::at(engine, level).await;
    let server = served.bench.server_pid();
    let (live, value, _, usual) = engine.settings.live[0];
    let (name, bad, word) = engine.settings.fatal;
    let document = with(&mut served, &[(live, value), (name, bad)]);
    served.offer(document).await;
    let refused = settled(&served).refused.expect("it would not start");
    assert_eq!(refused.cause, ActionCause::Statement);
    assert!(refused.detail.contains(word), "{refused:?}");
    assert_eq!(served.setting(live).await, usual, "all or nothing");

    let (name, good, ..) = engine.settings.at_restart;
    let document = with(&mut served, &[(live, value), (name, good)]);
    served.offer(document).await;
    let state = settled(&served);
    assert_eq!((state.restart_required, state.refused), (vec![name.to_owned()], None));
    assert_eq!(served.bench.server_pid(), server, "nobody was sent away");
    assert!(!Layout(&served.bench.spec.directory).canary().exists());
    assert_eq!(canaries(&served).len(), 0);
}

async fn a_canary_ends_with_its_agent(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (name, value, ..) = engine.settings.at_restart;
    let document = with(&mut served, &[(name, value)]);
    served.offer(document).await;
    let canary = eventually("there is a canary", || canaries(&served).pop());
    // A server that does not end by itself: it is told when its parent is gone.
    canary.signal(Signal::STOP).unwrap();
    let agent = served.bench.alive("agent").unwrap();
    agent.signal(Signal::KILL).unwrap();
    assert!(canary.wait_end(LIMIT), "it has outlived its agent");
    assert_eq!(settled(&served).restart_required, [name]);
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
    assert!(!Layout(&served.bench.spec.directory).canary().exists());
}

async fn what_no_canary_finds_out_is_left_to_the_restart(engine: Engine) {
    let mut bench = Bench::new(engine, Level::Plain);
    let template = bench.spec.directory.with_file_name("template");
    symlink(&bench.spec.template, &template).unwrap();
    bench.spec.template.clone_from(&template);
    let mut served = Served::on(bench).await;
    fs::remove_file(&template).unwrap();
    let (name, bad, _) = engine.settings.fatal;
    let document = with(&mut served, &[(name, bad)]);
    served.offer(document).await;
    let state = settled(&served);
    assert_eq!((state.restart_required, state.refused), (vec![name.to_owned()], None));
    assert!(!Layout(&served.bench.spec.directory).canary().exists());

    let mut document = with(&mut served, &[(name, bad)]);
    document.actions = vec![(100, ActionBody::Restart)];
    served.offer(document).await;
    let ActionOutcome::Failed(_) = served.plane.outcome(100) else { panic!("it starts") };
    served.plane.reported("the settings are refused", |report| {
        let refused = report.settings.as_ref().and_then(|state| state.refused.as_ref());
        refused.is_some_and(|refused| refused.detail.contains(name))
    });
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
}
