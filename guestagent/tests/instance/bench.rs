//! One instance in a directory of its own, made as a provisioner makes it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::guest_spec::{GuestSpec, Isolation, Layout, Volume};
use domain::ids::InstanceId;
use guestagent::control::{Answer, Request, ServerState, Status};
use guestagent::process::{Identity, Process};
use images::{Progress, Store};
use rustix::process::{Signal, geteuid};

use crate::engines::Engine;
use crate::leftovers::remove_shared_memory;
use crate::plane::Plane;

/// Longer than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// A user without an entry in any file: what the plain modes run as under root.
const PLAIN_USER: u32 = 12345;

/// How an instance is kept apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Plain,
    Bubblewrap,
    Uid,
}

impl Level {
    /// Runs a test where this host can.
    pub(crate) async fn run(self, test: impl AsyncFnOnce(Engine, Self), engine: Engine) {
        if self.is_possible() {
            test(engine, self).await;
        }
    }

    /// Whether this host can; a test that can't run says so.
    pub(crate) fn is_possible(self) -> bool {
        let possible = self != Self::Uid || geteuid().is_root();
        if !possible {
            println!("SKIPPED: a uid per instance takes root.");
        }
        possible
    }
}

pub(crate) struct Bench {
    // Declared first, so that processes end before their directory goes.
    shims: Vec<Child>,
    pub(crate) spec: GuestSpec,
    pub(crate) engine: Engine,
    level: Level,
    program: PathBuf,
    _above: tempfile::TempDir,
}

pub(crate) fn store() -> Store {
    let directory = std::env::var_os("TROVE_IMAGES_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"), PathBuf::from);
    Store::open(&directory, Arc::new(Said)).expect("the images directory is ours")
}

/// Says what is fetched and made, and who waits for that: the first run takes longer.
struct Said;

impl Progress for Said {
    fn step(&self, sentence: &str) {
        // What is printed otherwise is kept back as long as a test succeeds.
        std::io::stderr().write_all(format!("{sentence}\n").as_bytes()).unwrap();
    }
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_trove-guestagent"))
}

/// Waits until `look` sees something.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Bench {
    pub(crate) fn new(engine: Engine, level: Level) -> Self {
        let store = store();
        let image = store.ensure_engine(engine.recipe).expect("an engine");
        let template = store.ensure_template(&image, binary()).expect("a template");
        let above = tempfile::tempdir().expect("there is room");
        fs::set_permissions(above.path(), Permissions::from_mode(0o711)).expect("ours");
        // The build directory may be closed to other users.
        let program = above.path().join("trove-guestagent");
        fs::copy(binary(), &program).expect("there is room");
        let directory = above.path().join("i");
        let isolation = match level {
            Level::Plain => Isolation::Plain,
            Level::Uid => Isolation::Uid,
            Level::Bubblewrap => {
                Isolation::Bubblewrap { program: store.ensure_tools().expect("tools").bwrap }
            }
        };
        let uid = (level == Level::Uid).then(|| 200_000 + std::process::id() % 100_000 * 2);
        let listen = free_address();
        let server = engine.manager.server_command(&image.root, &Layout(&directory), listen);
        let spec = GuestSpec {
            instance: InstanceId(uuid::Uuid::new_v4()),
            manager: engine.manager,
            version: image.version_number.clone(),
            image_root: image.root.clone(),
            template,
            directory,
            address: *listen.ip(),
            port: listen.port(),
            uid,
            volume: Volume { size_bytes: 1 << 30, mounted: false },
            memory_mb: 64,
            cgroups: Vec::new(),
            isolation,
            server,
            // Nobody listens there.
            nats_urls: vec![format!("nats://{}", free_address())],
            heartbeat_ms: 200,
            desired_poll_ms: 200,
        };
        let bench = Self { shims: Vec::new(), spec, engine, level, program, _above: above };
        bench.make_directories();
        bench.write_spec();
        bench
    }

    pub(crate) fn layout(&self) -> Layout<'_> {
        Layout(&self.spec.directory)
    }

    /// Where the server's settings stand.
    pub(crate) fn settings_file(&self) -> PathBuf {
        self.engine.manager.settings_file(&self.layout())
    }

    /// Owner of the agent's files, where it is not the test itself.
    fn agent_uid(&self) -> Option<u32> {
        let plain = geteuid().is_root().then_some(PLAIN_USER);
        self.spec.uid.or(plain)
    }

    fn make_directories(&self) {
        let layout = self.layout();
        let make = |path: &Path, owner: Option<u32>, group: Option<u32>, mode| {
            fs::create_dir(path).unwrap();
            chown(path, owner, group).unwrap();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        let agent = self.agent_uid();
        if self.level == Level::Uid {
            make(&self.spec.directory, None, agent, 0o1770);
            make(&layout.volume(), None, None, 0o755);
        } else {
            make(&self.spec.directory, agent, agent, 0o700);
            make(&layout.volume(), agent, agent, 0o700);
        }
        make(&layout.agent(), agent, agent, 0o750);
    }

    /// Hands the specification out, as a provisioner does.
    pub(crate) fn write_spec(&self) {
        let path = self.layout().spec();
        fs::write(&path, serde_json::to_vec(&self.spec).unwrap()).unwrap();
        let owner = self.agent_uid().filter(|_| self.level != Level::Uid);
        chown(&path, owner, self.agent_uid()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    }

    /// Writes the files that a server reads at its start, in the agent's place; the test may log
    /// in then.
    pub(crate) fn write_server_files(&self) {
        let settings: BTreeMap<_, _> = self.engine.manager.settings(self.spec.memory_mb);
        let line = |(name, value): (&String, &String)| (self.engine.settings.line)(name, value);
        let settings: String = settings.iter().map(line).collect();
        for (path, text) in (self.engine.server_files)(&self.layout(), &settings) {
            let directory = path.parent().unwrap();
            if !directory.exists() {
                fs::create_dir(directory).unwrap();
                chown(directory, self.agent_uid(), self.agent_uid()).unwrap();
                fs::set_permissions(directory, Permissions::from_mode(0o750)).unwrap();
            }
            fs::write(&path, text).unwrap();
            chown(&path, self.agent_uid(), self.agent_uid()).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        }
    }

    /// Gives the agent its place on the bus.
    pub(crate) fn join(&mut self, plane: &Plane) {
        self.spec.nats_urls = vec![plane.url().to_owned()];
        self.write_spec();
        let path = self.layout().credentials();
        fs::write(&path, plane.credentials(self.spec.instance)).unwrap();
        chown(&path, self.agent_uid(), self.agent_uid()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// Starts a shim and waits until it is ready.
    pub(crate) fn start_shim(&mut self) {
        let child = self.spawn_shim();
        let pid = child.id().cast_signed();
        self.shims.push(child);
        eventually("the shim is ready", || {
            let identity = self.recorded("shim")?;
            (identity.pid == pid).then_some(())
        });
    }

    /// Another test may be about to turn into another program and until then hold our copy of
    /// this one open to write.
    pub(crate) fn spawn_shim(&self) -> Child {
        eventually("the shim can be started", || self.command(&["shim"]).spawn().ok())
    }

    /// The program with these words and the specification, as the provisioner's user.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg(self.layout().spec()).stdin(Stdio::null());
        if self.level != Level::Uid
            && let Some(uid) = self.agent_uid()
        {
            command.uid(uid).gid(uid);
        }
        command
    }

    fn shim(&mut self) -> &mut Child {
        self.shims.last_mut().expect("a shim was started")
    }

    pub(crate) fn kill_shim(&mut self) {
        self.shim().kill().unwrap();
        self.shim().wait().unwrap();
    }

    /// Tells the shim to stop, and waits until it has.
    pub(crate) fn stop_shim(&mut self) -> ExitStatus {
        let pid = self.shim().id().cast_signed();
        Process::open(pid).unwrap().signal(Signal::TERM).unwrap();
        let status = self.shim().wait().unwrap();
        for name in ["agent.lock", "server.lock"] {
            if let Ok(lock) = fs::File::open(self.spec.directory.join(name)) {
                lock.try_lock().unwrap_or_else(|_| panic!("somebody still holds {name}"));
            }
        }
        status
    }

    pub(crate) fn recorded(&self, name: &str) -> Option<Identity> {
        let line = fs::read_to_string(self.layout().identity(name)).ok()?;
        line.parse().ok()
    }

    /// The process that an identity file names, while it lives.
    pub(crate) fn alive(&self, name: &str) -> Option<Process> {
        Process::adopt(&self.recorded(name)?)
    }

    pub(crate) fn ask(&self, request: Request) -> Answer {
        let mut stream = UnixStream::connect(self.layout().shim_socket()).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut line = serde_json::to_vec(&request).unwrap();
        line.push(b'\n');
        stream.write_all(&line).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }

    pub(crate) fn status(&self) -> Status {
        self.granted(Request::Status { usage: true, log_tail: 4096 })
    }

    pub(crate) fn granted(&self, request: Request) -> Status {
        match self.ask(request) {
            Answer::Status(status) => status,
            refused @ Answer::Refused { .. } => panic!("{request:?}: {refused:?}"),
        }
    }

    pub(crate) fn server_pid(&self) -> Option<i32> {
        match self.status().server {
            ServerState::Running { pid, .. } => Some(pid),
            ServerState::Resting | ServerState::Ended | ServerState::Stopping { .. } => None,
        }
    }

    /// The instance's servers that run, whoever knows of them; not what one of them is just about
    /// to turn into something else.
    pub(crate) fn servers(&self) -> Vec<Process> {
        let program = self.spec.server.program.to_str().unwrap();
        let mut processes = processes_naming(&self.spec.directory);
        processes.retain(|process| {
            let line = fs::read(format!("/proc/{}/cmdline", process.pid())).unwrap_or_default();
            line.starts_with(program.as_bytes()) && !process.has_ended()
        });
        let pids: Vec<i32> = processes.iter().map(Process::pid).collect();
        processes.retain(|process| !parent(process.pid()).is_some_and(|pid| pids.contains(&pid)));
        processes
    }

    /// The logs, for whoever has to find out why a test failed.
    pub(crate) fn everything_said(&self) -> String {
        ["shim.log", "agent.log", "server.log"]
            .map(|name| {
                let text = fs::read_to_string(self.spec.directory.join(name)).unwrap_or_default();
                format!("--- {name}\n{text}")
            })
            .concat()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.everything_said());
        }
        for shim in &mut self.shims {
            drop(shim.kill());
            drop(shim.wait());
        }
        // Without a shim nothing is started again.
        for process in processes_naming(&self.spec.directory) {
            process.signal(Signal::KILL).unwrap();
            assert!(process.wait_end(LIMIT));
        }
        self.agent_uid().into_iter().for_each(remove_shared_memory);
        // Nor does anything of them go on working.
        if let Ok(lock) = fs::File::open(self.spec.directory.join("server.lock")) {
            let until = Instant::now() + LIMIT;
            while lock.try_lock().is_err() {
                if Instant::now() > until {
                    println!("somebody is left");
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn parent(pid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

/// All processes with this directory in their command lines.
fn processes_naming(directory: &Path) -> Vec<Process> {
    let directory = directory.as_os_str().as_encoded_bytes();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| Process::open(pid).ok())
        .filter(|process| {
            let line = fs::read(format!("/proc/{}/cmdline", process.pid())).unwrap_or_default();
            line.windows(directory.len()).any(|window| window == directory)
        })
        .collect()
}

/// An address of this host's own and a port that nobody has.
pub(crate) fn free_address() -> SocketAddrV4 {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 77, high, low.max(1));
    let listener = TcpListener::bind((ip, 0)).expect("loopback has room");
    SocketAddrV4::new(ip, listener.local_addr().expect("it is bound").port())
}
