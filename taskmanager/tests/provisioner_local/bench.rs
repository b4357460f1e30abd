//! A host of its own for each test, which is empty again when the test is over.

use domain::engine::Manager;
use domain::guest_spec::{GuestSpec, Layout};
use domain::host::Place;
use domain::ids::{HostId, ImageId, InstanceId};
use rustix::process::{Pid, Signal};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use taskmanager::provisioner::local::{
    Addresses, EngineFiles, ImageCatalog, IsolationWish, Local, LocalConfig,
};
use taskmanager::provisioner::{Credentials, GuestPlan, Provisioner};
use uuid::Uuid;

/// The image that the host has.
pub(crate) const IMAGE: ImageId = ImageId(Uuid::from_u128(1));
/// A user without a name, a group or a right.
const PLAIN_UID: u32 = 54_321;
/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// A host.
pub(crate) struct Bench {
    pub(crate) config: LocalConfig,
    pub(crate) local: Local,
    directory: tempfile::TempDir,
}

impl Bench {
    /// A host with the real guestagent.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A host that is told something else than usual.
    pub(crate) fn with(change: impl FnOnce(&mut LocalConfig)) -> Self {
        let directory = open_directory();
        let mut config = config(directory.path());
        change(&mut config);
        let local = Local::open(config.clone()).unwrap();
        Self { config, local, directory }
    }

    /// A host whose guestagent is this shell script; `$2` is the specification's path.
    pub(crate) fn with_guestagent(script: &str) -> Self {
        let directory = open_directory();
        let program = directory.path().join("guestagent");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let config = LocalConfig { guestagent: program, ..config(directory.path()) };
        let local = Local::open(config.clone()).unwrap();
        Self { config, local, directory }
    }

    /// Another taskmanager of the same host.
    pub(crate) fn second(&self) -> Local {
        Local::open(self.config.clone()).unwrap()
    }

    /// An instance at the `rank`th place.
    pub(crate) fn plan(&self, rank: u32) -> GuestPlan {
        let capacity = self.local.capacity();
        GuestPlan {
            id: InstanceId(Uuid::now_v7()),
            fence: 0,
            manager: Manager::Mariadb,
            version: "10.11".into(),
            image: IMAGE,
            memory_mb: 256,
            vcpus: 2,
            volume_gib: 1,
            place: Place {
                host: capacity.host,
                address: (u32::from(capacity.first_address) + rank).into(),
                port: 3306,
                uid: capacity.first_uid.map(|uid| uid + 2 * rank),
                memory_mb: 256,
                disk_mb: 1024,
            },
            credentials: Credentials("secret text".into()),
        }
    }

    pub(crate) fn instance(&self, id: InstanceId) -> PathBuf {
        self.config.instances_dir.join(id.to_string())
    }

    pub(crate) fn volume(&self, id: InstanceId) -> PathBuf {
        self.instance(id).join("v")
    }

    pub(crate) fn image(&self, id: InstanceId) -> PathBuf {
        self.config.stack_dir.join("volumes").join(format!("{id}.img"))
    }

    pub(crate) fn spec(&self, id: InstanceId) -> GuestSpec {
        let text = fs::read_to_string(Layout(&self.instance(id)).spec()).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The pid in the shim's identity file.
    pub(crate) fn shim(&self, id: InstanceId) -> Option<i32> {
        self.recorded(id, "shim")
    }

    /// Kills the shim and nothing else.
    pub(crate) fn kill_shim(&self, id: InstanceId) {
        kill(self.shim(id).unwrap());
    }

    /// Kills the agent, if it runs; its shim must not.
    pub(crate) fn kill_agent(&self, id: InstanceId) {
        if let Some(agent) = self.recorded(id, "agent").filter(|pid| is_alive(*pid)) {
            kill(agent);
        }
    }

    fn recorded(&self, id: InstanceId, part: &str) -> Option<i32> {
        let line = fs::read_to_string(Layout(&self.instance(id)).identity(part)).ok()?;
        line.split_ascii_whitespace().next()?.parse().ok()
    }

    /// Everything on the machine that belongs to instances of this host.
    pub(crate) fn traces(&self) -> Vec<String> {
        let here = self.directory.path().display().to_string();
        let mut traces = Vec::new();
        for (table, what) in [("/proc/self/mountinfo", "mount"), ("/proc/loops", "loop")] {
            let text = fs::read_to_string(table).unwrap_or_default();
            traces.extend(
                text.lines().filter(|line| line.contains(&here)).map(|l| format!("{what} {l}")),
            );
        }
        for device in entries(Path::new("/sys/block")) {
            let file = fs::read_to_string(device.join("loop/backing_file")).unwrap_or_default();
            if file.starts_with(&here) {
                traces.push(format!("loop device {}", device.display()));
            }
        }
        let users = self.local.capacity().first_uid.map(|first| first..first + 8192);
        for process in entries(Path::new("/proc")) {
            let Some(status) = alive_status(&process) else { continue };
            let words = fs::read(process.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            let is_users = users.as_ref().is_some_and(|users| users.contains(&uid(&status)));
            if is_users || words.contains(&format!("{here}/i/")) {
                traces.push(format!("process {} {words}", process.display()));
            }
        }
        let below = [self.config.instances_dir.clone(), self.config.stack_dir.join("volumes")];
        for path in below.iter().flat_map(|directory| entries(directory)) {
            if path.file_name().is_some_and(|name| name != "lock") {
                traces.push(format!("file {}", path.display()));
            }
        }
        traces.extend(self.cgroups().iter().map(|path| format!("group {}", path.display())));
        traces.sort();
        traces
    }

    /// The same without processes, of which an agent that can't reach its bus has ever new ones.
    pub(crate) fn things(&self) -> Vec<String> {
        self.traces().into_iter().filter(|trace| !trace.starts_with("process")).collect()
    }

    /// The stack's control groups.
    fn cgroups(&self) -> Vec<PathBuf> {
        let stack = self.config.stack_dir.canonicalize().unwrap();
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, stack.as_os_str().as_encoded_bytes());
        let name = format!("trove-{}", &id.simple().to_string()[..12]);
        let top = Path::new("/sys/fs/cgroup");
        let mut groups = entries(top);
        groups.push(top.to_owned());
        groups.into_iter().map(|group| group.join(&name)).filter(|group| group.exists()).collect()
    }
}

impl Drop for Bench {
    /// Whatever the test left, when it failed.
    fn drop(&mut self) {
        let ids: Vec<InstanceId> = entries(&self.config.instances_dir)
            .into_iter()
            .chain(entries(&self.config.stack_dir.join("volumes")))
            .filter_map(|path| path.file_stem()?.to_str()?.parse().ok())
            .collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                run(async {
                    for id in ids {
                        drop(self.local.ensure_no_guest(u64::MAX, id).await);
                        drop(self.local.ensure_no_volume(u64::MAX, id).await);
                    }
                });
            });
        });
        let network = u32::from(self.local.capacity().first_address) - 1;
        let lock = format!("trove-range-{}", std::net::Ipv4Addr::from(network));
        drop(fs::remove_file(self.config.range_locks.join(lock)));
    }
}

/// What a test of the real guestagent is told; nothing of it concerns the rest of the machine
/// but the range of addresses, which tests keep from each other.
pub(crate) fn config(directory: &Path) -> LocalConfig {
    let template = directory.join("template");
    let images = ImageCatalog::new(move |id| {
        let template = template.clone();
        Ok((id == IMAGE).then(|| EngineFiles { root: "/".into(), template }))
    });
    LocalConfig {
        host: HostId(Uuid::from_u128(1)),
        stack_dir: directory.join("s"),
        instances_dir: directory.join("i"),
        range_locks: range_locks(),
        guestagent: guestagent(),
        bubblewrap: None,
        images,
        nats_urls: vec!["nats://127.0.0.1:1".into()],
        heartbeat_ms: 1000,
        desired_poll_ms: 1000,
        addresses: Addresses::Auto,
        isolation: IsolationWish::Strongest,
        stop_max: Duration::from_secs(20),
    }
}

/// A directory that every user may pass through.
pub(crate) fn open_directory() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap()
}

fn range_locks() -> PathBuf {
    let path = std::env::temp_dir().join("trove-test-ranges");
    if fs::create_dir(&path).is_ok() {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o1777)).unwrap();
    }
    path
}

/// The program beside this one, built if it is not there.
fn guestagent() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("trove-guestagent");
    if !program.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "guestagent", "--bin", "trove-guestagent"]);
        assert!(build.status().unwrap().success());
    }
    program
}

/// The program, unpacked where other tests find it too.
pub(crate) fn bubblewrap() -> PathBuf {
    let directory = std::env::var_os("TROVE_IMAGES_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"), PathBuf::from);
    let store = images::Store::open(&directory, Arc::new(())).unwrap();
    store.ensure_tools().unwrap().bwrap
}

/// As root, runs the test `name` again as a plain user and says that it did; the caller is done
/// then.
pub(crate) fn as_plain_user(name: &str) -> bool {
    if !is_root() {
        return false;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .uid(PLAIN_UID)
        .gid(PLAIN_UID)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    true
}

fn kill(pid: i32) {
    let process = Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(process, Signal::KILL).unwrap();
    wait_until("a killed process is gone", || !is_alive(pid));
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs asynchronous work to its end.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < limit, "in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn is_alive(pid: i32) -> bool {
    alive_status(&Path::new("/proc").join(pid.to_string())).is_some()
}

/// The `status` file of a process that is neither gone nor a zombie.
fn alive_status(process: &Path) -> Option<String> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let is_zombie = status.lines().any(|line| line.starts_with("State:\tZ"));
    (!is_zombie).then_some(status)
}

fn uid(status: &str) -> u32 {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap();
    line.split_ascii_whitespace().next().unwrap().parse().unwrap()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}
