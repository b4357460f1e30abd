//! Rewrites unpacked programs to use their own root's loader and libraries, by absolute path.
//!
//! Afterwards they are ordinary programs: they need no environment variable, so nothing leaks to
//! their children, and they run on a host with another libc. Libraries need no patching: the
//! search path of the program (an RPATH, not a RUNPATH) also holds for them.

use std::fs;
use std::path::Path;

use crate::command::{self, LOCAL_MAX};
use crate::error::Error;
use crate::files;
use crate::lock::Lock;

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
        let new = root.join(format!("{program}.new"));
        // Through its loader, because patchelf itself may not have been patched yet.
        let patchelf = tools.join(LOADER);
        let mut patchelf = command::command(&patchelf.to_string_lossy(), lock)?;
        patchelf
            .arg("--library-path")
            .arg(tools.join(LIBRARIES))
            .arg(tools.join("usr/bin/patchelf"))
            .arg("--set-interpreter")
            .arg(home.join(LOADER))
            .args(["--force-rpath", "--set-rpath"])
            .arg(home.join(LIBRARIES))
            .arg("--output")
            .args([&new, &path])
            .current_dir(root);
        command::succeed(&mut patchelf, LOCAL_MAX)?;
        files::set_mode(&new, 0o755)?;
        fs::rename(&new, &path).map_err(Error::io(&path))?;
    }
    Ok(())
}
