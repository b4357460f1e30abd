//! Where a stack is kept, and what its state directory remembers.
//!
//! ```text
//! <state>/          0711 as root, since users of instances pass through; else 0700
//!   lock            held by the launcher for as long as it lives
//!   stack.toml      what the first start decided: id, user, base, ports
//!   users.toml clouds.yaml first-instance.cnf      0600
//!   keys/ authority/                               0700
//!   nats/           configuration, log of events
//!   gateway-0/ taskmanager-0/                      own directories of processes
//!   run/ log/       identities and logs of processes
//!   stopping        there while the stack is being stopped
//! <base>/           the state directory, or /var/lib/trove/<id>
//!   i/ images/ bin/
//! ```
//!
//! # Invariants
//! - One launcher per state directory, and always the same user.
//! - What was decided once stays: ports, base and id are never chosen again.

use anyhow::{Context as _, bail, ensure};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes of a unix socket's path, without the closing zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;
/// What follows the directory of all instances in the longest path of a socket.
const SOCKET_BELOW_INSTANCES: &str = "/00000000-0000-0000-0000-000000000000/a/c/.s.PGSQL.65535";
/// Where everything lies that users of instances must reach, if the state directory is closed.
const OPEN_BASE: &str = "/var/lib/trove";
const FORMAT: u32 = 1;

/// A state directory that is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    state: PathBuf,
    kept: Kept,
    /// Unlocked when it is closed.
    _lock: File,
}

/// The content of `stack.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: u32,
    id: String,
    uid: u32,
    base: PathBuf,
    nats_port: u16,
    /// Of the gateways in their order; the first one only where no port was asked for.
    gateway_ports: Vec<u16>,
}

impl Place {
    /// Opens the state directory, making it if there is none.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let is_root = rustix::process::geteuid().is_root();
        let mode = if is_root { 0o711 } else { 0o700 };
        DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(directory)
            .with_context(|| format!("make state directory {}", directory.display()))?;
        let state = directory.canonicalize().context("find the state directory")?;
        let lock = lock(&state)?;
        let kept = Kept::read(&state)?;
        let kept = match kept {
            Some(kept) => kept,
            None => Kept::choose(&state)?,
        };
        let place = Self { state, kept, _lock: lock };
        place.check()?;
        place.make_directories()?;
        place.remember()?;
        Ok(place)
    }

    /// The state directory itself.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// Names the stack among those of this machine.
    pub(crate) fn id(&self) -> &str {
        &self.kept.id
    }

    /// Where users of instances can reach things.
    pub(crate) fn base(&self) -> &Path {
        &self.kept.base
    }

    /// Directories of instances.
    pub(crate) fn instances(&self) -> PathBuf {
        self.kept.base.join("i")
    }

    /// The port of nats-server.
    pub(crate) fn nats_port(&self) -> u16 {
        self.kept.nats_port
    }

    /// The ports of `count` gateways; the first one is `asked` unless that is 0.
    pub(crate) fn gateway_ports(&mut self, asked: u16, count: u16) -> anyhow::Result<Vec<u16>> {
        while self.kept.gateway_ports.len() < usize::from(count) {
            self.kept.gateway_ports.push(free_port()?);
        }
        self.remember()?;
        let mut ports = self.kept.gateway_ports[..usize::from(count)].to_vec();
        if asked != 0 {
            ports[0] = asked;
        }
        Ok(ports)
    }

    /// A private file or directory of the plane.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.state.join("keys").join(name)
    }

    /// The log of a process.
    pub(crate) fn log(&self, process: &str) -> PathBuf {
        self.state.join("log").join(format!("{process}.log"))
    }

    /// The identity file of a process.
    pub(crate) fn identity(&self, process: &str) -> PathBuf {
        self.state.join("run").join(format!("{process}.id"))
    }

    /// There while the stack is being stopped, so that nobody starts again what is stopped.
    pub(crate) fn stopping(&self) -> PathBuf {
        self.state.join("stopping")
    }

    fn check(&self) -> anyhow::Result<()> {
        let Kept { uid, base, .. } = &self.kept;
        let own = rustix::process::geteuid().as_raw();
        ensure!(
            *uid == own,
            "state directory {} belongs to a stack of user id {uid}, and this is user id {own}: \
             run it as that user, or use another TROVE_STATE_DIR",
            self.state.display()
        );
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        ensure!(
            base.to_str().is_some_and(|path| path.chars().all(is_plain)),
            "path {} has a space or an odd character in it, which servers' command lines can't \
             hold; use another TROVE_STATE_DIR",
            base.display()
        );
        let longest = base.as_os_str().len() + "/i".len() + SOCKET_BELOW_INSTANCES.len();
        ensure!(
            longest <= SOCKET_PATH_BYTES_MAX,
            "path {} is {} bytes too long: sockets of instances lie below it, and the path of a \
             socket ends at {SOCKET_PATH_BYTES_MAX} bytes; use a shorter TROVE_STATE_DIR",
            base.display(),
            longest - SOCKET_PATH_BYTES_MAX
        );
        Ok(())
    }

    fn make_directories(&self) -> anyhow::Result<()> {
        let is_root = self.kept.uid == 0;
        let passable = if is_root { 0o711 } else { 0o700 };
        let base = &self.kept.base;
        let directories = [
            (self.state.join("keys"), 0o700),
            (self.state.join("nats"), 0o700),
            (self.state.join("run"), 0o700),
            (self.state.join("log"), 0o700),
            (base.clone(), passable),
            (self.instances(), passable),
            (base.join("bin"), 0o755),
        ];
        for (path, mode) in directories {
            DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(&path)
                .with_context(|| format!("make {}", path.display()))?;
        }
        if *base != self.state {
            let owner = format!("{}\n", self.state.display());
            fs::write(base.join("state-directory"), owner).context("mark the open directory")?;
        }
        Ok(())
    }

    fn remember(&self) -> anyhow::Result<()> {
        let text = toml::to_string(&self.kept).expect("strings and numbers fit into TOML");
        replace(&self.state.join("stack.toml"), text.as_bytes(), 0o644)
    }
}

impl Kept {
    fn read(state: &Path) -> anyhow::Result<Option<Self>> {
        let path = state.join("stack.toml");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let kept: Self = toml::from_str(&text)
                    .with_context(|| format!("{} is damaged", path.display()))?;
                ensure!(kept.format == FORMAT, "{} is of another format", path.display());
                Ok(Some(kept))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
        }
    }

    fn choose(state: &Path) -> anyhow::Result<Self> {
        let id = format!("{:08x}", rand::rng().random::<u32>());
        let uid = rustix::process::geteuid().as_raw();
        let is_closed = uid == 0 && closed_directory(state)?.is_some();
        let base = if is_closed { Path::new(OPEN_BASE).join(&id) } else { state.to_owned() };
        let nats_port = free_port()?;
        Ok(Self { format: FORMAT, id, uid, base, nats_port, gateway_ports: Vec::new() })
    }
}

/// The first directory from `path` upwards that other users may not pass through.
pub(crate) fn closed_directory(path: &Path) -> anyhow::Result<Option<PathBuf>> {
    for directory in path.ancestors() {
        let metadata =
            fs::metadata(directory).with_context(|| format!("look at {}", directory.display()))?;
        if metadata.mode() & 0o001 == 0 {
            return Ok(Some(directory.to_owned()));
        }
    }
    Ok(None)
}

/// Writes a file so that it is the old one or the new one, whole, whenever the power fails.
pub(crate) fn replace(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let draft = path.with_extension("draft");
    let written = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(mode).open(&draft)?;
        // Of an earlier draft the mode may be another one.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    written().with_context(|| format!("write {}", path.display()))
}

fn lock(state: &Path) -> anyhow::Result<File> {
    let path = state.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "a stack is running in {} already: stop it, or use another TROVE_STATE_DIR",
            state.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context("lock the state directory"),
    }
}

/// A port that nobody listens on now. The kernel gives such ports to others only when no other
/// is left, so that it is very likely free at the next start as well.
fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_state() -> tempfile::TempDir {
        let above = tempfile::tempdir().unwrap();
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o711)).unwrap();
        above
    }

    #[test]
    fn what_was_chosen_stays_and_a_second_launcher_is_refused() {
        let above = open_state();
        let state = above.path().join("s");
        let mut place = Place::open(&state).unwrap();
        let (id, port) = (place.id().to_owned(), place.nats_port());
        let ports = place.gateway_ports(0, 2).unwrap();
        let refused = Place::open(&state).unwrap_err().to_string();
        assert!(refused.contains("running"), "{refused}");
        drop(place);
        let mut place = Place::open(&state).unwrap();
        assert_eq!((place.id(), place.nats_port()), (&*id, port));
        assert_eq!(place.gateway_ports(0, 2).unwrap(), ports);
        assert_eq!(place.gateway_ports(8779, 2).unwrap(), [8779, ports[1]]);
    }

    #[test]
    fn a_path_too_long_for_sockets_is_refused() {
        let above = open_state();
        let refused = Place::open(&above.path().join("x".repeat(80))).unwrap_err().to_string();
        assert!(refused.contains("bytes too long"), "{refused}");
    }

    #[test]
    fn another_users_stack_is_refused() {
        let above = open_state();
        let state = above.path().join("s");
        drop(Place::open(&state).unwrap());
        let text = fs::read_to_string(state.join("stack.toml")).unwrap();
        let own = format!("uid = {}", rustix::process::geteuid().as_raw());
        fs::write(state.join("stack.toml"), text.replace(&own, "uid = 4242")).unwrap();
        let refused = Place::open(&state).unwrap_err().to_string();
        assert!(refused.contains("user id 4242"), "{refused}");
    }

    #[test]
    fn a_closed_directory_is_found_from_below() {
        let above = tempfile::tempdir().unwrap();
        let below = above.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(closed_directory(&below).unwrap().as_deref(), Some(above.path()));
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o711)).unwrap();
        assert_ne!(closed_directory(&below).unwrap().as_deref(), Some(above.path()));
    }
}
