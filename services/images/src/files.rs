//! Small things done to files and directories, with errors that name them.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::error::Error;

/// Makes a directory that everybody may pass through and read, and those missing above it.
pub(crate) fn make_dir(path: &Path) -> Result<(), Error> {
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty())
        && !above.exists()
    {
        make_dir(above)?;
    }
    match fs::create_dir(path) {
        Err(error) if !path.is_dir() => Err(Error::io(path)(error)),
        _ => set_mode(path, 0o755),
    }
}

/// Sets permission bits, whatever the caller's mask says; unchanged ones are not touched, so
/// that a reader may pass where everything is in order.
pub(crate) fn set_mode(path: &Path, mode: u32) -> Result<(), Error> {
    let is = fs::symlink_metadata(path).map_err(Error::io(path))?.permissions().mode() & 0o7777;
    if is == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::io(path))
}

/// Replaces a file's content; not atomic.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::io(path))
}

/// Replaces a file so that after a crash it has the old content or the new one.
pub(crate) fn write_durably(path: &Path, text: &str) -> Result<(), Error> {
    let new = path.with_extension("new");
    File::create(&new)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .map_err(Error::io(&new))?;
    set_mode(&new, 0o644)?;
    rename(&new, path)
}

/// Renames within one file system and waits until that is on disk.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::io(to))?;
    let above = to.parent().unwrap_or(Path::new("/"));
    File::open(above).and_then(|directory| directory.sync_all()).map_err(Error::io(above))
}

/// Waits until everything in the file system of `path` is on disk: one call in place of
/// thousands, as an image has thousands of small files.
pub(crate) fn sync_all(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|directory| Ok(rustix::fs::syncfs(directory)?))
        .map_err(Error::io(path))
}

/// Removes a file or a whole directory; absent is fine.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

/// Bytes in the files of a directory that is being written to: what vanishes counts nothing.
pub(crate) fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The names in a directory, sorted; an absent directory is empty.
pub(crate) fn names(directory: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::io(directory))?,
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>, io::Error>>()
        .map_err(Error::io(directory))?;
    names.sort();
    Ok(names)
}

/// Makes the skeleton of a root in which /bin, /lib... are links into /usr, as in Debian since 12.
pub(crate) fn make_merged_root(root: &Path) -> Result<(), Error> {
    for name in ["bin", "sbin", "lib", "lib64"] {
        make_dir(&root.join("usr").join(name))?;
        symlink(Path::new("usr").join(name), root.join(name)).map_err(Error::io(root))?;
    }
    set_mode(root, 0o755)
}

/// Lets everybody read the tree and nobody but its owner write to it; takes set-user-id bits
/// away, since an image's programs must never gain rights. As root also takes the tree over.
pub(crate) fn open_to_readers(path: &Path) -> Result<(), Error> {
    let metadata = fs::symlink_metadata(path).map_err(Error::io(path))?;
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::lchown(path, Some(0), Some(0)).map_err(Error::io(path))?;
    }
    if metadata.is_dir() {
        set_mode(path, 0o755)?;
        for name in names(path)? {
            open_to_readers(&path.join(name))?;
        }
    } else if metadata.is_file() {
        let is_executable = metadata.permissions().mode() & 0o111 != 0;
        set_mode(path, if is_executable { 0o755 } else { 0o644 })?;
    }
    Ok(())
}
