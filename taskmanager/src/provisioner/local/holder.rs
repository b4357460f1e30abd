//! Who holds a lock, and its end: another taskmanager of this stack that hangs.

use super::error::HostError;
use super::process::{Process, program};
use rustix::process::Signal;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Kills the other process of our program that has the lock on `file`; says whether there was
/// one and it ended within `patience`.
pub(crate) fn end(file: &File, patience: Duration) -> Result<bool, HostError> {
    let Some(holder) = find(file)? else { return Ok(false) };
    holder.signal(Signal::KILL)?;
    Ok(holder.ends_until(Instant::now() + patience))
}

fn find(file: &File) -> Result<Option<Process>, HostError> {
    let locks = Path::new("/proc/locks");
    let table = fs::read_to_string(locks).map_err(HostError::io("read", locks))?;
    let inode = file.metadata().map_err(HostError::io("look at", locks))?.ino();
    let us = std::process::id().cast_signed();
    let is_one_of_us = |pid| pid != us && program(pid) == program(us) && has_open(pid, file);
    Ok(pids(&table, inode).find_map(|pid| Process::held(pid, is_one_of_us)))
}

/// Whom the table shows as holder of a lock by `flock` on that inode, of whatever file system.
fn pids(table: &str, inode: u64) -> impl Iterator<Item = i32> + '_ {
    table.lines().filter_map(move |line| {
        // number: FLOCK ADVISORY WRITE pid major:minor:inode start end; who waits has an arrow.
        let mut words = line.split_ascii_whitespace().skip(1);
        let is_flock = words.next() == Some("FLOCK");
        let pid = words.nth(2)?.parse().ok()?;
        let found = words.next()?.rsplit(':').next()?.parse::<u64>().ok()?;
        (is_flock && found == inode).then_some(pid)
    })
}

fn has_open(pid: i32, file: &File) -> bool {
    let same = |path: &Path| {
        let (Ok(open), Ok(wanted)) = (fs::metadata(path), file.metadata()) else { return false };
        (open.dev(), open.ino()) == (wanted.dev(), wanted.ino())
    };
    let Ok(mut files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    files.any(|entry| entry.is_ok_and(|entry| same(&entry.path())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_found_in_the_table_and_who_waits_is_not() {
        let table = "\
1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF
2: FLOCK  ADVISORY  WRITE 12 08:01:77 0 EOF
2: -> FLOCK  ADVISORY  WRITE 13 08:01:77 0 EOF
3: FLOCK  ADVISORY  WRITE 14 08:01:78 0 EOF
4: nonsense
";
        assert_eq!(pids(table, 77).collect::<Vec<_>>(), [12]);
    }

    #[test]
    fn this_process_is_never_ended() {
        let file = tempfile::tempfile().unwrap();
        file.try_lock().unwrap();
        assert!(!end(&file, Duration::ZERO).unwrap());
    }
}
