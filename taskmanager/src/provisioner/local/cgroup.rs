//! Control groups: what a server may take of memory, processes and processor time.
//!
//! Version 2 where its controllers can be had, else version 1, else none. Only the server is put
//! into its groups, by the shim; the agent is the plane's own.
//!
//! # Invariants
//! - A group belongs to one instance: `trove-<stack>/<uuid>` below the hierarchy.
//! - Nothing is left of an instance's groups after [`Cgroups::remove`], and nothing of the
//!   stack's when the last instance's went.

use super::super::GuestPlan;
use super::error::HostError;
use super::mount::Mount;
use super::process::holds_until;
use domain::ids::InstanceId;
use rustix::io::Errno;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// An engine's threads: a connection each, of which domain's settings allow 1000 at most, and
/// some dozens in the background. The figure stops runaways, nothing else.
const PIDS_MAX: u32 = 2048;
/// A processor's worth of time in version 1.
const SHARES_PER_VCPU: u64 = 1024;
/// A processor's worth of time in version 2.
const WEIGHT_PER_VCPU: u64 = 100;
/// A killed process leaves its group a moment later.
const EMPTY_MAX: Duration = Duration::from_secs(5);

/// What one instance may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The flavor's memory.
    pub(crate) memory_mb: u32,
    /// The flavor's processors.
    pub(crate) vcpus: u32,
}

impl From<&GuestPlan> for Limits {
    fn from(plan: &GuestPlan) -> Self {
        Self { memory_mb: plan.memory_mb, vcpus: plan.vcpus }
    }
}

impl Limits {
    /// The flavor's memory is for the server's own buffers, which domain sizes by it. Beyond
    /// them the kernel charges page tables, socket buffers and pages not yet written back: an
    /// eighth, and at least 64 MiB for the program itself.
    fn memory_bytes(self) -> u64 {
        let memory = u64::from(self.memory_mb);
        (memory + (memory / 8).max(64)) << 20
    }
}

/// The groups that this host has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cgroups {
    hierarchies: Vec<Hierarchy>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hierarchy {
    /// The stack's group; those of instances lie in it.
    stack: PathBuf,
    version: Version,
    controllers: Vec<Controller>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Controller {
    Memory,
    Pids,
    Cpu,
}

impl Controller {
    const ALL: [Self; 3] = [Self::Memory, Self::Pids, Self::Cpu];

    fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpu => "cpu",
        }
    }

    /// The file that takes the limit, and the limit.
    fn setting(self, version: Version, limits: Limits) -> (&'static str, u64) {
        let vcpus = u64::from(limits.vcpus.max(1));
        match (self, version) {
            (Self::Memory, Version::V1) => ("memory.limit_in_bytes", limits.memory_bytes()),
            (Self::Memory, Version::V2) => ("memory.max", limits.memory_bytes()),
            (Self::Pids, Version::V1 | Version::V2) => ("pids.max", PIDS_MAX.into()),
            (Self::Cpu, Version::V1) => ("cpu.shares", SHARES_PER_VCPU * vcpus),
            (Self::Cpu, Version::V2) => ("cpu.weight", (WEIGHT_PER_VCPU * vcpus).min(10_000)),
        }
    }
}

impl Cgroups {
    /// The groups that can be had on this host; each was tried.
    pub(crate) fn probe(stack: &str) -> Result<Self, HostError> {
        let mounts = Mount::all()?;
        let name = format!("trove-{stack}");
        let candidates = version_2(&mounts, &name).into_iter().chain(version_1(&mounts, &name));
        let mut cgroups = Self::default();
        for candidate in candidates {
            let new = candidate.without(&cgroups.controllers());
            if !new.controllers.is_empty() && new.works() {
                cgroups.hierarchies.push(new);
            }
        }
        Ok(cgroups)
    }

    /// What is limited, in words; nothing where there are no groups.
    pub(crate) fn limited(&self) -> Vec<&'static str> {
        self.controllers().into_iter().map(Controller::as_str).collect()
    }

    /// Whether memory is limited, which is what matters most.
    pub(crate) fn limit_memory(&self) -> bool {
        self.controllers().contains(&Controller::Memory)
    }

    /// Leaves the instance's groups with these limits, and gives their directories.
    pub(crate) fn ensure(&self, id: InstanceId, limits: Limits) -> Result<Vec<PathBuf>, HostError> {
        self.hierarchies.iter().map(|hierarchy| hierarchy.ensure(id, limits)).collect()
    }

    /// The processes in the instance's groups.
    pub(crate) fn pids(&self, id: InstanceId) -> Vec<i32> {
        self.hierarchies
            .iter()
            .filter_map(|hierarchy| {
                fs::read_to_string(hierarchy.group(id).join("cgroup.procs")).ok()
            })
            .flat_map(|text| text.lines().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
            .collect()
    }

    /// Removes the instance's groups, which must be empty by now.
    pub(crate) fn remove(&self, id: InstanceId) -> Result<(), HostError> {
        self.hierarchies.iter().try_for_each(|hierarchy| hierarchy.remove(id))
    }

    fn controllers(&self) -> Vec<Controller> {
        self.hierarchies.iter().flat_map(|hierarchy| hierarchy.controllers.clone()).collect()
    }
}

impl Hierarchy {
    fn group(&self, id: InstanceId) -> PathBuf {
        self.stack.join(id.to_string())
    }

    fn without(mut self, known: &[Controller]) -> Self {
        self.controllers.retain(|controller| !known.contains(controller));
        self
    }

    /// Tries a group of nobody's.
    fn works(&self) -> bool {
        let nobody = InstanceId(Uuid::nil());
        let limits = Limits { memory_mb: 64, vcpus: 1 };
        let made = self.ensure(nobody, limits);
        let removed = self.remove(nobody);
        made.is_ok() && removed.is_ok()
    }

    fn ensure(&self, id: InstanceId, limits: Limits) -> Result<PathBuf, HostError> {
        let group = self.group(id);
        self.make(&group)?;
        for controller in &self.controllers {
            let (file, figure) = controller.setting(self.version, limits);
            let file = group.join(file);
            fs::write(&file, figure.to_string()).map_err(HostError::io("set", &file))?;
        }
        Ok(group)
    }

    /// Another instance's removal may take the stack's group away between the two steps.
    fn make(&self, group: &Path) -> Result<(), HostError> {
        let limit = Instant::now() + EMPTY_MAX;
        let mut outcome = Ok(());
        holds_until(limit, || {
            outcome = self.ensure_stack().and_then(|()| make_group(group));
            !matches!(&outcome, Err(error) if error.kind() == io::ErrorKind::NotFound)
        });
        outcome.map_err(HostError::io("make", group))
    }

    fn ensure_stack(&self) -> io::Result<()> {
        make_group(&self.stack)?;
        if self.version == Version::V1 {
            return Ok(());
        }
        // Controllers are handed down level by level.
        let above = self.stack.parent().unwrap_or(&self.stack);
        for group in [above, &self.stack] {
            for controller in &self.controllers {
                let word = format!("+{}", controller.as_str());
                fs::write(group.join("cgroup.subtree_control"), word)?;
            }
        }
        Ok(())
    }

    fn remove(&self, id: InstanceId) -> Result<(), HostError> {
        let group = self.group(id);
        let mut outcome = Ok(());
        let is_gone = || {
            outcome = rustix::fs::rmdir(&group);
            !matches!(outcome, Err(Errno::BUSY))
        };
        holds_until(Instant::now() + EMPTY_MAX, is_gone);
        match outcome {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(HostError::errno("remove", &group)(errno)),
        }
        match rustix::fs::rmdir(&self.stack) {
            // Busy: other instances have their groups in it.
            Ok(()) | Err(Errno::NOENT | Errno::BUSY | Errno::NOTEMPTY) => Ok(()),
            Err(errno) => Err(HostError::errno("remove", &self.stack)(errno)),
        }
    }
}

/// The unified hierarchy, at its top and where this process itself is.
fn version_2(mounts: &[Mount], name: &str) -> Vec<Hierarchy> {
    let Some(mount) = mounts.iter().find(|mount| mount.kind == "cgroup2") else {
        return Vec::new();
    };
    let top = PathBuf::from(&mount.target);
    let own = own_group("0::").map(|path| top.join(path.trim_start_matches('/')));
    let mut places = vec![top];
    places.extend(own.filter(|own| *own != places[0]));
    places
        .into_iter()
        .map(|place| {
            let offered = fs::read_to_string(place.join("cgroup.controllers")).unwrap_or_default();
            let is_offered = |controller: &Controller| {
                offered.split_ascii_whitespace().any(|word| word == controller.as_str())
            };
            Hierarchy {
                stack: place.join(name),
                version: Version::V2,
                controllers: Controller::ALL.into_iter().filter(is_offered).collect(),
            }
        })
        .collect()
}

/// The hierarchies of version 1, each with the controllers that are mounted there.
fn version_1(mounts: &[Mount], name: &str) -> Vec<Hierarchy> {
    mounts
        .iter()
        .filter(|mount| mount.kind == "cgroup")
        .map(|mount| Hierarchy {
            stack: Path::new(&mount.target).join(name),
            version: Version::V1,
            controllers: Controller::ALL
                .into_iter()
                .filter(|controller| {
                    mount.options.split(',').any(|word| word == controller.as_str())
                })
                .collect(),
        })
        .collect()
}

/// This process's group in the hierarchy whose line begins so.
fn own_group(prefix: &str) -> Option<String> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    groups.lines().find_map(|line| line.strip_prefix(prefix)).map(str::to_owned)
}

fn make_group(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}
