//! Settings: what a running server takes, what waits for a restart, and what is never in force.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::time::Instant;

use domain::guest::{ActionBody, ActionCause, ActionOutcome, DatabaseHealth, SettingsState};
use rustix::process::Signal;
use serde_json::Value;

use crate::bench::{LIMIT, eventually};
use crate::engines::{Engine, each_version};
use crate::plane::Document;
use crate::served::Served;

each_version!(
    a_running_server_takes_what_it_can_and_gives_it_back,
    what_needs_a_restart_waits_for_one,
    a_value_that_the_server_would_not_start_with_changes_nothing,
    a_restart_with_settings_that_turn_out_bad_puts_the_former_ones_back,
    an_agent_that_crashed_while_settings_were_tried_ends_the_trial,
    what_an_agent_wrote_down_before_it_crashed_comes_into_force,
    what_an_agent_told_before_it_crashed_is_told_anew,
);

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

async fn a_running_server_takes_what_it_can_and_gives_it_back(engine: Engine) {
    let mut served = Served::start(engine).await;
    let mut kept = served.admin().await;
    let session = kept.id().await;
    let live = engine.settings.live;
    for (name, _, _, usual) in live {
        assert_eq!(served.setting(name).await, usual, "{name}");
    }
    let document = with(&mut served, &live.map(|(name, value, ..)| (name, value)));
    let state = settled(&served, document).await;
    assert_eq!((state.restart_required, state.refused), (Vec::new(), None));
    for (name, _, shown, _) in live {
        assert_eq!(served.setting(name).await, shown, "{name}");
    }
    assert_eq!(kept.id().await, session, "nobody was sent away");

    // A start by itself finds them, and a document without them takes them away again.
    served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert_eq!(served.setting(live[0].0).await, live[0].2);
    let document = with(&mut served, &[]);
    assert_eq!(settled(&served, document).await.refused, None);
    for (name, _, _, usual) in live {
        assert_eq!(served.setting(name).await, usual, "{name}");
    }
}

async fn what_needs_a_restart_waits_for_one(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (waiting, value, shown, usual) = engine.settings.at_restart;
    let live = engine.settings.live[0];
    let settings = [(waiting, value), (live.0, live.1)];
    let document = with(&mut served, &settings);
    let state = settled(&served, document).await;
    assert_eq!(state.restart_required, [waiting]);
    assert_eq!(served.setting(live.0).await, live.2);

    // Whatever was not tried is not found by a start that nobody asked for.
    served.bench.alive("server").unwrap().signal(Signal::KILL).unwrap();
    assert_eq!(served.setting(waiting).await, usual);

    let mut document = with(&mut served, &settings);
    document.actions = vec![(100, ActionBody::Restart)];
    served.offer(document).await;
    assert_eq!(served.plane.outcome(100), ActionOutcome::Done);
    assert_eq!(served.setting(waiting).await, shown);
    let document = with(&mut served, &settings);
    assert_eq!(settled(&served, document).await.restart_required, [""; 0]);
}

async fn a_value_that_the_server_would_not_start_with_changes_nothing(engine: Engine) {
    let mut served = Served::start(engine).await;
    let server = served.bench.server_pid();
    let (live, value, shown, usual) = engine.settings.live[0];
    for (name, bad, word) in engine.settings.bad {
        let document = with(&mut served, &[(live, value), (name, bad)]);
        let refused = settled(&served, document).await.refused.expect(name);
        assert_eq!(refused.cause, ActionCause::Statement);
        let word = if word.is_empty() { name } else { word };
        let said = refused.detail.replace('-', "_").to_lowercase();
        assert!(said.contains(word), "{name} = {bad}: {refused:?}");
        if *name != live {
            assert_eq!(served.setting(live).await, usual, "all or nothing");
        }
    }
    assert_eq!(served.bench.server_pid(), server);
    let document = with(&mut served, &[(live, value)]);
    assert_eq!(settled(&served, document).await.refused, None);
    assert_eq!(served.setting(live).await, shown);
}

async fn a_restart_with_settings_that_turn_out_bad_puts_the_former_ones_back(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (name, value, _) = engine.settings.fatal;
    let before = served.setting(name).await;
    let live = engine.settings.live[0];
    let mut document = with(&mut served, &[(name, value), (live.0, live.1)]);
    document.actions = vec![(100, ActionBody::Restart)];
    let settings = document.settings.clone();
    let refused = settled(&served, document).await.refused.expect("the server ended");
    assert!(refused.detail.contains(name), "{refused:?}");
    let ActionOutcome::Failed(failure) = served.plane.outcome(100) else { panic!("it starts") };
    assert_eq!(failure, refused);
    assert_eq!(served.setting(name).await, before);

    // Known to be bad, so a restart does not try it again.
    let ends = served.bench.status().ends;
    let mut document = served.next(vec![(101, ActionBody::Restart)]);
    document.settings = settings;
    served.offer(document).await;
    assert_eq!(served.plane.outcome(101), ActionOutcome::Done);
    assert_eq!(served.bench.status().ends, ends);
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
}

/// Kills shim, agent and server.
fn crash(served: &mut Served) {
    served.bench.kill_shim();
    for part in ["agent", "server"] {
        let process = served.bench.alive(part).unwrap();
        process.signal(Signal::KILL).unwrap();
        assert!(process.wait_end(LIMIT));
    }
    served.plane.desk().reports.clear();
}

/// The name of a file, with something behind it.
fn files_name(file: &Path, suffix: &str) -> String {
    format!("{}{suffix}", file.file_name().unwrap().to_str().unwrap())
}

/// Puts a text where the agent had one of its own.
fn put(served: &Served, name: &str, text: &str) {
    let file = served.bench.settings_file();
    let owner = fs::metadata(&file).unwrap();
    let path = file.with_file_name(name);
    fs::write(&path, text).unwrap();
    chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

async fn an_agent_that_crashed_while_settings_were_tried_ends_the_trial(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (name, value, _) = engine.settings.fatal;
    let before = served.setting(name).await;
    let file = served.bench.settings_file();
    crash(&mut served);
    let text = fs::read_to_string(&file).unwrap();
    put(&served, &files_name(&file, ".former"), &text);
    let tried = engine.settings.with(&text, name, value);
    put(&served, &files_name(&file, ""), &tried);
    let document = with(&mut served, &[(name, value)]);
    served.offer(document).await;
    served.bench.start_shim();
    served.plane.healthy(|health| *health == DatabaseHealth::Up);
    assert_eq!(served.setting(name).await, before);
    let former = file.with_file_name(files_name(&file, ".former"));
    eventually("the trial is over", || (!former.exists()).then_some(()));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

async fn what_an_agent_wrote_down_before_it_crashed_comes_into_force(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (name, value, shown, _) = engine.settings.live[0];
    served.bench.kill_shim();
    let agent = served.bench.alive("agent").unwrap();
    agent.signal(Signal::KILL).unwrap();
    assert!(agent.wait_end(LIMIT));
    // A server that is told each setting was told this one before it was written down.
    let session = served.admin().await.run(&(engine.settings.told)(name, value)).await;
    session.unwrap();
    let text = fs::read_to_string(served.bench.settings_file()).unwrap();
    let file = served.bench.settings_file();
    put(&served, &files_name(&file, ""), &engine.settings.with(&text, name, value));
    served.plane.desk().reports.clear();
    served.bench.start_shim();
    let document = with(&mut served, &[(name, value)]);
    assert_eq!(settled(&served, document).await.refused, None);
    assert_eq!(served.setting(name).await, shown);
}

async fn what_an_agent_told_before_it_crashed_is_told_anew(engine: Engine) {
    let mut served = Served::start(engine).await;
    let (name, value, _, usual) = engine.settings.live[0];
    // It notes down what it is about to tell, and gets no further.
    let server = served.bench.alive("server").unwrap();
    server.signal(Signal::STOP).unwrap();
    let (at_restart, waiting, ..) = engine.settings.at_restart;
    let document = with(&mut served, &[(name, value), (at_restart, waiting)]);
    served.offer(document).await;
    let journal = served.bench.layout().agent().join("journal.json");
    eventually("it is noted down", || {
        let noted: Value = serde_json::from_slice(&fs::read(&journal).ok()?).ok()?;
        noted["touched"].as_array()?.iter().any(|touched| touched == name).then_some(())
    });
    served.bench.kill_shim();
    let agent = served.bench.alive("agent").unwrap();
    agent.signal(Signal::KILL).unwrap();
    assert!(agent.wait_end(LIMIT));
    server.signal(Signal::CONT).unwrap();
    served.admin().await.run(&(engine.settings.told)(name, value)).await.unwrap();
    served.plane.desk().reports.clear();
    served.bench.start_shim();
    // What is wanted is what was settled before, as if nobody had ever wanted anything else.
    let document = with(&mut served, &[]);
    let state = settled(&served, document).await;
    assert_eq!((state.restart_required, state.refused), (Vec::new(), None));
    let until = Instant::now() + LIMIT;
    while served.setting(name).await != usual {
        assert!(Instant::now() < until, "{name} is what a crashed agent made it");
    }
}
