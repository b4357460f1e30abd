//! What a volume holds.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use domain::guest_spec::{GuestSpec, Layout};

use crate::control::Usage;

/// A block of `stat`, in bytes, whatever the file system's own are.
const BLOCK: u64 = 512;

/// What the instance's volume holds: as its file system counts, or as its files add up.
pub(crate) fn of_volume(spec: &GuestSpec) -> io::Result<Usage> {
    let volume = Layout(&spec.directory).volume();
    if spec.volume.mounted {
        let figures = rustix::fs::statvfs(&volume)?;
        return Ok(Usage {
            used_bytes: (figures.f_blocks - figures.f_bfree) * figures.f_frsize,
            size_bytes: figures.f_blocks * figures.f_frsize,
        });
    }
    Ok(Usage { used_bytes: of_tree(&volume)?, size_bytes: spec.volume.size_bytes })
}

fn of_tree(directory: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        // A server makes and drops files while we look.
        let Ok((entry, metadata)) = entry.and_then(|e| e.metadata().map(|m| (e, m))) else {
            continue;
        };
        sum += metadata.blocks() * BLOCK;
        if metadata.is_dir() {
            sum += of_tree(&entry.path()).unwrap_or(0);
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_weighs_what_its_files_take_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("sub")).unwrap();
        let before = of_tree(directory.path()).unwrap();
        fs::write(directory.path().join("sub/file"), vec![1; 1 << 20]).unwrap();
        fs::File::create(directory.path().join("hole")).unwrap().set_len(1 << 30).unwrap();
        let grown = of_tree(directory.path()).unwrap() - before;
        assert!((1 << 20..2 << 20).contains(&grown), "{grown}");
    }
}
