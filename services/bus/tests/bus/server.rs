//! A nats-server with the generated configuration, that can be killed and started again.

use bus::authority::Authority;
use bus::server_config::ServerConfig;
use images::{Store, Suite};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

const READY_MAX: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    program: PathBuf,
    version: String,
    port: u16,
    home: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Starts a server of that release with its files in `home`.
    pub(crate) fn start(suite: Suite, home: &Path, authority: &Authority) -> Self {
        let images = std::env::var_os("TROVE_IMAGES_DIR")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("images"), PathBuf::from);
        let store = Store::open(&images, Arc::new(())).unwrap();
        let image = store.ensure_nats_server_from(suite).unwrap();
        let mut server = Self {
            program: image.path,
            version: image.version,
            port: 0,
            home: home.to_owned(),
            child: None,
        };
        for _attempt in 0..5 {
            // Somebody else may take the port before the server does; then another one is tried.
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            fs::write(server.config_file(), server.config().render(authority)).unwrap();
            if server.try_launch() {
                return server;
            }
        }
        panic!("{}", fs::read_to_string(server.log_file()).unwrap());
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) fn config(&self) -> ServerConfig {
        ServerConfig {
            name: self.name(),
            host: "127.0.0.1".to_owned(),
            port: self.port,
            store_dir: self.store_dir(),
            jwt_dir: self.home.join("jwt"),
        }
    }

    pub(crate) fn store_dir(&self) -> PathBuf {
        self.home.join("store \"of\" \\streams")
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.home.join("nats.log")
    }

    /// Ends the server as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again, on the same port and with the same files.
    pub(crate) fn relaunch(&mut self) {
        assert!(self.child.is_none(), "it is running");
        assert!(self.try_launch(), "{}", fs::read_to_string(self.log_file()).unwrap());
    }

    fn name(&self) -> String {
        format!("test-{}-{}", std::process::id(), self.port)
    }

    fn config_file(&self) -> PathBuf {
        self.home.join("nats.conf")
    }

    /// False when the server ended before it was ready.
    fn try_launch(&mut self) -> bool {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        // It must not outlive a test that is killed.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "SIGKILL", "--"])
            .arg(&self.program)
            .arg("-c")
            .arg(self.config_file())
            .stderr(log)
            .spawn()
            .unwrap();
        let end = Instant::now() + READY_MAX;
        let is_ready = loop {
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            if self.greets() {
                break true;
            }
            assert!(Instant::now() < end, "not ready within {READY_MAX:?}");
            std::thread::sleep(Duration::from_millis(10));
        };
        self.child = is_ready.then_some(child);
        is_ready
    }

    /// Whether the one who listens on the port is this server.
    fn greets(&self) -> bool {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        stream.set_read_timeout(Some(READY_MAX)).unwrap();
        let mut greeting = String::new();
        BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.contains(&self.name())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
