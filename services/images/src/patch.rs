//! Rewrites unpacked programs to use their own root's loader and libraries, by absolute path.
//!
//! Afterwards they are ordinary programs: they need no environment variable, so nothing leaks to
//! their children, and they run on a host with another libc. Libraries need no patching: the
//! search path of the program (an RPATH, not a RUNPATH) also holds for them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{self, LOCAL_MAX};
use crate::error::Error;
use crate::files;
use crate::lock::Lock;
use crate::recipe::Change;

pub(crate) const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
pub(crate) const LOADER: &str = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";

/// Makes `programs`, now in `root`, those of `home`, the path at which they are going to run.
///
/// `tools` is the root with patchelf, itself patched or not. Each program is replaced by a
/// rename: one that is running keeps its old file.
pub(crate) fn patch(
    tools: &Path,
    lock: &Lock,
    (root, home): (&Path, &Path),
    programs: &[String],
) -> Result<(), Error> {
    for program in programs {
        let path = root.join(program);
        if fs::symlink_metadata(&path).map_err(Error::io(&path))?.is_symlink() {
            continue;
        }
        let mut patchelf = patchelf(tools, lock)?;
        patchelf
            .arg("--set-interpreter")
            .arg(home.join(LOADER))
            .args(["--force-rpath", "--set-rpath"])
            .arg(home.join(LIBRARIES));
        replaced(&path, |new| {
            patchelf.arg("--output").args([new, &path]).current_dir(root);
            command::succeed(&mut patchelf, LOCAL_MAX).map(drop)
        })?;
    }
    Ok(())
}

/// Makes one of a recipe's own changes in `root`; a program is changed once.
pub(crate) fn change(tools: &Path, lock: &Lock, root: &Path, change: &Change) -> Result<(), Error> {
    match change {
        Change::Needs { program, library } => {
            let path = root.join(program);
            let mut patchelf = patchelf(tools, lock)?;
            patchelf.args(["--add-needed", library]);
            replaced(&path, |new| {
                patchelf.arg("--output").args([new, &path]).current_dir(root);
                command::succeed(&mut patchelf, LOCAL_MAX).map(drop)
            })
        }
        Change::Finds { program, from, to } => {
            let path = root.join(program);
            let mut bytes = fs::read(&path).map_err(Error::io(&path))?;
            if !rewrite(&mut bytes, from, to) {
                return Err(Error::NotAsBuilt { path, what: (*from).to_owned() });
            }
            replaced(&path, |new| fs::write(new, &bytes).map_err(Error::io(new)))
        }
    }
}

/// Puts another text, filled up with zeros, in the place of one that ends with a zero; only if it
/// stands there exactly once.
fn rewrite(bytes: &mut [u8], from: &str, to: &str) -> bool {
    let wanted = [from.as_bytes(), &[0]].concat();
    let mut found = bytes.windows(wanted.len()).enumerate().filter(|(_, part)| *part == wanted);
    let (Some((at, _)), None, true) = (found.next(), found.next(), to.len() <= from.len()) else {
        return false;
    };
    let place = &mut bytes[at..at + from.len()];
    place.fill(0);
    place[..to.len()].copy_from_slice(to.as_bytes());
    true
}

/// Through its loader, because patchelf itself may not have been patched yet.
fn patchelf(tools: &Path, lock: &Lock) -> Result<Command, Error> {
    let mut patchelf = command::command(&tools.join(LOADER).to_string_lossy(), lock)?;
    patchelf.arg("--library-path").arg(tools.join(LIBRARIES)).arg(tools.join("usr/bin/patchelf"));
    Ok(patchelf)
}

/// Has a program made anew beside its old file, which one that is running keeps.
fn replaced(path: &Path, make: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    make(new)?;
    files::set_mode(new, 0o755)?;
    fs::rename(new, path).map_err(Error::io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_rewritten_only_where_it_ends_and_only_if_it_stands_there_once() {
        let mut bytes = b"x/usr/share/zoneinfo/y\0/usr/share/zoneinfo\0z".to_vec();
        assert!(rewrite(&mut bytes, "/usr/share/zoneinfo", "../zoneinfo"));
        let expected = b"x/usr/share/zoneinfo/y\0../zoneinfo\0\0\0\0\0\0\0\0\0z";
        assert_eq!(bytes, expected);
        assert!(!rewrite(&mut bytes, "/usr/share/zoneinfo", "x"), "it is gone");
        assert!(!rewrite(&mut b"a\0a\0".to_vec(), "a", "b"), "it is there twice");
        assert!(!rewrite(&mut b"a\0".to_vec(), "a", "longer"));
    }
}
