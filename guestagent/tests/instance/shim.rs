//! The shim's promises, at each level of isolation.

use std::fs;
use std::process::Command;

use rustix::process::Signal;

use guestagent::control::{Answer, RefusalCause, Request, ServerState};

use crate::agent::begun;
use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::engines::{Engine, each_level};
use crate::plane::Plane;

each_level!(
    a_server_lives_its_life,
    a_killed_shim_leaves_its_server_to_the_next,
    a_killed_server_is_started_again,
    a_killed_server_leaves_no_shared_memory,
);

/// An instance whose server runs.
pub(crate) fn running(engine: Engine, level: Level) -> Bench {
    let mut bench = Bench::new(engine, level);
    bench.start_shim();
    bench.write_server_files();
    bench.granted(Request::Prepare);
    bench.granted(Request::Start);
    bench
}

/// The same, with an agent that stays: without a bus it ends at once, again and again.
pub(crate) async fn running_on_a_bus(engine: Engine, level: Level) -> (Plane, Bench) {
    let (plane, bench) = begun(engine, level).await;
    bench.write_server_files();
    bench.granted(Request::Prepare);
    bench.granted(Request::Start);
    (plane, bench)
}

async fn a_server_lives_its_life(engine: Engine, level: Level) {
    let mut bench = Bench::new(engine, level);
    bench.start_shim();
    assert_eq!(bench.status().server, ServerState::Resting);
    let refused = bench.ask(Request::Start);
    assert!(
        matches!(refused, Answer::Refused { cause: RefusalCause::NotPrepared, .. }),
        "{refused:?}"
    );
    bench.write_server_files();
    assert!(bench.granted(Request::Prepare).prepared);
    bench.granted(Request::Start);
    let mut connection = bench.admin().await;
    let (query, accounts) = engine.accounts;
    assert_eq!(connection.texts(query).await, accounts);
    let usage = bench.status().usage.unwrap();
    assert_eq!(usage.size_bytes, bench.spec.volume.size_bytes);
    assert!(usage.used_bytes > 10 << 20, "{usage:?}");

    // Asking for what is so changes nothing.
    let pid = bench.server_pid().unwrap();
    bench.granted(Request::Prepare);
    bench.granted(Request::Start);
    assert_eq!(bench.server_pid(), Some(pid));

    bench.granted(Request::Stop);
    let status = eventually("the server is at rest", || {
        Some(bench.status()).filter(|status| status.server == ServerState::Resting)
    });
    assert_eq!(status.last_end.unwrap().code, Some(0));
    assert!(bench.alive("server").is_none());
    assert!(bench.stop_shim().success());
}

async fn a_killed_shim_leaves_its_server_to_the_next(engine: Engine, level: Level) {
    let (_plane, mut bench) = running_on_a_bus(engine, level).await;
    let mut connection = bench.admin().await;
    let id = connection.id().await;
    let pid = bench.server_pid().unwrap();
    for _ in 0..2 {
        bench.kill_shim();
        assert_eq!(connection.id().await, id, "no shim");
        bench.start_shim();
        assert_eq!(bench.server_pid(), Some(pid));
    }
    assert_eq!(connection.id().await, id, "the third shim");
    drop(connection);
    // What was adopted can still be stopped.
    let agent = eventually("an agent runs", || bench.alive("agent"));
    assert!(bench.stop_shim().success());
    assert!(bench.alive("server").is_none());
    assert!(agent.has_ended());
}

async fn a_killed_server_is_started_again(engine: Engine, level: Level) {
    let mut bench = running(engine, level);
    drop(bench.admin().await);
    let first = bench.alive("server").unwrap();
    first.signal(Signal::KILL).unwrap();
    assert!(first.wait_end(LIMIT));
    let status = eventually("the server is started again", || {
        Some(bench.status()).filter(|status| status.ends == 1)
    });
    let end = status.last_end.unwrap();
    assert_eq!((end.code, end.signal, end.out_of_memory), (None, Some(9), false));
    drop(bench.admin().await);
    assert_ne!(bench.server_pid(), Some(first.pid()));

    // An adopted one too, though how it ended is not known then.
    bench.kill_shim();
    bench.start_shim();
    let second = bench.alive("server").unwrap();
    second.signal(Signal::KILL).unwrap();
    eventually("it is started once more", || bench.server_pid().filter(|pid| *pid != second.pid()));
    drop(bench.admin().await);
    assert!(bench.stop_shim().success());
    assert!(bench.alive("server").is_none());
}

async fn a_killed_server_leaves_no_shared_memory(engine: Engine, level: Level) {
    let mut bench = running(engine, level);
    drop(bench.admin().await);
    let server = bench.alive("server").unwrap();
    let memory = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/ipc")).ok();
    let has_own = memory(&server.pid().to_string()) != memory("self");
    let is_to_have = match level {
        Level::Plain => false,
        Level::Bubblewrap => true,
        // Root in a container may not.
        Level::Uid => Command::new("unshare").args(["--ipc", "true"]).status().unwrap().success(),
    };
    assert_eq!(has_own, is_to_have);
    // Killed first, or it would start another.
    bench.kill_shim();
    server.signal(Signal::KILL).unwrap();
    assert!(server.wait_end(LIMIT));
    if !has_own {
        println!("SKIPPED: the kernel gives it no memory of its own here, and keeps it.");
        return;
    }
    eventually("no shared memory is left", || segments(server.pid()).is_empty().then_some(()));
}

/// The host's segments of System V shared memory that this process has made.
fn segments(pid: i32) -> Vec<String> {
    let listed = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let maker = |line: &str| line.split_whitespace().nth(4)?.parse().ok();
    listed.lines().filter(|line| maker(line) == Some(pid)).map(str::to_owned).collect()
}
