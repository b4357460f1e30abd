//! A range of 127/8 that belongs to one stack of the machine.
//!
//! 127/8 has 4096 ranges of 4096 addresses; the first has 127.0.0.1 in it and the last a
//! broadcast address, the others can be had. A stack begins to look at one that follows from its
//! directory's path, takes the first that nobody holds, and writes it down for ever.
//!
//! Holding a range is a lock on a file that all stacks of the machine agree on. It is claimed
//! exclusively, so that two can't claim it at once, and then held shared: by the taskmanager,
//! and by every shim, which inherits the open file as its standard input. So a range stays its
//! stack's while one of its databases runs, with or without a control plane; and a taskmanager
//! that comes back joins its shims. Who claimed it last stands in the file: a stack that was
//! wholly down finds out when another one took its range meanwhile.
//!
//! # Invariants
//! - A range once written down is never exchanged: instances have addresses in it.
//! - The kernel frees the lock with its last holder.

use super::config::OpenError;
use super::error::HostError;
use super::files::{self, Access};
use super::process::holds_until;
use rustix::fs::{Mode, OFlags, fchmod};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Addresses of a range.
pub const ADDRESSES_PER_RANGE: u32 = 1 << 12;
/// The first and the last range are not to be had.
const RANGES: u32 = (1 << 12) - 2;
/// Another stack that tries a range holds it for less than this.
const TRY_MAX: Duration = Duration::from_millis(500);
/// The file in the stack's directory.
const RECORD: &str = "address-range";

/// A range that this process holds.
#[derive(Debug)]
pub struct Range {
    network: Ipv4Addr,
    lock: File,
}

impl Range {
    /// Its network address, which no server gets.
    pub fn network(&self) -> Ipv4Addr {
        self.network
    }

    /// What a process must hold open for the range to stay this stack's.
    ///
    /// # Errors
    /// When the process has too many files open.
    pub fn share(&self) -> std::io::Result<File> {
        self.lock.try_clone()
    }
}

/// Takes the range of the stack in `stack_dir`, choosing one if it has none yet. `locks` is the
/// directory that all stacks of the machine agree on.
///
/// # Errors
/// Every range is in use, or another stack took this one's.
pub fn claim_range(locks: &Path, stack_dir: &Path) -> Result<Range, OpenError> {
    let owner = stack_dir.display().to_string();
    if let Some(text) = files::read_own(&stack_dir.join(RECORD))? {
        let network = parse(&text).ok_or_else(|| HostError::Foreign {
            path: stack_dir.join(RECORD),
            wanted: "a range of addresses",
        })?;
        return rejoin(locks, network, &owner);
    }
    let start = Uuid::new_v5(&Uuid::NAMESPACE_OID, owner.as_bytes()).as_u128();
    let start = u32::try_from(start % u128::from(RANGES)).expect("less than the divisor");
    for step in 0..RANGES {
        let network = network(1 + (start + step) % RANGES);
        let Some(mut lock) = open(locks, network)? else {
            continue;
        };
        if !claim(&mut lock, &owner)? {
            continue;
        }
        let text = format!("{network}/20\n");
        files::write(stack_dir, RECORD, text.as_bytes(), Access::own(0o600))?;
        return Ok(Range { network, lock });
    }
    Err(OpenError::NoRange)
}

/// Takes a range that is this stack's already, alone or beside its own shims.
fn rejoin(locks: &Path, network: Ipv4Addr, owner: &str) -> Result<Range, OpenError> {
    let taken =
        |by: &str| OpenError::RangeTaken { range: format!("{network}/20"), by: by.to_owned() };
    let Some(mut lock) = open(locks, network)? else {
        return Err(taken("an unknown place, whose lock can't be read"));
    };
    if claim(&mut lock, owner)? {
        return Ok(Range { network, lock });
    }
    let mut outcome = Ok(());
    let is_shared = holds_until(Instant::now() + TRY_MAX, || {
        outcome = lock.try_lock_shared();
        !matches!(outcome, Err(TryLockError::WouldBlock))
    });
    if !is_shared {
        return Err(taken("an unknown place, which holds it for itself"));
    }
    outcome.map_err(|error| HostError::io("lock", locks)(error.into()))?;
    let by = read(&mut lock).map_err(HostError::io("read", locks))?;
    if by.trim() == owner { Ok(Range { network, lock }) } else { Err(taken(by.trim())) }
}

/// Makes the range ours if nobody holds it.
fn claim(lock: &mut File, owner: &str) -> Result<bool, HostError> {
    let at = Path::new(owner);
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => {
            return Err(HostError::io("lock a range for", at)(error));
        }
    }
    lock.set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "{owner}"))
        .map_err(HostError::io("claim a range for", at))?;
    // Between the two locks another may claim it: then the second one is refused.
    match lock.try_lock_shared() {
        Ok(()) => Ok(read(lock).is_ok_and(|by| by.trim() == owner)),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(HostError::io("lock a range for", at)(error)),
    }
}

/// The range's file, for every user to lock and to write; `None` where another user keeps us out.
fn open(locks: &Path, network: Ipv4Addr) -> Result<Option<File>, HostError> {
    let path = locks.join(format!("trove-range-{network}"));
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let everyone = Mode::from_raw_mode(0o666);
    loop {
        // In this order: the kernel may forbid `O_CREAT` on another user's file in such a place.
        match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(file) => return Ok(Some(file.into())),
            Err(rustix::io::Errno::ACCESS | rustix::io::Errno::LOOP) => return Ok(None),
            Err(rustix::io::Errno::NOENT) => {}
            Err(errno) => return Err(HostError::errno("open", &path)(errno)),
        }
        match rustix::fs::open(&path, flags | OFlags::CREATE | OFlags::EXCL, everyone) {
            Ok(file) => {
                // The mode of creation is cut by the umask.
                fchmod(&file, everyone).map_err(HostError::errno("open for all", &path))?;
                return Ok(Some(file.into()));
            }
            Err(rustix::io::Errno::EXIST) => {}
            Err(errno) => return Err(HostError::errno("create", &path)(errno)),
        }
    }
}

fn read(lock: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    lock.rewind()?;
    lock.take(4096).read_to_string(&mut text)?;
    Ok(text)
}

fn network(rank: u32) -> Ipv4Addr {
    Ipv4Addr::from((127 << 24) | (rank * ADDRESSES_PER_RANGE))
}

fn parse(text: &str) -> Option<Ipv4Addr> {
    let network: Ipv4Addr = text.trim().strip_suffix("/20")?.parse().ok()?;
    let is_range = u32::from(network) % ADDRESSES_PER_RANGE == 0 && network.is_loopback();
    is_range.then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_stacks_get_two_ranges_and_each_gets_its_own_again() {
        let (locks, one, two) = directories();
        let first = claim_range(locks.path(), one.path()).unwrap();
        let second = claim_range(locks.path(), two.path()).unwrap();
        assert_ne!(first.network(), second.network());
        let network = first.network();
        drop(first);
        assert_eq!(claim_range(locks.path(), one.path()).unwrap().network(), network);
    }

    #[test]
    fn a_stack_joins_those_of_its_own_that_hold_the_range_still() {
        let (locks, one, _) = directories();
        let first = claim_range(locks.path(), one.path()).unwrap();
        let shim = first.share().unwrap();
        let again = claim_range(locks.path(), one.path()).unwrap();
        assert_eq!(again.network(), first.network());
        drop((first, again));
        assert!(!claim(&mut relock(locks.path(), &shim, one.path()), "/other").unwrap());
    }

    #[test]
    fn a_range_that_another_stack_took_meanwhile_is_reported_with_its_name() {
        let (locks, one, _) = directories();
        let network = claim_range(locks.path(), one.path()).unwrap().network();
        let mut other = open(locks.path(), network).unwrap().unwrap();
        assert!(claim(&mut other, "/other/stack").unwrap());
        let refused = claim_range(locks.path(), one.path());
        assert!(
            matches!(&refused, Err(OpenError::RangeTaken { by, .. }) if by == "/other/stack"),
            "{refused:?}"
        );
    }

    #[test]
    fn a_held_range_is_passed_over_by_others() {
        let (locks, one, _) = directories();
        let mine = claim_range(locks.path(), one.path()).unwrap();
        std::fs::remove_file(one.path().join(RECORD)).unwrap();
        assert_ne!(claim_range(locks.path(), one.path()).unwrap().network(), mine.network());
    }

    #[test]
    fn only_whole_ranges_of_127_are_read() {
        assert_eq!(parse("127.4.16.0/20\n"), Some(Ipv4Addr::new(127, 4, 16, 0)));
        for text in ["127.4.16.1/20", "10.4.16.0/20", "127.4.16.0", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    fn directories() -> (tempfile::TempDir, tempfile::TempDir, tempfile::TempDir) {
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
    }

    /// Another process's open file of the range that `held` keeps from it.
    fn relock(locks: &Path, held: &File, stack_dir: &Path) -> File {
        assert!(held.metadata().unwrap().is_file());
        let text = std::fs::read_to_string(stack_dir.join(RECORD)).unwrap();
        open(locks, parse(&text).unwrap()).unwrap().unwrap()
    }
}
