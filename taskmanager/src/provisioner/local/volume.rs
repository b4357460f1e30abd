//! Volumes: image files of a fixed size where the host can mount them, directories elsewhere.
//!
//! # Invariants
//! - A volume that was admitted can be filled to its size: an image owns its blocks, and the
//!   unused rest of every directory is counted as taken when another volume asks for room.
//! - What kind a volume is stands on disk, so a host that gained or lost a means goes on with the
//!   volumes that it has.

use super::super::ProvisionError;
use super::error::HostError;
use super::files::{self, Access};
use super::growth;
use super::mount::{self, MakeError};
use super::paths::{Paths, sized_directory};
use domain::guest_spec::Layout;
use domain::ids::InstanceId;
use domain::instance::FaultCause;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Kept free for the log and everything else on the same disk: a twentieth, at most this much.
const RESERVE_BYTES_MAX: u64 = 2 << 30;

/// Which kind of volume is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Level {
    /// An image file with a file system of its own.
    Image,
    /// A directory.
    Directory {
        /// Why not an image.
        why: String,
    },
}

/// A volume that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its size.
    pub(crate) size_bytes: u64,
    /// Whether it is an image.
    pub(crate) is_image: bool,
}

/// The volume of an instance, if it was made.
pub(crate) fn find(paths: &Paths, id: InstanceId) -> Result<Option<Found>, HostError> {
    let image = paths.image(id);
    match fs::metadata(&image) {
        Ok(metadata) => return Ok(Some(Found { size_bytes: metadata.len(), is_image: true })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(HostError::io("look at", &image)(error)),
    }
    let path = paths.sized_directory(id);
    let Some(text) = files::read_own(&path)? else {
        return Ok(None);
    };
    let size_bytes = text
        .trim()
        .parse()
        .map_err(|_| HostError::Foreign { path, wanted: "the size of a volume" })?;
    Ok(Some(Found { size_bytes, is_image: false }))
}

/// Makes the volume unless it is there. The instance's directory must be there already.
pub(crate) fn ensure(
    paths: &Paths,
    level: &Level,
    id: InstanceId,
    size_bytes: u64,
) -> Result<Found, ProvisionError> {
    if let Some(found) = find(paths, id)? {
        return Ok(found);
    }
    // One at a time: two that each fit may not fit together.
    let _counting = lock_room(paths)?;
    let room = room_bytes(paths, level)?;
    if size_bytes > room {
        return Err(no_room(size_bytes, room));
    }
    let is_image = *level == Level::Image;
    if is_image {
        mount::make_image(&paths.image(id), size_bytes).map_err(|error| match error {
            MakeError::NoRoom => no_room(size_bytes, room),
            MakeError::Host(error) => error.into(),
        })?;
    } else {
        record_size(paths, id, size_bytes)?;
    }
    Ok(Found { size_bytes, is_image })
}

/// Writes down how large a volume is that is a directory.
pub(crate) fn record_size(paths: &Paths, id: InstanceId, size_bytes: u64) -> Result<(), HostError> {
    let text = format!("{size_bytes}\n");
    files::write(&paths.volumes(), &sized_directory(id), text.as_bytes(), Access::own(0o600))
}

/// Waits until nobody else counts room.
pub(crate) fn lock_room(paths: &Paths) -> Result<File, HostError> {
    lock(&paths.volumes().join("lock"))
}

/// Leaves the volume at its place in the instance's directory, mounted if it is an image.
pub(crate) fn ensure_in_place(
    paths: &Paths,
    id: InstanceId,
    found: Found,
    access: Access,
) -> Result<(), HostError> {
    let directory = paths.instance(id);
    let place = Layout(&directory).volume();
    if !found.is_image {
        return files::ensure_dir(&place, access);
    }
    if mount::is_mounted(&paths.image(id), &place)? {
        return Ok(());
    }
    // Nobody but us writes below a mount point that has lost its volume.
    files::ensure_dir(&place, Access::own(0o700))?;
    mount::ensure_mounted(&paths.image(id), &place, access)
}

/// Takes the volume out of the instance's directory without deleting it; says whether it could,
/// which it can't while a process uses it.
pub(crate) fn take_out(paths: &Paths, id: InstanceId) -> Result<bool, HostError> {
    let directory = paths.instance(id);
    if !mount::unmount_all(&Layout(&directory).volume())? {
        return Ok(false);
    }
    mount::ensure_detached(&paths.image(id))?;
    Ok(true)
}

/// Deletes what the volume is made of, after it was taken out.
pub(crate) fn delete(paths: &Paths, id: InstanceId) -> Result<(), HostError> {
    let (image, sized) = (paths.image(id), paths.sized_directory(id));
    let torn = [image.with_extension("new"), sized.with_extension("dir.new")];
    let leftovers = torn.into_iter().chain(growth::leftovers(paths, id));
    for path in leftovers.chain([image, sized]) {
        files::remove(&path)?;
    }
    files::sync_dir(&paths.volumes())
}

/// What volumes of this host may take together, in bytes: what they hold and what is free.
pub(crate) fn capacity_bytes(paths: &Paths, level: &Level) -> Result<u64, HostError> {
    let held: u64 = all(paths)?.into_iter().map(|(_, _, used)| used).sum();
    Ok(held.saturating_add(free_bytes(paths, level)?))
}

/// What a new volume, or one that grows, may take: free and not promised to another.
pub(crate) fn room_bytes(paths: &Paths, level: &Level) -> Result<u64, HostError> {
    let promised: u64 =
        all(paths)?.into_iter().map(|(_, found, used)| found.size_bytes.saturating_sub(used)).sum();
    Ok(free_bytes(paths, level)?.saturating_sub(promised))
}

/// All volumes with what they take of the disk.
fn all(paths: &Paths) -> Result<Vec<(InstanceId, Found, u64)>, HostError> {
    let mut volumes = Vec::new();
    for name in files::names(&paths.volumes())? {
        let stem = name.strip_suffix(".img").or_else(|| name.strip_suffix(".dir"));
        let Some(id) = stem.and_then(|stem| stem.parse().ok()) else {
            continue;
        };
        // Gone since it was listed: takes nothing.
        let Some(found) = find(paths, id)? else {
            continue;
        };
        let used = if found.is_image {
            fs::metadata(paths.image(id)).map_or(0, |metadata| metadata.blocks() * 512)
        } else {
            files::used_bytes(&Layout(&paths.instance(id)).volume())
        };
        volumes.push((id, found, used));
    }
    Ok(volumes)
}

/// Free bytes of the disk that volumes lie on, without the reserve.
fn free_bytes(paths: &Paths, level: &Level) -> Result<u64, HostError> {
    let place = match level {
        Level::Image => paths.volumes(),
        Level::Directory { .. } => paths.instances.clone(),
    };
    let disk = rustix::fs::statvfs(&place).map_err(HostError::errno("measure", &place))?;
    let reserve = (disk.f_blocks * disk.f_frsize / 20).min(RESERVE_BYTES_MAX);
    // What is free for everybody, not what is free for root: root's part saves the host.
    Ok((disk.f_bavail * disk.f_frsize).saturating_sub(reserve))
}

fn no_room(asked: u64, room: u64) -> ProvisionError {
    ProvisionError::Refused {
        cause: FaultCause::NoDisk,
        detail: format!(
            "The host has no room for a volume of {}: {} are free and promised to no other \
             volume. Ask for a smaller volume, or delete an instance and try again.",
            gib(asked),
            gib(room)
        ),
    }
}

/// A size in words.
pub(crate) fn gib(bytes: u64) -> String {
    let hundredths = u128::from(bytes) * 100 / (1 << 30);
    format!("{}.{:02} GiB", hundredths / 100, hundredths % 100)
}

/// Waits until nobody else holds the lock.
pub(crate) fn lock(path: &Path) -> Result<File, HostError> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(HostError::io("open", path))?;
    file.lock().map_err(HostError::io("lock", path))?;
    Ok(file)
}
