//! Files that survive a crash, in directories that agents and servers may write to.
//!
//! # Invariants
//! - No function follows a symbolic link in the last part of a path: as root, what lies in an
//!   instance's directory may have been put there by its server.
//! - A written file is the old one or the new one, whole, whenever the power fails.

use super::error::HostError;
use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, Uid, fchmod, fchown, openat, renameat, unlinkat,
};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Larger than any file that is read here.
const READ_BYTES_MAX: u64 = 256 * 1024;

/// Whose a file or directory is, and who else may use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// Its owner; the caller when absent.
    pub(crate) uid: Option<u32>,
    /// Its group; the caller's when absent.
    pub(crate) gid: Option<u32>,
    /// Permission bits.
    pub(crate) mode: u32,
}

impl Access {
    /// The caller's own, with these permission bits.
    pub(crate) fn own(mode: u32) -> Self {
        Self { uid: None, gid: None, mode }
    }

    fn apply(self, file: &File, path: &Path) -> Result<(), HostError> {
        let uid = self.uid.map(Uid::from_raw);
        let gid = self.gid.map(Gid::from_raw);
        if uid.is_some() || gid.is_some() {
            fchown(file, uid, gid).map_err(HostError::errno("change the owner of", path))?;
        }
        // After the owner, since a change of owner clears some bits.
        fchmod(file, Mode::from_raw_mode(self.mode))
            .map_err(HostError::errno("change the mode of", path))
    }
}

/// Leaves a directory at `path` with this access; its parent must be there.
pub(crate) fn ensure_dir(path: &Path, access: Access) -> Result<(), HostError> {
    match rustix::fs::mkdirat(CWD, path, Mode::RWXU) {
        Ok(()) => sync_dir(path.parent().unwrap_or(Path::new("/")))?,
        Err(Errno::EXIST) => {}
        Err(errno) => return Err(HostError::errno("make", path)(errno)),
    }
    access.apply(&open_dir(path)?, path)
}

/// Opens a directory itself, never what a link at its place points to.
pub(crate) fn open_dir(path: &Path) -> Result<File, HostError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
        .map(File::from)
        .map_err(HostError::errno("open the directory", path))
}

/// Puts `bytes` into `directory` under `name`, in one step that is on disk when this returns.
pub(crate) fn write(
    directory: &Path,
    name: &str,
    bytes: &[u8],
    access: Access,
) -> Result<(), HostError> {
    let path = directory.join(name);
    // The open directory stays the same one, whatever its owner does to its name meanwhile.
    let parent = open_dir(directory)?;
    let new = format!("{name}.new");
    match unlinkat(&parent, &new, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(HostError::errno("remove what was left of", &path)(errno)),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = openat(&parent, &new, flags, Mode::RUSR | Mode::WUSR)
        .map(File::from)
        .map_err(HostError::errno("create", &path))?;
    file.write_all(bytes).map_err(HostError::io("write", &path))?;
    access.apply(&file, &path)?;
    file.sync_all().map_err(HostError::io("sync", &path))?;
    renameat(&parent, &new, &parent, name).map_err(HostError::errno("rename", &path))?;
    parent.sync_all().map_err(HostError::io("sync", directory))
}

/// The text of a file of our own; `None` where there is none, or one of somebody else.
pub(crate) fn read_own(path: &Path) -> Result<Option<String>, HostError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT | Errno::LOOP) => return Ok(None),
        Err(errno) => return Err(HostError::errno("open", path)(errno)),
    };
    let metadata = file.metadata().map_err(HostError::io("look at", path))?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Ok(None);
    }
    let mut text = String::new();
    match file.take(READ_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(HostError::io("read", path)(error)),
    }
}

/// Opens a log of our own to write at its end; what somebody else put there is removed.
pub(crate) fn open_log(path: &Path, access: Access) -> Result<File, HostError> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    if let Ok(file) = openat(CWD, path, flags | OFlags::NONBLOCK, Mode::empty()).map(File::from) {
        let metadata = file.metadata().map_err(HostError::io("look at", path))?;
        let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if is_ours && metadata.is_file() && metadata.nlink() == 1 {
            return Ok(file);
        }
    }
    remove(path)?;
    let flags = flags | OFlags::CREATE | OFlags::EXCL;
    let file = openat(CWD, path, flags, Mode::RUSR | Mode::WUSR)
        .map(File::from)
        .map_err(HostError::errno("create", path))?;
    access.apply(&file, path)?;
    Ok(file)
}

/// Removes a file; its absence is success.
pub(crate) fn remove(path: &Path) -> Result<(), HostError> {
    absent_is_fine(fs::remove_file(path)).map_err(HostError::io("remove", path))
}

/// Removes a directory with all that is in it; its absence is success.
pub(crate) fn remove_tree(path: &Path) -> Result<(), HostError> {
    absent_is_fine(fs::remove_dir_all(path)).map_err(HostError::io("remove", path))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), HostError> {
    open_dir(path)?.sync_all().map_err(HostError::io("sync", path))
}

/// The names in a directory; none where it is absent.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, HostError> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(HostError::io("list", path))?,
    };
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

/// What the files below `path` take of the disk, in bytes. Files that vanish meanwhile count as
/// nothing.
pub(crate) fn used_bytes(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return 0;
    };
    let below = if metadata.is_dir() {
        fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| used_bytes(&entry.path()))
            .sum()
    } else {
        0
    };
    // The unit of `blocks` is 512 bytes, whatever the file system's own blocks are.
    metadata.blocks() * 512 + below
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
