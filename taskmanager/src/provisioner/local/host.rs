//! What this host offers: memory, and ports that are free on all addresses.

use super::config::OpenError;
use super::error::HostError;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// Kept for the control plane and the rest of the machine: an eighth, at least this much.
const RESERVE_MB_MIN: u64 = 512;
/// How far above an engine's standard port another one is looked for.
const PORTS_TRIED: u16 = 200;

/// Memory for instances, in MiB: that of the machine or of the container that this is, without
/// a reserve. The reserve also pays for what servers take beyond their flavors.
pub(crate) fn memory_mb() -> Result<u64, HostError> {
    let path = Path::new("/proc/meminfo");
    let facts = fs::read_to_string(path).map_err(HostError::io("read", path))?;
    let machine_kib: u64 = facts
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"))
        .and_then(|figure| figure.trim().parse().ok())
        .ok_or(HostError::Foreign { path: path.to_owned(), wanted: "the kernel's table" })?;
    let total = (machine_kib / 1024).min(container_mb().unwrap_or(u64::MAX));
    Ok(total.saturating_sub((total / 8).max(RESERVE_MB_MIN)))
}

/// The limit of the group that everything here runs in, if it has one: in a container this
/// group is at the top.
fn container_mb() -> Option<u64> {
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok())
        .min()
        .map(|bytes| bytes >> 20)
}

/// For each of `standard` that a program listens to on all addresses: the next port that none
/// does. Tried on `address`, where no server listens.
pub(crate) fn moved_ports(
    address: Ipv4Addr,
    standard: impl IntoIterator<Item = u16>,
) -> Result<BTreeMap<u16, u16>, OpenError> {
    let mut moved = BTreeMap::new();
    for port in standard {
        let free = (port..=port.saturating_add(PORTS_TRIED))
            .find(|port| is_free(address, *port))
            .ok_or(OpenError::NoPort(port))?;
        if free != port {
            moved.insert(port, free);
        }
    }
    Ok(moved)
}

/// Whoever listens on all addresses is in the way of one that listens on this one.
fn is_free(address: Ipv4Addr, port: u16) -> bool {
    !matches!(TcpListener::bind((address, port)), Err(error) if error.kind() == ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_has_on_all_addresses_is_moved_and_one_on_another_address_is_not() {
        let elsewhere = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
        let port = elsewhere.local_addr().unwrap().port();
        let address = Ipv4Addr::new(127, 0, 0, 3);
        assert_eq!(moved_ports(address, [port]).unwrap(), BTreeMap::new());

        let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = everywhere.local_addr().unwrap().port();
        let moved = moved_ports(address, [port]).unwrap();
        assert!(moved[&port] > port, "{moved:?}");
    }

    #[test]
    fn some_memory_is_left_for_the_rest_of_the_machine() {
        let facts = fs::read_to_string("/proc/meminfo").unwrap();
        let total: u64 = facts.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(memory_mb().unwrap() < total / 1024);
    }
}
