//! Agents that crash between an action's start and its report.

use std::fs;
use std::time::Duration;

use domain::guest::{ActionBody, ActionCause, ActionOutcome};
use domain::ids::ActionId;
use rustix::process::Signal;
use uuid::Uuid;

use crate::bench::LIMIT;
use crate::engines::{Engine, each_engine};
use crate::served::{
    Served, create_databases, create_user, drop_database, drop_user, grant, new_password, rename,
    revoke,
};

each_engine!(
    a_begun_action_takes_what_is_done_for_its_own_doing,
    an_action_that_was_not_begun_is_told_what_is_there,
    a_begun_restart_stops_the_server_that_it_was_to_stop_and_no_other,
    actions_of_an_agent_that_is_killed_again_and_again_are_each_done_once,
);

/// Leaves the instance as a crash does: without an agent, and with these entries in its journal.
fn crash(served: &mut Served, entries: &[(u128, serde_json::Value)]) {
    served.bench.kill_shim();
    let agent = served.bench.alive("agent").unwrap();
    agent.signal(Signal::KILL).unwrap();
    assert!(agent.wait_end(LIMIT));
    let path = served.bench.layout().agent().join("journal.json");
    let mut journal: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (id, entry) in entries {
        let id = ActionId(Uuid::from_u128(*id)).to_string();
        journal["actions"][id] = entry.clone();
    }
    fs::write(&path, serde_json::to_vec(&journal).unwrap()).unwrap();
    served.plane.desk().reports.clear();
}

fn begun(ids: impl Iterator<Item = u128>) -> Vec<(u128, serde_json::Value)> {
    ids.map(|id| (id, "started".into())).collect()
}

async fn a_begun_action_takes_what_is_done_for_its_own_doing(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["d1", "d2", "kept"])).await;
    for name in ["u1", "u2", "u3", "u4"] {
        served.done(create_user(name, "p", &["kept"])).await;
    }
    let begun_actions = vec![
        (100, create_databases(&["half1", "half2"])),
        (101, drop_database("d1")),
        (102, create_user("half", "p", &["kept", "d2"])),
        (103, rename("u1", "renamed")),
        (104, drop_user("u2")),
        (105, grant("u3", &["d2"])),
        (106, revoke("u4", "kept")),
        (107, ActionBody::UpdateUsers { changes: vec![new_password("u3", "new")] }),
    ];
    crash(&mut served, &begun(100..108));
    for (database, statement) in engine.half_done {
        served.run_in(database, statement).await;
    }
    let document = served.next(begun_actions);
    served.offer(document).await;
    served.bench.start_shim();
    for id in 100..108 {
        assert_eq!(served.plane.outcome(id), ActionOutcome::Done, "{id}");
    }
    assert_eq!(served.databases().await, ["d2", "half1", "half2", "kept"]);
    served.run_in("half1", "SELECT a FROM t").await;
    let databases = async |name| served.user(name, "%").await.map(|user| user.databases);
    assert_eq!(databases("half").await.unwrap(), ["d2", "kept"]);
    assert_eq!(databases("u1").await, None);
    assert_eq!(databases("renamed").await.unwrap(), ["kept"]);
    assert_eq!(databases("u2").await, None);
    assert_eq!(databases("u3").await.unwrap(), ["d2", "kept"]);
    assert_eq!(databases("u4").await.unwrap(), [""; 0]);
    served.bench.lets_in("half", "p").await;
    served.bench.lets_in("u3", "new").await;
}

async fn an_action_that_was_not_begun_is_told_what_is_there(engine: Engine) {
    let mut served = Served::start(engine).await;
    served.done(create_databases(&["shop"])).await;
    served.done(create_user("app", "p", &[])).await;
    crash(&mut served, &[]);
    let document = served.next(vec![
        (100, create_databases(&["shop"])),
        (101, drop_database("gone")),
        (102, create_user("app", "stolen", &[])),
        (103, drop_user("gone")),
        (104, revoke("app", "shop")),
    ]);
    served.offer(document).await;
    served.bench.start_shim();
    let causes: Vec<ActionCause> = (100..105)
        .map(|id| match served.plane.outcome(id) {
            ActionOutcome::Failed(failure) => failure.cause,
            ActionOutcome::Done => panic!("{id} was done"),
        })
        .collect();
    let [there, gone] = [ActionCause::Exists, ActionCause::NotFound];
    assert_eq!(causes, [there, gone, there, gone, gone]);
    served.bench.lets_in("app", "p").await;
}

async fn a_begun_restart_stops_the_server_that_it_was_to_stop_and_no_other(engine: Engine) {
    let mut served = Served::start(engine).await;
    let server = served.bench.recorded("server").unwrap();
    let pid = Some(server.pid);
    let restarting = |server: &str| serde_json::json!({ "restarting": server });
    let earlier = format!("{} {} {}", server.pid, server.start - 1, server.boot);
    crash(&mut served, &[(100, restarting(&earlier))]);
    let document = served.next(vec![(100, ActionBody::Restart)]);
    served.offer(document).await;
    served.bench.start_shim();
    assert_eq!(served.plane.outcome(100), ActionOutcome::Done);
    assert_eq!(served.bench.server_pid(), pid, "it was restarted before");

    crash(&mut served, &[(101, restarting(&server.to_string()))]);
    let document = served.next(vec![(101, ActionBody::Restart)]);
    served.offer(document).await;
    served.bench.start_shim();
    assert_eq!(served.plane.outcome(101), ActionOutcome::Done);
    assert_ne!(served.bench.server_pid(), pid);
}

async fn actions_of_an_agent_that_is_killed_again_and_again_are_each_done_once(engine: Engine) {
    let mut served = Served::start(engine).await;
    let actions = vec![
        (100, create_databases(&["a", "b", "c", "d", "e"])),
        (101, create_user("one", "p", &["a", "b"])),
        (102, create_user("two", "p", &["c"])),
        (103, drop_database("d")),
        (104, ActionBody::Restart),
        (105, create_databases(&["d"])),
        (106, rename("two", "three")),
        (107, create_user("two", "q", &["d"])),
        (108, drop_user("one")),
        (109, grant("three", &["e"])),
        (110, revoke("three", "c")),
        (111, create_databases(&["a"])),
    ];
    let count = actions.len();
    let document = served.next(actions);
    served.plane.desk().reports.clear();
    served.offer(document).await;
    let mut wait = 20;
    let ended = |served: &Served| {
        let desk = served.plane.desk();
        desk.reports.last().is_some_and(|report| report.results.len() == count)
    };
    while !ended(&served) {
        // Not for a condition: any moment is as good to be killed in.
        std::thread::sleep(Duration::from_millis(wait));
        wait += wait / 8 + 1;
        if let Some(agent) = served.bench.alive("agent") {
            agent.signal(Signal::KILL).unwrap();
        }
        assert!(wait < 60_000, "{}", served.bench.everything_said());
    }
    for id in 100..111 {
        assert_eq!(served.plane.outcome(id), ActionOutcome::Done, "{id}");
    }
    let ActionOutcome::Failed(failure) = served.plane.outcome(111) else { panic!("made twice") };
    assert_eq!(failure.cause, ActionCause::Exists);
    assert_eq!(served.databases().await, ["a", "b", "c", "d", "e"]);
    assert_eq!(served.user("one", "%").await, None);
    assert_eq!(served.user("three", "%").await.unwrap().databases, ["e"]);
    assert_eq!(served.user("two", "%").await.unwrap().databases, ["d"]);
    served.bench.lets_in("two", "q").await;
    served.bench.lets_in("three", "p").await;
}
