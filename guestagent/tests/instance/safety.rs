//! What must never happen, whatever goes wrong.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use domain::guest::{ActionOutcome, DatabaseHealth};
use guestagent::control::{Answer, RefusalCause, Request, ServerState};
use guestagent::process::Process;
use guestagent::step;
use rustix::process::{Signal, geteuid};

use crate::bench::{Bench, LIMIT, Level, eventually};
use crate::engines::{Engine, MARIADB_10_11, each_engine, each_level};
use crate::plane::{Document, Plane, Prepare};
use crate::shim::{running, running_on_a_bus};

each_level!(
    data_never_has_two_servers,
    a_shim_killed_at_any_moment_of_a_start_leaves_one_server_or_none,
);
each_engine!(
    a_server_outlives_all_that_started_it_behind_bubblewrap,
    behind_bubblewrap_a_server_sees_nobody_elses_secrets,
    agent_and_server_each_have_their_own_uid,
    a_full_volume_is_told_from_a_missing_one,
    a_server_that_can_not_run_on_a_full_volume_says_so,
    a_server_without_memory_left_is_told_from_one_that_was_killed,
);

fn parent(pid: i32) -> i32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    line.trim().parse().unwrap()
}

fn uid(pid: i32) -> u32 {
    fs::metadata(format!("/proc/{pid}")).unwrap().uid()
}

#[test]
fn an_instance_has_one_shim() {
    let mut bench = Bench::new(MARIADB_10_11, Level::Plain);
    bench.start_shim();
    let mut second = bench.command(&["shim"]);
    let output = second.stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("has a shim already"));
    assert_eq!(bench.status().server, ServerState::Resting, "the first one goes on");
}

/// What a killed shim was just starting holds the lock until it turns into its program.
#[test]
fn a_shim_waits_for_what_the_one_before_was_just_starting() {
    let mut bench = Bench::new(MARIADB_10_11, Level::Plain);
    bench.start_shim();
    bench.kill_shim();
    let path = bench.spec.directory.join("shim.lock");
    let lock = fs::File::open(&path).unwrap();
    lock.lock().unwrap();
    let mut shim = bench.spawn_shim();
    let opened = PathBuf::from(format!("/proc/{}/fd", shim.id()));
    eventually("it has come to the lock", || {
        let mut files = fs::read_dir(&opened).ok()?.flatten();
        files.any(|file| fs::read_link(file.path()).is_ok_and(|to| to == path)).then_some(())
    });
    drop(lock);
    let pid = shim.id().cast_signed();
    eventually("it is ready", || bench.recorded("shim").filter(|shim| shim.pid == pid));
    shim.kill().unwrap();
    shim.wait().unwrap();
}

async fn data_never_has_two_servers(engine: Engine, level: Level) {
    let mut bench = running(engine, level);
    drop(bench.admin().await);
    let pid = bench.server_pid().unwrap();
    let second = bench.command(&["step", "server"]).output().unwrap();
    assert_eq!(second.status.code(), Some(step::BUSY.into()), "{second:?}");

    // Found though nothing tells where it is: by the lock that it holds.
    bench.kill_shim();
    fs::remove_file(bench.layout().identity("server")).unwrap();
    bench.start_shim();
    assert_eq!(bench.server_pid(), Some(pid), "{level:?}\n{}", bench.everything_said());
    assert_eq!(bench.recorded("server").unwrap().pid, pid);
    assert!(bench.stop_shim().success());
    assert!(bench.alive("server").is_none());
}

async fn a_shim_killed_at_any_moment_of_a_start_leaves_one_server_or_none(
    engine: Engine,
    level: Level,
) {
    let mut bench = Bench::new(engine, level);
    bench.start_shim();
    bench.write_server_files();
    bench.granted(Request::Prepare);
    for wait in [0, 1, 2, 4, 7, 11, 16, 22, 30] {
        // Sent and not waited for: the shim dies somewhere on its way.
        let mut stream = UnixStream::connect(bench.layout().shim_socket()).unwrap();
        stream.write_all(b"{\"request\":\"start\"}\n").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        bench.kill_shim();
        bench.start_shim();
        bench.granted(Request::Start);
        drop(bench.admin().await);
        assert_eq!(bench.servers().len(), 1, "{level:?} after {wait} ms");
        // A server whose start was interrupted is found at the shim's next look.
        let pid = eventually("the shim knows its server", || bench.server_pid());
        assert_eq!(bench.servers()[0].pid(), pid);
        bench.granted(Request::Stop);
        eventually("the server is at rest", || {
            (bench.status().server == ServerState::Resting).then_some(())
        });
        assert_eq!(bench.servers().len(), 0, "{level:?} after {wait} ms");
    }
    assert!(bench.stop_shim().success());
}

async fn a_server_outlives_all_that_started_it_behind_bubblewrap(engine: Engine) {
    let mut bench = running(engine, Level::Bubblewrap);
    let mut connection = bench.admin().await;
    let pid = bench.server_pid().unwrap();
    let wall = Process::open(parent(parent(pid))).unwrap();
    bench.kill_shim();
    wall.signal(Signal::KILL).unwrap();
    assert!(wall.wait_end(LIMIT));
    bench.start_shim();
    assert_eq!(bench.server_pid(), Some(pid));
    connection.run("SELECT 1").await.unwrap();
    drop(connection);
    bench.granted(Request::Stop);
    eventually("the server is at rest", || {
        (bench.status().server == ServerState::Resting).then_some(())
    });
    assert!(bench.alive("server").is_none());
}

async fn behind_bubblewrap_a_server_sees_nobody_elses_secrets(engine: Engine) {
    let bench = running(engine, Level::Bubblewrap);
    fs::write(bench.layout().credentials(), "secret").unwrap();
    drop(bench.admin().await);
    let root = PathBuf::from(format!("/proc/{}/root", bench.server_pid().unwrap()));
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap());
    let names = |path: &Path| {
        let mut names: Vec<_> = fs::read_dir(inside(path))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // Those of the agent's files that the server reads, and no other.
    let agent = bench.layout().agent();
    let read = (engine.server_files)(&bench.layout(), "");
    let first = |path: &Path| {
        path.strip_prefix(&agent)
            .unwrap()
            .components()
            .next()
            .map(|part| part.as_os_str().to_str().unwrap().to_owned())
    };
    let expected: BTreeSet<_> = read.iter().filter_map(|(path, _)| first(path)).collect();
    assert_eq!(names(&agent), Vec::from_iter(expected));
    let above = bench.spec.directory.parent().unwrap();
    assert_eq!(names(above), ["i"], "not the program beside it");
    assert_eq!(names(Path::new("/etc")), [""; 0]);
    // Where a developer keeps the engine, its server does see the way there.
    let hidden = ["/root", "/home", "/var", "/srv"].map(Path::new);
    for path in hidden.into_iter().filter(|path| !bench.spec.image_root.starts_with(path)) {
        assert!(!inside(path).exists(), "{}", path.display());
    }
    let pid = bench.server_pid().unwrap();
    let mounts = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap();
    let spec = bench.layout().spec().display().to_string();
    let line = mounts.lines().find(|line| line.split(' ').nth(4) == Some(&spec)).unwrap();
    assert!(line.split(' ').nth(5).unwrap().starts_with("ro"), "{line}");
}

async fn agent_and_server_each_have_their_own_uid(engine: Engine) {
    if !Level::Uid.is_possible() {
        return;
    }
    let (_plane, bench) = running_on_a_bus(engine, Level::Uid).await;
    drop(bench.admin().await);
    let agent = bench.spec.uid.unwrap();
    assert_eq!(uid(bench.server_pid().unwrap()), agent + 1);
    assert_eq!(uid(bench.alive("agent").unwrap().pid()), agent);
    for path in [bench.layout().data(), bench.layout().temporary()] {
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.uid(), agent + 1);
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o700, "{}", path.display());
    }
    for name in ["shim.id", "server.id", "agent.id", "server.lock", "server.log", "shim.log"] {
        let metadata = fs::metadata(bench.spec.directory.join(name)).unwrap();
        let found = (metadata.uid(), metadata.gid(), metadata.permissions().mode() & 0o777);
        assert_eq!(found, (0, agent, 0o640), "{name}");
    }
}

#[test]
fn nobody_delays_or_breaks_a_shim_by_talking_to_it() {
    let mut bench = Bench::new(MARIADB_10_11, Level::Plain);
    bench.start_shim();
    let connect = || UnixStream::connect(bench.layout().shim_socket()).unwrap();
    let mut silent: Vec<_> = (0..40).map(|_| connect()).collect();
    silent[39].write_all(b"{\"request\":").unwrap();
    // Refused in the middle, as it may be.
    drop(connect().write_all(&vec![b'x'; 1 << 20]));
    assert_eq!(bench.status().server, ServerState::Resting);
    let mut nonsense = connect();
    nonsense.write_all(b"{\"request\":\"format_disk\"}\n").unwrap();
    nonsense.set_read_timeout(Some(LIMIT)).unwrap();
    let answer: Answer =
        serde_json::Deserializer::from_reader(nonsense).into_iter().next().unwrap().unwrap();
    assert!(
        matches!(answer, Answer::Refused { cause: RefusalCause::NotUnderstood, .. }),
        "{answer:?}"
    );
}

/// A file system of a few pages on the instance's volume, gone with this value.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    pub(crate) fn at(path: &Path, size: &str) -> Option<Self> {
        let mounted = geteuid().is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
                .arg(path)
                .status()
                .unwrap()
                .success();
        if !mounted {
            println!("SKIPPED: this host does not let the test mount.");
        }
        mounted.then(|| Self(path.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

async fn a_full_volume_is_told_from_a_missing_one(engine: Engine) {
    if !Level::Uid.is_possible() {
        return;
    }
    let refusal = |bench: &Bench| match bench.ask(Request::Prepare) {
        Answer::Refused { cause, .. } => cause,
        answer @ Answer::Status(_) => panic!("{answer:?}"),
    };
    let mut bench = Bench::new(engine, Level::Uid);
    bench.spec.volume.mounted = true;
    bench.write_spec();
    bench.start_shim();
    assert_eq!(refusal(&bench), RefusalCause::VolumeMissing);

    let volume = bench.layout().volume();
    let Some(small) = Mounted::at(&volume, "4m") else { return };
    assert_eq!(refusal(&bench), RefusalCause::VolumeFull);
    let usage = bench.status().usage.unwrap();
    assert_eq!(usage.size_bytes, 4 << 20);
    drop(small);

    let Some(large) = Mounted::at(&volume, "256m") else { return };
    bench.granted(Request::Prepare);
    drop(large);
    assert_eq!(refusal(&bench), RefusalCause::VolumeMissing, "it is not made anew");
    bench.write_server_files();
    bench.granted(Request::Start);
    eventually("the start is refused", || {
        bench.status().log_tail.filter(|log| log.contains("the volume is not mounted"))
    });
    assert!(!bench.layout().data().exists(), "nothing is written below the mount point");
}

async fn a_server_that_can_not_run_on_a_full_volume_says_so(engine: Engine) {
    if !Level::Uid.is_possible() {
        return;
    }
    let plane = Plane::start().await;
    let mut bench = Bench::new(engine, Level::Uid);
    bench.spec.volume.mounted = true;
    bench.join(&plane);
    let volume = bench.layout().volume();
    let Some(_mounted) = Mounted::at(&volume, "256m") else { return };
    bench.start_shim();
    let prepare = Prepare { id: 1, ..Prepare::default() };
    plane.offer(bench.spec.instance, Document::new(engine, 10, Some(prepare))).await;
    assert_eq!(plane.outcome(1), ActionOutcome::Done);
    plane.healthy(|health| *health == DatabaseHealth::Up);

    let stopped = Document { is_stopped: true, ..Document::new(engine, 11, None) };
    plane.offer(bench.spec.instance, stopped).await;
    plane.healthy(|health| *health == DatabaseHealth::Down { cause: "stopped".to_owned() });
    let filler = volume.join("filler");
    fill(&filler);
    plane.offer(bench.spec.instance, Document::new(engine, 12, None)).await;
    plane.healthy(|health| {
        *health == DatabaseHealth::Down { cause: "the volume is full".to_owned() }
    });
    fs::remove_file(&filler).unwrap();
    plane.healthy(|health| *health == DatabaseHealth::Up);
}

/// Writes a file that takes whatever room there is.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
}

/// A control group with little memory, gone with this value.
struct Group(PathBuf);

impl Group {
    fn make() -> Option<Self> {
        let path = PathBuf::from("/sys/fs/cgroup/memory")
            .join(format!("trove-test-{}", uuid::Uuid::new_v4()));
        let made = fs::create_dir(&path).is_ok()
            && fs::write(path.join("memory.limit_in_bytes"), "160M").is_ok();
        if !made {
            println!("SKIPPED: no control groups of the first version here.");
        }
        made.then(|| Self(path))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        eventually("the group is empty", || fs::remove_dir(&self.0).ok());
    }
}

async fn a_server_without_memory_left_is_told_from_one_that_was_killed(engine: Engine) {
    if !Level::Uid.is_possible() {
        return;
    }
    let Some(group) = Group::make() else { return };
    let mut bench = Bench::new(engine, Level::Uid);
    bench.spec.cgroups = vec![group.0.clone()];
    bench.write_spec();
    bench.start_shim();
    bench.write_server_files();
    bench.granted(Request::Prepare);
    bench.granted(Request::Start);
    let mut connection = bench.admin().await;
    let pid = bench.server_pid().unwrap();
    let members = fs::read_to_string(group.0.join("cgroup.procs")).unwrap();
    assert!(members.lines().any(|member| member == pid.to_string()));
    let (again, before) = engine.takes_memory.split_last().unwrap();
    for statement in before {
        connection.run(statement).await.unwrap();
    }
    let mut times = 0;
    while connection.run(again).await.is_ok() {
        times += 1;
        assert!(times < 20, "it has memory without end");
    }
    if engine.ends_without_memory {
        let end = eventually("its end is known", || bench.status().last_end);
        assert_eq!((end.signal, end.out_of_memory), (Some(9), true));
    } else {
        // What worked for that client is gone, and the server answers the next one.
        drop(bench.admin().await);
        assert_eq!((bench.server_pid(), bench.status().ends), (Some(pid), 0));
    }
    assert!(bench.stop_shim().success());
    drop(bench);
    drop(group);
}
