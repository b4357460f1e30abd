//! Guests: an instance's directory, the word to its shim, and the shim's start.
//!
//! # Invariants
//! - The specification is whole before a shim is started, and only this process's user writes it.
//! - A shim is never our child for long in effect: it leads a session of its own, and whether it
//!   lives is read from its identity file, never from our knowing that we started it.

use super::super::{GuestPlan, ProvisionError};
use super::error::HostError;
use super::files::{self, Access};
use super::process::{Process, holds_until};
use super::volume::Found;
use super::walls::Walls;
use super::{LocalProvisioner, Parts};
use domain::guest_spec::{GuestSpec, Layout, Volume};
use domain::instance::FaultCause;
use std::net::SocketAddrV4;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A shim needs milliseconds; a machine that has just booted has much to do.
const START_MAX: Duration = Duration::from_secs(15);
/// After our shim ended because another has the instance, that one's identity comes up.
const OTHER_MAX: Duration = Duration::from_secs(2);
/// Lines of a shim's log in an error.
const LOG_LINES: usize = 5;

/// Shims that this process started, until they are reaped.
#[derive(Debug, Default)]
pub(crate) struct Children(Mutex<Vec<Child>>);

impl Children {
    /// Takes leave of those that ended.
    pub(crate) fn reap(&self) {
        self.with(|children| children.retain_mut(|child| matches!(child.try_wait(), Ok(None))));
    }

    fn add(&self, child: Child) {
        self.with(|children| children.push(child));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<Child>) -> T) -> T {
        act(&mut self.0.lock().expect("no code panics while it holds the lock"))
    }
}

/// Whose the things in an instance's directory are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owners {
    /// The agent's uid, which is the instance's gid; absent without uids.
    gid: Option<u32>,
}

impl Owners {
    /// As the plan's place says, if this process can give instances such owners.
    pub(crate) fn of(plan: &GuestPlan, walls: &Walls) -> Result<Self, ProvisionError> {
        let gid = plan.place.uid;
        if gid.is_some() == (*walls == Walls::Uid) {
            return Ok(Self { gid });
        }
        Err(ProvisionError::Refused {
            cause: FaultCause::Refused,
            detail:
                "The instance was given its place by a taskmanager that ran as root, or is now \
                     run by one that does while the other did not. Run the taskmanager as before."
                    .to_owned(),
        })
    }

    /// The instance's directory: all of the instance may make files, each removes only its own.
    pub(crate) fn directory(self) -> Access {
        self.access(0o1770, 0o700)
    }

    /// The volume's first directory.
    pub(crate) fn volume(self) -> Access {
        self.access(0o750, 0o700)
    }

    fn specification(self) -> Access {
        self.access(0o640, 0o600)
    }

    fn agent_directory(self) -> Access {
        Access { uid: self.gid, ..self.access(0o750, 0o700) }
    }

    fn credentials(self) -> Access {
        Access { uid: self.gid, ..self.access(0o600, 0o600) }
    }

    fn access(self, with_uids: u32, without: u32) -> Access {
        let mode = if self.gid.is_some() { with_uids } else { without };
        Access { uid: None, gid: self.gid, mode }
    }
}

impl LocalProvisioner {
    /// Leaves the instance's directory.
    pub(crate) fn ensure_directory(
        &self,
        plan: &GuestPlan,
        owners: Owners,
    ) -> Result<(), HostError> {
        files::ensure_dir(&self.paths.instance(plan.id), owners.directory())
    }

    /// Leaves directory, credentials and specification, and a shim that lives.
    pub(crate) fn ensure_shim(
        &self,
        plan: &GuestPlan,
        found: Found,
        write_credentials: impl FnOnce(&Path) -> bool,
    ) -> Result<(), ProvisionError> {
        let owners = Owners::of(plan, &self.walls)?;
        let directory = self.paths.instance(plan.id);
        let layout = Layout(&directory);
        files::ensure_dir(&layout.agent(), owners.agent_directory())?;
        let credentials = layout.credentials();
        if write_credentials(&credentials) {
            let text = plan.credentials.0.as_bytes();
            files::write(&layout.agent(), name(&credentials), text, owners.credentials())?;
        }
        let spec = self.spec(plan, found)?;
        let text = serde_json::to_string_pretty(&spec).expect("the specification is plain data");
        if files::read_own(&layout.spec())?.as_deref() != Some(&text) {
            let access = owners.specification();
            files::write(&directory, name(&layout.spec()), text.as_bytes(), access)?;
        }
        Ok(self.start(&directory, owners)?)
    }

    /// What shim and agent are told.
    fn spec(&self, plan: &GuestPlan, found: Found) -> Result<GuestSpec, ProvisionError> {
        let files = self.images.find(plan.image).map_err(ProvisionError::Transient)?;
        let files = files.ok_or_else(|| ProvisionError::Refused {
            cause: FaultCause::EngineMissing,
            detail: format!(
                "The host does not have image {} of {} {}. Let the administrator fetch it, or \
                 choose another datastore version.",
                plan.image,
                plan.manager.as_str(),
                plan.version
            ),
        })?;
        let directory = self.paths.instance(plan.id);
        let listen = SocketAddrV4::new(plan.place.address, plan.place.port);
        Ok(GuestSpec {
            instance: plan.id,
            manager: plan.manager,
            version: plan.version.clone(),
            server: plan.manager.server_command(&files.root, &Layout(&directory), listen),
            image_root: files.root,
            template: files.template,
            directory,
            address: *listen.ip(),
            port: listen.port(),
            uid: plan.place.uid,
            volume: Volume { size_bytes: found.size_bytes, mounted: found.is_image },
            memory_mb: plan.memory_mb,
            cgroups: self.cgroups.ensure(plan.id, plan.into())?,
            isolation: self.walls.isolation(),
            nats_urls: self.nats_urls.clone(),
            heartbeat_ms: self.heartbeat_ms,
            desired_poll_ms: self.desired_poll_ms,
        })
    }

    /// Leaves a shim that lives and has said so.
    fn start(&self, directory: &Path, owners: Owners) -> Result<(), HostError> {
        let layout = Layout(directory);
        let identity = layout.identity("shim");
        if Process::recorded(&identity)?.is_some() {
            return Ok(());
        }
        let log = directory.join("shim.log");
        let mut child = self.spawn(&layout, &log, owners)?;
        let mut ended = None;
        let mut limit = Instant::now() + START_MAX;
        let lives = || Process::recorded(&identity).is_ok_and(|shim| shim.is_some());
        let is_up = loop {
            let step = (Instant::now() + Duration::from_millis(20)).min(limit);
            if holds_until(step, lives) {
                break true;
            }
            if ended.is_none() {
                ended = child.try_wait().map_err(HostError::io("wait for", &log))?;
                if ended.is_some() {
                    limit = limit.min(Instant::now() + OTHER_MAX);
                }
            }
            if Instant::now() >= limit {
                break false;
            }
        };
        self.children.add(child);
        if is_up {
            return Ok(());
        }
        let how = match ended {
            Some(status) => format!("it ended with {status}"),
            None => format!("it wrote no identity within {START_MAX:?}"),
        };
        Err(HostError::Shim { how, log: last_lines(&log)? })
    }

    /// In a session of its own as soon as it runs; what it inherits is its log and a share of the
    /// stack's address range.
    fn spawn(&self, layout: &Layout<'_>, log: &Path, owners: Owners) -> Result<Child, HostError> {
        let output = files::open_log(log, owners.specification())?;
        let share = |error| HostError::io("share", log)(error);
        let stdin = match &self.range {
            Some(range) => Stdio::from(range.share().map_err(share)?),
            None => Stdio::null(),
        };
        Command::new(&self.guestagent)
            .arg("shim")
            .arg(layout.spec())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .current_dir("/")
            .stdin(stdin)
            .stdout(output.try_clone().map_err(share)?)
            .stderr(output)
            .spawn()
            .map_err(HostError::io("run", &self.guestagent))
    }

    /// By what the instance's processes are known, apart from their identity files.
    pub(crate) fn marks(&self, directory: &Path) -> Result<Parts, HostError> {
        let mut programs = vec![self.guestagent.clone()];
        if let Walls::Bubblewrap { program } = &self.walls {
            programs.push(program.clone());
        }
        let spec = files::read_own(&Layout(directory).spec())?;
        if let Some(spec) = spec.and_then(|text| serde_json::from_str::<GuestSpec>(&text).ok()) {
            programs.push(spec.server.program);
        }
        // The directory's group is the agent's uid, given by us and not to be changed by others.
        let uid = (self.walls == Walls::Uid)
            .then(|| std::fs::symlink_metadata(directory).ok())
            .flatten()
            .map(|metadata| metadata.gid())
            .filter(|gid| *gid != 0);
        Ok(Parts { uid, programs, inside: format!("{}/", directory.display()) })
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("names of the layout are ASCII")
}

fn last_lines(log: &Path) -> Result<String, HostError> {
    let text = files::read_own(log)?.unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(LOG_LINES)..].join(" | "))
}
