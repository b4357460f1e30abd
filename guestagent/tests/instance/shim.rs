//! The shim's promises, at each level of isolation.

use mysql_async::prelude::Queryable;
use rustix::process::Signal;

use guestagent::control::{Answer, RefusalCause, Request, ServerState};

use crate::agent::begun;
use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::plane::Plane;

const NEW_PASSWORD: &str = "ALTER USER 'os_admin'@'localhost' IDENTIFIED BY 'new';\n";

/// An instance whose server runs.
pub(crate) fn running(level: Level) -> Bench {
    let mut bench = Bench::new(level);
    bench.start_shim();
    bench.write_server_files(NEW_PASSWORD);
    bench.granted(Request::Prepare);
    bench.granted(Request::Start);
    bench
}

/// The same, with an agent that stays: without a bus it ends at once, again and again.
pub(crate) async fn running_on_a_bus(level: Level) -> (Plane, Bench) {
    let (plane, bench) = begun(level).await;
    bench.write_server_files(NEW_PASSWORD);
    bench.granted(Request::Prepare);
    bench.granted(Request::Start);
    (plane, bench)
}

async fn connection_id(connection: &mut mysql_async::Conn) -> u64 {
    connection.query_first("SELECT CONNECTION_ID()").await.unwrap().unwrap()
}

async fn a_server_lives_its_life(level: Level) {
    if !level.is_possible() {
        return;
    }
    let mut bench = Bench::new(level);
    bench.start_shim();
    assert_eq!(bench.status().server, ServerState::Resting);
    let refused = bench.ask(Request::Start);
    assert!(
        matches!(refused, Answer::Refused { cause: RefusalCause::NotPrepared, .. }),
        "{refused:?}"
    );
    bench.write_server_files(NEW_PASSWORD);
    assert!(bench.granted(Request::Prepare).prepared);
    bench.granted(Request::Start);
    let mut connection = bench.login("os_admin", "new").await;
    let accounts: Vec<String> = connection
        .query("SELECT User FROM mysql.global_priv WHERE User <> 'PUBLIC' ORDER BY 1")
        .await
        .unwrap();
    assert_eq!(accounts, ["mariadb.sys", "os_admin"]);
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

#[tokio::test]
async fn a_server_lives_its_life_as_a_plain_process() {
    a_server_lives_its_life(Level::Plain).await;
}

#[tokio::test]
async fn a_server_lives_its_life_behind_bubblewrap() {
    a_server_lives_its_life(Level::Bubblewrap).await;
}

#[tokio::test]
async fn a_server_lives_its_life_under_its_own_uid() {
    a_server_lives_its_life(Level::Uid).await;
}

async fn a_killed_shim_leaves_its_server_to_the_next(level: Level) {
    if !level.is_possible() {
        return;
    }
    let (_plane, mut bench) = running_on_a_bus(level).await;
    let mut connection = bench.login("os_admin", "new").await;
    let id = connection_id(&mut connection).await;
    let pid = bench.server_pid().unwrap();
    for _ in 0..2 {
        bench.kill_shim();
        assert_eq!(connection_id(&mut connection).await, id, "no shim");
        bench.start_shim();
        assert_eq!(bench.server_pid(), Some(pid));
    }
    assert_eq!(connection_id(&mut connection).await, id, "the third shim");
    drop(connection);
    // What was adopted can still be stopped.
    let agent = eventually("an agent runs", || bench.alive("agent"));
    assert!(bench.stop_shim().success());
    assert!(bench.alive("server").is_none());
    assert!(agent.has_ended());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_shim_leaves_its_server_to_the_next_as_a_plain_process() {
    a_killed_shim_leaves_its_server_to_the_next(Level::Plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_shim_leaves_its_server_to_the_next_behind_bubblewrap() {
    a_killed_shim_leaves_its_server_to_the_next(Level::Bubblewrap).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_shim_leaves_its_server_to_the_next_under_its_own_uid() {
    a_killed_shim_leaves_its_server_to_the_next(Level::Uid).await;
}

async fn a_killed_server_is_started_again(level: Level) {
    if !level.is_possible() {
        return;
    }
    let mut bench = running(level);
    drop(bench.login("os_admin", "new").await);
    let first = bench.alive("server").unwrap();
    first.signal(Signal::KILL).unwrap();
    assert!(first.wait_end(LIMIT));
    let status = eventually("the server is started again", || {
        Some(bench.status()).filter(|status| status.ends == 1)
    });
    let end = status.last_end.unwrap();
    assert_eq!((end.code, end.signal, end.out_of_memory), (None, Some(9), false));
    drop(bench.login("os_admin", "new").await);
    assert_ne!(bench.server_pid(), Some(first.pid()));

    // An adopted one too, though how it ended is not known then.
    bench.kill_shim();
    bench.start_shim();
    let second = bench.alive("server").unwrap();
    second.signal(Signal::KILL).unwrap();
    eventually("it is started once more", || bench.server_pid().filter(|pid| *pid != second.pid()));
    drop(bench.login("os_admin", "new").await);
    assert!(bench.stop_shim().success());
    assert!(bench.alive("server").is_none());
}

#[tokio::test]
async fn a_killed_server_is_started_again_as_a_plain_process() {
    a_killed_server_is_started_again(Level::Plain).await;
}

#[tokio::test]
async fn a_killed_server_is_started_again_behind_bubblewrap() {
    a_killed_server_is_started_again(Level::Bubblewrap).await;
}

#[tokio::test]
async fn a_killed_server_is_started_again_under_its_own_uid() {
    a_killed_server_is_started_again(Level::Uid).await;
}
