//! Volumes that are file systems of their own, once their databases have stopped.

use super::place::Place;
use crate::console::Console;
use anyhow::Context as _;
use rustix::mount::{UnmountFlags, unmount};
use std::fs;
use std::path::{Path, PathBuf};

/// Unmounts what is mounted below the instances' directories, so that a stopped stack leaves the
/// host as it was; the next start mounts it again. What is in use stays.
pub(crate) fn unmount_all(place: &Place, console: &Console) -> anyhow::Result<()> {
    for volume in mounted(&place.instances())? {
        if let Err(error) = unmount(&volume, UnmountFlags::NOFOLLOW) {
            console.say(&format!("Volume {} stays mounted: {error}.", volume.display()));
        }
    }
    Ok(())
}

/// The mount points below `directory`, the innermost first.
pub(crate) fn mounted(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let table = fs::read_to_string("/proc/self/mountinfo").context("read what is mounted")?;
    Ok(mounted_in(&table, directory))
}

fn mounted_in(table: &str, directory: &Path) -> Vec<PathBuf> {
    // Paths of a stack have no character that the table would escape.
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    let mut below: Vec<PathBuf> =
        points.filter(|point| point.starts_with(directory) && point != directory).collect();
    below.sort_by_key(|point| std::cmp::Reverse(point.components().count()));
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mounted_below_is_found_and_what_is_beside_is_not() {
        let table = "36 35 7:1 / /s/i/a/v rw - ext4 /dev/loop1 rw\n\
                     37 35 7:2 / /s/i rw - ext4 /dev/loop2 rw\n\
                     38 35 7:3 / /s/i/b/v/deep rw - ext4 /dev/loop3 rw\n\
                     39 35 7:4 / /s/i2/v rw - ext4 /dev/loop4 rw\n";
        let found = mounted_in(table, Path::new("/s/i"));
        assert_eq!(found, [PathBuf::from("/s/i/b/v/deep"), PathBuf::from("/s/i/a/v")]);
    }
}
