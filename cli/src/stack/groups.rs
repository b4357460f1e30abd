//! Control groups of the stack's databases, once those have stopped.

use super::place::Place;
use anyhow::Context as _;
use rustix::io::Errno;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Of what a guest's shim is told, whichever release wrote it.
#[derive(Debug, Deserialize)]
struct Specification {
    cgroups: Vec<PathBuf>,
}

/// Removes the groups that the databases were in, and the stack's own above them, so that a
/// deleted stack leaves the host as it was.
pub(crate) fn remove_all(place: &Place) -> anyhow::Result<()> {
    for stack in of_stack(&place.instances())? {
        let Ok(entries) = fs::read_dir(&stack) else { continue };
        // Those that it has files about are not directories.
        let mut groups = entries.flatten().filter(|entry| entry.path().is_dir());
        groups.try_for_each(|group| remove(&group.path()))?;
        remove(&stack)?;
    }
    Ok(())
}

/// The stack's groups, one in each hierarchy, by the specifications of its instances. One of an
/// instance itself may be there before its specification is.
fn of_stack(instances: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let Ok(entries) = fs::read_dir(instances) else { return Ok(BTreeSet::new()) };
    let mut stacks = BTreeSet::new();
    for entry in entries {
        let path = entry.context("list the instances")?.path().join("spec.json");
        let Ok(text) = fs::read(&path) else { continue };
        let spec: Specification =
            serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?;
        let above = spec.cgroups.iter().filter_map(|group| group.parent());
        stacks.extend(above.map(Path::to_owned));
    }
    Ok(stacks)
}

fn remove(group: &Path) -> anyhow::Result<()> {
    match rustix::fs::rmdir(group) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno)
            .with_context(|| format!("remove the control group {}: try again", group.display())),
    }
}
