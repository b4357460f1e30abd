//! What the host offers is tried here, once, before anything is provisioned on it.

use super::address_range::{ADDRESSES_PER_RANGE, Range, claim_range};
use super::cgroup::Cgroups;
use super::config::{Addresses, IsolationWish, LocalConfig, OpenError};
use super::error::HostError;
use super::files::{self, Access};
use super::ledger::Ledger;
use super::paths::Paths;
use super::volume::{self, Found, Level};
use super::walls::Walls;
use super::{LocalProvisioner, host};
use domain::engine::Manager;
use domain::guest_spec::LONGEST_SOCKET;
use domain::host::{Capacity, UIDS_PER_PLACE};
use domain::ids::InstanceId;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The kernel's limit for the name of a unix socket, without the final zero.
const SOCKET_BYTES_MAX: usize = 107;
/// Uids from here on are nobody's by convention; those below belong to containers and people.
const FIRST_UID: u32 = 0x7000_0000;
/// Large enough for a file system with a journal.
const PROBE_BYTES: u64 = 8 << 20;
/// Ports are tried here when servers' addresses are fixed: no stack has this one.
const PROBE_ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 254);

pub(super) fn open(config: LocalConfig) -> Result<LocalProvisioner, OpenError> {
    let paths = paths(&config)?;
    // Two taskmanagers of one host would try the same names at once.
    let probing = volume::lock(&paths.volumes().join("lock"))?;
    let range = match config.addresses {
        Addresses::Auto => Some(claim_range(&config.range_locks, &paths.stack)?),
        Addresses::Fixed { .. } => None,
    };
    let (first_address, addresses) = addresses(config.addresses, range.as_ref());
    let first_uid = first_uid(first_address);
    let walls = Walls::probe(config.bubblewrap.as_deref(), first_uid)?;
    let has_uids = walls == Walls::Uid;
    if has_uids {
        check_open(&paths.instances)?;
    }
    let volumes = probe_volumes(&paths)?;
    let cgroups = Cgroups::probe(&stack_id(&paths.stack))?;
    drop(probing);
    let probe_address = range.as_ref().map_or(PROBE_ADDRESS, Range::network);
    let ports = Manager::ALL.into_iter().map(Manager::standard_port);
    let capacity = Capacity {
        host: config.host,
        memory_mb: host::memory_mb()?,
        disk_mb: volume::capacity_bytes(&paths, &volumes)? >> 20,
        first_address,
        addresses,
        first_uid: has_uids.then_some(first_uid),
        moved_ports: host::moved_ports(probe_address, ports)?,
    };
    let local = LocalProvisioner {
        capacity,
        ledger: Ledger::new(paths.fences()),
        paths,
        volumes,
        cgroups,
        walls,
        range,
        guestagent: canonical(&config.guestagent)?,
        images: config.images,
        nats_urls: config.nats_urls,
        heartbeat_ms: config.heartbeat_ms,
        desired_poll_ms: config.desired_poll_ms,
        stop_max: config.stop_max,
        children: super::guest::Children::default(),
        looks: 0.into(),
    };
    if config.isolation == IsolationWish::Full && !local.is_full() {
        return Err(OpenError::TooWeak(local.report()));
    }
    Ok(local)
}

impl LocalProvisioner {
    fn is_full(&self) -> bool {
        self.volumes == Level::Image && self.cgroups.limit_memory() && self.walls == Walls::Uid
    }

    pub(super) fn report(&self) -> Vec<String> {
        let mut report = vec![self.volume_sentence(), self.cgroup_sentence(), self.wall_sentence()];
        let first = u32::from(self.capacity.first_address);
        let last = Ipv4Addr::from(first + self.capacity.addresses.saturating_sub(1));
        report.push(format!("Addresses: {} to {last}.", self.capacity.first_address));
        for (standard, moved) in &self.capacity.moved_ports {
            report.push(format!(
                "Port {standard} is held by another program on all addresses, so servers listen \
                 on {moved}."
            ));
        }
        report
    }

    fn volume_sentence(&self) -> String {
        match &self.volumes {
            Level::Image => "Volumes: file systems of a fixed size, whose blocks are set aside \
                             when they are made."
                .to_owned(),
            Level::Directory { why } => format!(
                "Volumes: directories, whose size is admitted and watched but not enforced ({why})."
            ),
        }
    }

    fn cgroup_sentence(&self) -> String {
        let limited = self.cgroups.limited();
        if limited.is_empty() {
            return "Control groups: none that this user can use, so what a server takes is not \
                    limited."
                .to_owned();
        }
        format!("Control groups: limits on {} for each server.", limited.join(", "))
    }

    fn wall_sentence(&self) -> String {
        match &self.walls {
            Walls::Uid => "Walls: agent and server of each instance have uids of their own.".into(),
            Walls::Bubblewrap { program } => {
                format!("Walls: each server runs in namespaces of its own ({}).", program.display())
            }
            Walls::Plain { why } => {
                format!("Walls: none, all servers run as this user (bubblewrap can't: {why}).")
            }
        }
    }
}

/// Makes the directories, and settles their names.
fn paths(config: &LocalConfig) -> Result<Paths, OpenError> {
    for directory in [&config.stack_dir, &config.instances_dir] {
        fs::create_dir_all(directory).map_err(HostError::io("make", directory))?;
    }
    let paths = Paths {
        stack: canonical(&config.stack_dir)?,
        instances: canonical(&config.instances_dir)?,
    };
    for path in [&paths.stack, &paths.instances] {
        let text = path.to_str().unwrap_or("\n");
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(OpenError::UnsuitablePath(path.clone()));
        }
    }
    for directory in [paths.fences(), paths.volumes()] {
        files::ensure_dir(&directory, Access::own(0o700))?;
    }
    // Instances' users pass through, and list nothing.
    files::ensure_dir(&paths.instances, Access::own(0o711))?;
    let longest = paths.instance(InstanceId(Uuid::nil())).join(LONGEST_SOCKET);
    let length = longest.as_os_str().len();
    if length > SOCKET_BYTES_MAX {
        let excess = length - SOCKET_BYTES_MAX;
        return Err(OpenError::PathTooLong { path: paths.instances, excess });
    }
    Ok(paths)
}

fn canonical(path: &Path) -> Result<PathBuf, HostError> {
    path.canonicalize().map_err(HostError::io("find", path))
}

/// Every directory above must let every user pass.
fn check_open(instances: &Path) -> Result<(), OpenError> {
    for above in instances.ancestors() {
        let metadata = fs::metadata(above).map_err(HostError::io("look at", above))?;
        if metadata.permissions().mode() & 0o001 == 0 {
            return Err(OpenError::Closed(above.to_owned()));
        }
    }
    Ok(())
}

/// Makes a small volume and removes it again.
fn probe_volumes(paths: &Paths) -> Result<Level, HostError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Level::Directory { why: "mounting needs root".to_owned() });
    }
    let nobody = InstanceId(Uuid::nil());
    let remove = || {
        if !volume::take_out(paths, nobody)? {
            return Err(HostError::VolumeBusy(paths.instance(nobody)));
        }
        volume::delete(paths, nobody)?;
        files::remove_tree(&paths.instance(nobody))
    };
    // What an earlier probe left when it was killed.
    remove()?;
    let tried = super::mount::make_image(&paths.image(nobody), PROBE_BYTES)
        .map_err(|error| match error {
            super::mount::MakeError::NoRoom => "the disk is full".to_owned(),
            super::mount::MakeError::Host(error) => error.in_full(),
        })
        .and_then(|()| {
            let found = Found { size_bytes: PROBE_BYTES, is_image: true };
            let own = Access::own(0o700);
            files::ensure_dir(&paths.instance(nobody), own)
                .and_then(|()| volume::ensure_in_place(paths, nobody, found, own))
                .map_err(|error| error.in_full())
        });
    remove()?;
    Ok(match tried {
        Ok(()) => Level::Image,
        Err(why) => Level::Directory { why },
    })
}

fn addresses(wish: Addresses, range: Option<&Range>) -> (Ipv4Addr, u32) {
    match (wish, range) {
        (Addresses::Fixed { first, count }, _) => (first, count),
        (Addresses::Auto, range) => {
            let network = range.map_or(Ipv4Addr::LOCALHOST, Range::network);
            // Without the network's own address, and without the last for symmetry.
            (Ipv4Addr::from(u32::from(network) + 1), ADDRESSES_PER_RANGE - 2)
        }
    }
}

/// Uids follow from the address range, so stacks that share no address share no uid.
fn first_uid(first_address: Ipv4Addr) -> u32 {
    let rank = (u32::from(first_address) / ADDRESSES_PER_RANGE) % ADDRESSES_PER_RANGE;
    FIRST_UID + rank * ADDRESSES_PER_RANGE * UIDS_PER_PLACE
}

/// Names the stack's control groups: the same for a stack as long as it stays where it is.
fn stack_id(stack: &Path) -> String {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, stack.as_os_str().as_encoded_bytes());
    id.simple().to_string()[..12].to_owned()
}
