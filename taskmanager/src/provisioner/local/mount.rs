//! Image files as file systems: made, mounted through a loop device, unmounted.
//!
//! # Invariants
//! - Every block of an image belongs to it before a file system is on it, and stays its own: the
//!   loop device does not pass discards on, so no trimming gives blocks back to the host.
//! - Nothing is ever unmounted lazily: after an unmount nobody writes to the image any more.

use super::error::HostError;
use super::files::{self, Access};
use super::process::{holds_until, run};
use rustix::fs::{FallocateFlags, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountPropagationFlags, UnmountFlags, mount_change, unmount};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The kernel lets go of a loop device a moment after its file system is unmounted.
const DETACH_MAX: Duration = Duration::from_secs(5);

/// Why an image could not be made.
#[derive(Debug)]
pub(crate) enum MakeError {
    /// The disk has not that many blocks left.
    NoRoom,
    /// Anything else.
    Host(HostError),
}

impl From<HostError> for MakeError {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// Makes an image with an empty ext4 at `path`, whole or not at all.
pub(crate) fn make_image(path: &Path, bytes: u64) -> Result<(), MakeError> {
    let new = path.with_extension("new");
    files::remove(&new)?;
    let made = allocate(&new, bytes).and_then(|()| Ok(format(&new)?));
    if made.is_err() {
        files::remove(&new)?;
        return made;
    }
    fs::rename(&new, path).map_err(HostError::io("rename", &new))?;
    files::sync_dir(path.parent().unwrap_or(Path::new("/")))?;
    Ok(())
}

fn allocate(path: &Path, bytes: u64) -> Result<(), MakeError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    let file = rustix::fs::open(path, flags, mode).map_err(HostError::errno("create", path))?;
    take_blocks(&fs::File::from(file), path, bytes)
}

/// Makes an image longer, with blocks of its own; those that it got before the disk was full stay.
pub(crate) fn extend(path: &Path, bytes: u64) -> Result<(), MakeError> {
    let file = fs::File::options().write(true).open(path).map_err(HostError::io("open", path))?;
    take_blocks(&file, path, bytes)
}

fn take_blocks(file: &fs::File, path: &Path, bytes: u64) -> Result<(), MakeError> {
    loop {
        match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => return Err(MakeError::NoRoom),
            Err(errno) => {
                return Err(HostError::errno("allocate the blocks of", path)(errno).into());
            }
        }
    }
}

/// Freshly allocated blocks read as zeros, so nothing of the file system's tables is written now,
/// nor later in the background. Discarding would give the blocks back to the host.
fn format(path: &Path) -> Result<(), HostError> {
    let options = "nodiscard,lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1";
    run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0", "-E", options]).arg(path))?;
    fs::File::open(path).and_then(|file| file.sync_all()).map_err(HostError::io("sync", path))
}

/// Mounts an image at `target`, whose own directory must be there, and gives the file system's
/// first directory this access.
pub(crate) fn ensure_mounted(image: &Path, target: &Path, access: Access) -> Result<(), HostError> {
    if !is_mounted(image, target)? {
        let options = "loop,nosuid,nodev,noexec,noatime";
        run(Command::new("mount").args(["-t", "ext4", "-o", options]).args([image, target]))?;
    }
    // Else whoever binds the whole tree somewhere, as containers do, keeps the volume for as long
    // as he lives.
    mount_change(target, MountPropagationFlags::UNBINDABLE)
        .map_err(HostError::errno("keep others from binding", target))?;
    for device in loop_devices(image)? {
        let limit = device.join("queue/discard_max_bytes");
        fs::write(&limit, "0").map_err(HostError::io("turn off", &limit))?;
    }
    files::ensure_dir(target, access)
}

/// Whether the file system at `target` is the one of `image`.
pub(crate) fn is_mounted(image: &Path, target: &Path) -> Result<bool, HostError> {
    let Some(source) = mounted_at(target)?.pop() else {
        return Ok(false);
    };
    let name = source.rsplit('/').next().unwrap_or(&source);
    if loop_devices(image)?.iter().any(|device| device.ends_with(name)) {
        return Ok(true);
    }
    Err(HostError::Foreign { path: target.to_owned(), wanted: "a mount point of ours" })
}

/// Unmounts whatever is mounted at `target`; says whether it could, which it can't while a
/// process uses it.
pub(crate) fn unmount_all(target: &Path) -> Result<bool, HostError> {
    while !mounted_at(target)?.is_empty() {
        match unmount(target, UnmountFlags::NOFOLLOW) {
            Ok(()) | Err(Errno::INVAL) => {}
            Err(Errno::BUSY) => return Ok(false),
            Err(errno) => return Err(HostError::errno("unmount", target)(errno)),
        }
    }
    Ok(true)
}

/// Leaves no loop device that refers to `image`, which must not be mounted.
pub(crate) fn ensure_detached(image: &Path) -> Result<(), HostError> {
    let is_detached = || loop_devices(image).is_ok_and(|devices| devices.is_empty());
    // A device that `mount` made goes with its mount; one that a crash left behind does not.
    if holds_until(Instant::now() + DETACH_MAX / 10, is_detached) {
        return Ok(());
    }
    for device in loop_devices(image)? {
        let name = device.file_name().unwrap_or_default();
        run(Command::new("losetup").arg("-d").arg(Path::new("/dev").join(name)))?;
    }
    if holds_until(Instant::now() + DETACH_MAX, is_detached) {
        return Ok(());
    }
    Err(HostError::VolumeBusy(image.to_owned()))
}

/// The devices in `/sys/block` that refer to `image`, also when it was deleted since.
pub(crate) fn loop_devices(image: &Path) -> Result<Vec<PathBuf>, HostError> {
    let block = Path::new("/sys/block");
    let image = image.to_string_lossy();
    let refers = |device: &PathBuf| {
        let file = fs::read_to_string(device.join("loop/backing_file")).unwrap_or_default();
        let file = file.trim_end_matches('\n');
        file.strip_suffix(" (deleted)").unwrap_or(file) == image
    };
    Ok(files::names(block)?
        .into_iter()
        .filter(|name| name.starts_with("loop"))
        .map(|name| block.join(name))
        .filter(refers)
        .collect())
}

/// What is mounted at `target`, by its source; the last one is on top.
fn mounted_at(target: &Path) -> Result<Vec<String>, HostError> {
    let target = target.to_string_lossy();
    Ok(Mount::all()?
        .into_iter()
        .filter(|mount| mount.target == target)
        .map(|mount| mount.source)
        .collect())
}

/// A line of `/proc/self/mountinfo`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Where it is mounted.
    pub(crate) target: String,
    /// The type of its file system.
    pub(crate) kind: String,
    /// The device, if it has one.
    pub(crate) source: String,
    /// The file system's own options.
    pub(crate) options: String,
}

impl Mount {
    /// All mounts of this process's namespace, in their order.
    pub(crate) fn all() -> Result<Vec<Self>, HostError> {
        let path = Path::new("/proc/self/mountinfo");
        let table = fs::read_to_string(path).map_err(HostError::io("read", path))?;
        Ok(table.lines().filter_map(Self::parse).collect())
    }

    fn parse(line: &str) -> Option<Self> {
        // A varying number of optional fields ends with a lone hyphen.
        let (place, file_system) = line.split_once(" - ")?;
        let mut words = file_system.split(' ');
        Some(Self {
            target: unescaped(place.split(' ').nth(4)?),
            kind: words.next()?.to_owned(),
            source: unescaped(words.next()?),
            options: words.next().unwrap_or_default().to_owned(),
        })
    }
}

/// The kernel writes space, tab, line feed and backslash as three octal digits.
fn unescaped(word: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(word.to_owned(), |word, (code, text)| word.replace(code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_with_optional_fields_and_a_space_in_its_path_is_understood() {
        let line = r"36 35 98:0 /x /mnt/a\040b rw,noatime master:1 shared:2 - ext4 /dev/loop3 rw";
        assert_eq!(
            Mount::parse(line),
            Some(Mount {
                target: "/mnt/a b".into(),
                kind: "ext4".into(),
                source: "/dev/loop3".into(),
                options: "rw".into(),
            })
        );
    }
}
