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
    for stack in of_stack(&place.instances()) {
        let Ok(entries) = fs::read_dir(&stack) else { continue };
        // Those that it has files about are not directories.
        let mut groups = entries.flatten().filter(|entry| entry.path().is_dir());
        groups.try_for_each(|group| remove(&group.path()))?;
        remove(&stack)?;
    }
    Ok(())
}

/// The stack's groups, one in each hierarchy, by the specifications of its instances. An instance
/// whose own is missing or damaged has its group beside those of the others.
fn of_stack(instances: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = fs::read_dir(instances) else { return BTreeSet::new() };
    let texts = entries.flatten().filter_map(|entry| fs::read(entry.path().join("spec.json")).ok());
    texts
        .filter_map(|text| serde_json::from_slice::<Specification>(&text).ok())
        .flat_map(|spec| spec.cgroups)
        .filter_map(|group| group.parent().map(Path::to_owned))
        .collect()
}

fn remove(group: &Path) -> anyhow::Result<()> {
    match rustix::fs::rmdir(group) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno)
            .with_context(|| format!("remove the control group {}: try again", group.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_specification_keeps_no_stack_from_going() {
        let instances = tempfile::tempdir().unwrap();
        let spec = r#"{"uid": 7, "cgroups": ["/g/cpu/trove-1/a", "/g/pids/trove-1/a"]}"#;
        for (name, text) in [("a", spec), ("b", r#"{"cgroups": ["/g"#), ("c", "{}")] {
            fs::create_dir(instances.path().join(name)).unwrap();
            fs::write(instances.path().join(name).join("spec.json"), text).unwrap();
        }
        let expected = ["/g/cpu/trove-1", "/g/pids/trove-1"].map(PathBuf::from);
        assert_eq!(of_stack(instances.path()), BTreeSet::from(expected));
        assert_eq!(of_stack(&instances.path().join("none")), BTreeSet::new());
    }
}
