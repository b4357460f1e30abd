//! Volumes that become larger.
//!
//! # Invariants
//! - A record on disk says from where to where an image grows: it is there before the first
//!   block is taken, and until the file system has them all.
//! - The file system is touched only when the image has all its blocks. Until then a growth can
//!   be taken back; from then on it is only ever finished.
//! - An image whose file system is to grow is not mounted before it has, whoever mounts it.
//! - A program that works on an image holds the instance's lock itself: it may outlive the
//!   taskmanager that started it, and nobody comes between.

use super::super::{GuestPlan, ProvisionError};
use super::error::HostError;
use super::files::{self, Access};
use super::ledger::Held;
use super::mount::{self, MakeError};
use super::paths::{Paths, growth};
use super::process::{run, run_holding};
use super::{LocalProvisioner, PATIENCE, keeping, volume};
use domain::guest_spec::Layout;
use domain::ids::InstanceId;
use domain::instance::FaultCause;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

/// `e2fsck` ends with 1 where it repaired something.
const REPAIRED: i32 = 1;

/// What the record says, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Growth {
    from: u64,
    to: u64,
}

impl LocalProvisioner {
    /// Leaves a volume of at least the plan's size, and a shim.
    pub(crate) fn ensure_volume_size(
        &self,
        fence: u64,
        plan: &GuestPlan,
    ) -> Result<(), ProvisionError> {
        let mut held = self.ledger.hold(plan.id, fence, PATIENCE)?;
        held.begin_making(fence)?;
        let to = u64::from(plan.volume_gib) << 30;
        let found = volume::find(&self.paths, plan.id)?.ok_or_else(keeping::missing)?;
        if found.is_image {
            self.grow_image(&held, plan.id, to)?;
        } else if found.size_bytes < to {
            let _counting = volume::lock_room(&self.paths)?;
            self.check_room(to - found.size_bytes)?;
            volume::record_size(&self.paths, plan.id, to)?;
        }
        self.ensure_running(&held, plan).map(|_| ())
    }

    /// Ends a growth, whichever way it can be ended; leaves a shim, with the plan's limits. Gives
    /// the volume's size.
    pub(crate) fn ensure_settled(
        &self,
        fence: u64,
        plan: &GuestPlan,
    ) -> Result<u32, ProvisionError> {
        let mut held = self.ledger.hold(plan.id, fence, PATIENCE)?;
        held.begin_making(fence)?;
        self.end_growth(&held, plan.id)?;
        let found = self.ensure_running(&held, plan)?;
        Ok(u32::try_from(found.size_bytes >> 30).unwrap_or(u32::MAX))
    }

    fn ensure_running(
        &self,
        held: &Held,
        plan: &GuestPlan,
    ) -> Result<volume::Found, ProvisionError> {
        let found = volume::find(&self.paths, plan.id)?.ok_or_else(keeping::missing)?;
        self.ensure_volume_in_place(held, plan, found)?;
        self.ensure_shim(plan, found, |credentials| !credentials.exists())?;
        Ok(found)
    }

    fn grow_image(&self, held: &Held, id: InstanceId, to: u64) -> Result<(), ProvisionError> {
        let other = recorded(&self.paths, id)?.is_some_and(|growth| growth.to != to);
        if other {
            self.end_growth(held, id)?;
        }
        let image = self.paths.image(id);
        let now = length(&image)?;
        if recorded(&self.paths, id)?.is_none() {
            if now >= to {
                return Ok(());
            }
            record(&self.paths, id, Growth { from: now, to })?;
        }
        if let Err(error) = self.take_blocks(&image, to) {
            self.end_growth(held, id)?;
            return Err(error);
        }
        Ok(self.finish_growth(held, id)?)
    }

    /// Leaves an image with all its blocks.
    fn take_blocks(&self, image: &Path, to: u64) -> Result<(), ProvisionError> {
        // One at a time: two that each fit may not fit together.
        let _counting = volume::lock_room(&self.paths)?;
        let more = to.saturating_sub(length(image)?);
        if more > 0 {
            self.check_room(more)?;
            mount::extend(image, to).map_err(|error| match error {
                MakeError::NoRoom => no_room(more, 0),
                MakeError::Host(error) => error.into(),
            })?;
        }
        Ok(())
    }

    fn check_room(&self, more: u64) -> Result<(), ProvisionError> {
        let room = volume::room_bytes(&self.paths, &self.volumes)?;
        if more > room { Err(no_room(more, room)) } else { Ok(()) }
    }

    /// Takes back a growth that has not all its blocks, and finishes one that has.
    fn end_growth(&self, held: &Held, id: InstanceId) -> Result<(), HostError> {
        let Some(growth) = recorded(&self.paths, id)? else { return Ok(()) };
        let image = self.paths.image(id);
        if length(&image)? >= growth.to {
            return self.finish_growth(held, id);
        }
        let cut = |image: &Path| OpenOptions::new().write(true).open(image)?.set_len(growth.from);
        cut(&image).map_err(HostError::io("cut", &image))?;
        forget(&self.paths, id, &image)
    }

    /// Gives the file system all blocks of its image: online where the host lets us, else by the
    /// shortest stop of the whole guest, which is then started as after a crash of the machine.
    fn finish_growth(&self, held: &Held, id: InstanceId) -> Result<(), HostError> {
        let directory = self.paths.instance(id);
        let place = Layout(&directory).volume();
        let image = self.paths.image(id);
        if mount::is_mounted(&image, &place)? {
            match grow_mounted(held, &image, &place) {
                Ok(()) => return forget(&self.paths, id, &image),
                Err(error) => {
                    tracing::debug!(instance_id = %id, error = %telemetry::Chain(&error), "Volume can't grow online.");
                }
            }
            self.end(id)?;
        }
        self.take_volume_out(id)?;
        finish_unmounted(&self.paths, held, id)
    }
}

/// Before an image is mounted: finishes its growth, if it has all blocks for that.
pub(crate) fn finish_unmounted(
    paths: &Paths,
    held: &Held,
    id: InstanceId,
) -> Result<(), HostError> {
    let Some(growth) = recorded(paths, id)? else { return Ok(()) };
    let directory = paths.instance(id);
    let image = paths.image(id);
    if length(&image)? < growth.to || mount::is_mounted(&image, &Layout(&directory).volume())? {
        return Ok(());
    }
    mount::ensure_detached(&image)?;
    let mut check = Command::new("e2fsck");
    run_holding(check.args(["-f", "-p"]).arg(&image), held.lock(), &[0, REPAIRED])?;
    run_holding(Command::new("resize2fs").arg(&image), held.lock(), &[0])?;
    forget(paths, id, &image)
}

fn grow_mounted(held: &Held, image: &Path, place: &Path) -> Result<(), HostError> {
    for device in mount::loop_devices(image)? {
        let name = Path::new("/dev").join(device.file_name().unwrap_or_default());
        run(Command::new("losetup").arg("-c").arg(&name))?;
        run_holding(Command::new("resize2fs").arg(&name), held.lock(), &[0])?;
    }
    rustix::fs::syncfs(files::open_dir(place)?).map_err(HostError::errno("sync", place))
}

fn recorded(paths: &Paths, id: InstanceId) -> Result<Option<Growth>, HostError> {
    let path = paths.volumes().join(growth(id));
    let Some(text) = files::read_own(&path)? else { return Ok(None) };
    let figures = text
        .trim()
        .split_once(' ')
        .and_then(|(from, to)| Some(Growth { from: from.parse().ok()?, to: to.parse().ok()? }));
    figures.map(Some).ok_or(HostError::Foreign { path, wanted: "the record of a growth" })
}

fn record(paths: &Paths, id: InstanceId, Growth { from, to }: Growth) -> Result<(), HostError> {
    let text = format!("{from} {to}\n");
    files::write(&paths.volumes(), &growth(id), text.as_bytes(), Access::own(0o600))
}

/// Removes the record, once the image is on disk as it is.
fn forget(paths: &Paths, id: InstanceId, image: &Path) -> Result<(), HostError> {
    File::open(image).and_then(|file| file.sync_all()).map_err(HostError::io("sync", image))?;
    files::remove(&paths.volumes().join(growth(id)))?;
    files::sync_dir(&paths.volumes())
}

/// What a deletion removes besides the volume itself.
pub(crate) fn leftovers(paths: &Paths, id: InstanceId) -> [PathBuf; 2] {
    let path = paths.volumes().join(growth(id));
    [path.with_extension("growth.new"), path]
}

fn length(image: &Path) -> Result<u64, HostError> {
    Ok(fs::metadata(image).map_err(HostError::io("look at", image))?.len())
}

fn no_room(more: u64, room: u64) -> ProvisionError {
    let (more, room) = (volume::gib(more), volume::gib(room));
    ProvisionError::Refused {
        cause: FaultCause::NoDisk,
        detail: format!(
            "The host has no room to make the volume larger by {more}: {room} are free and \
             promised to no other volume. Ask for less, or delete an instance and try again."
        ),
    }
}
