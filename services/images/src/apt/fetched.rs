//! Package files on disk: verified, all of them, before the first is unpacked.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};

use super::index::{self, Package};
use super::{Archive, files};
use crate::command::{self, LOCAL_MAX};
use crate::error::Error;

/// What nobody reads in an image.
const NOT_UNPACKED: [&str; 7] = [
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/zoneinfo/localtime",
];

/// Package files in a private directory that goes with the archive, and what the signed index
/// says of each.
pub(crate) struct Fetched<'a> {
    pub(super) archive: Archive<'a>,
    packages: Vec<Package>,
}

impl<'a> Fetched<'a> {
    pub(super) fn new(archive: Archive<'a>, packages: Vec<Package>) -> Self {
        Self { archive, packages }
    }

    /// Verifies every package file, then unpacks all into `root`, which must not exist yet.
    pub(crate) fn unpack_into(&self, title: &str, root: &Path) -> Result<(), Error> {
        let progress = self.archive.progress;
        progress.step(&format!("Verifying {title}."));
        for package in &self.packages {
            self.verify(package)?;
        }
        progress.step(&format!("Unpacking {title}."));
        files::make_merged_root(root)?;
        for package in &self.packages {
            self.unpack(package, root)?;
        }
        Ok(())
    }

    /// What was fetched.
    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    pub(super) fn path(&self, package: &Package) -> PathBuf {
        self.archive.fetch_dir().join(&package.file)
    }

    fn verify(&self, package: &Package) -> Result<(), Error> {
        let path = self.path(package);
        let mut file = File::open(&path).map_err(Error::io(&path))?;
        let mut digest = Sha256::new();
        std::io::copy(&mut file, &mut digest).map_err(Error::io(&path))?;
        if index::hex(&digest.finalize()) == package.sha256 {
            return Ok(());
        }
        Err(Error::Tampered { file: package.file.clone() })
    }

    /// The pipe, not `dpkg-deb -x`, because only tar can be told to keep the links /lib, /bin...
    fn unpack(&self, package: &Package, root: &Path) -> Result<(), Error> {
        let mut content = command::command("dpkg-deb", &self.archive.lock)?;
        content.arg("--fsys-tarfile").arg(self.path(package));
        let mut content = command::spawn(content.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let mut tar = command::command("tar", &self.archive.lock)?;
        tar.args(["-x", "--keep-directory-symlink", "--no-same-owner", "--no-same-permissions"])
            .args(["--anchored", "--no-wildcards"])
            .args(NOT_UNPACKED.map(|path| format!("--exclude=./{path}")))
            .current_dir(root);
        if let Some(pipe) = content.stdout.take() {
            tar.stdin(pipe);
        }
        let unpacked = command::succeed(&mut tar, LOCAL_MAX);
        // The reading end of the pipe goes with it, so that dpkg-deb ends whatever tar did.
        drop(tar);
        let content = content.wait_with_output().map_err(Error::io(root))?;
        unpacked?;
        if content.status.success() {
            return Ok(());
        }
        Err(Error::ProgramFailed {
            program: "dpkg-deb".to_owned(),
            outcome: content.status.to_string(),
            output: String::from_utf8_lossy(&content.stderr).into_owned(),
        })
    }
}
