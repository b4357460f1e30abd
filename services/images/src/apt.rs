//! A private apt: Debian's own tools with a configuration, lists and a package state of ours.
//!
//! # Invariants
//! - The host's apt state is neither read (but for the archives' addresses and the proxies) nor
//!   written.
//! - An index counts only when the update that brought it ended without any complaint: apt alone
//!   would fall back to older lists when a signature is wrong.
//! - Package files are fetched into a fresh directory that only the caller can enter, and their
//!   only way out is [`Fetched::unpack_into`], which compares every one with the signed index
//!   first: apt does not look again at a file that it already has.

mod config;
mod index;

use std::fs::File;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::command::{self, LOCAL_MAX, NETWORK_MAX};
use crate::error::Error;
use crate::files;
use crate::host;
use crate::lock::Lock;
use crate::progress::{self, Progress};
use crate::recipe::{Recipe, Suite};
use crate::sources::Archives;

pub(crate) use index::Package;

/// One release of the archive, with the lock on its private state.
pub(crate) struct Archive<'a> {
    suite: Suite,
    state: PathBuf,
    lock: Lock,
    progress: &'a dyn Progress,
}

/// Package files on disk, with what the signed index says of each.
pub(crate) struct Fetched<'a> {
    archive: Archive<'a>,
    packages: Vec<Package>,
}

impl<'a> Archive<'a> {
    /// The archive of `suite` with an index as new as the network has it.
    ///
    /// `apt` and `locks` are the directories of private states and of locks.
    pub(crate) fn updated(
        suite: Suite,
        (apt, locks): (&Path, &Path),
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        host::check()?;
        let archives = Archives::of_host(Path::new("/etc/apt"))?;
        let archive = Self::configured(suite, (apt, locks), progress)?;
        archive.update(&archives, Path::new(host::KEYRING))?;
        Ok(archive)
    }

    fn configured(
        suite: Suite,
        (apt, locks): (&Path, &Path),
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        let lock = Lock::take(locks, &format!("apt-{suite}"), progress)?;
        let archive = Self {
            suite,
            state: apt.join(suite.as_str()),
            lock,
            progress,
        };
        config::write(&archive.state, &archive.host_lines()?)?;
        Ok(archive)
    }

    /// The host's own apt settings, one per line.
    fn host_lines(&self) -> Result<String, Error> {
        let mut dump = command::command("apt-config", &self.lock)?;
        command::succeed(dump.arg("dump"), LOCAL_MAX)
    }

    fn update(&self, archives: &Archives, keyring: &Path) -> Result<(), Error> {
        self.progress.step(&format!(
            "Reading the package index of Debian {}.",
            self.suite
        ));
        config::write_sources(&self.state, self.suite, archives, keyring)?;
        let mut update = self.apt("apt-get")?;
        // Without the mode apt only warns, and goes on with the lists of an earlier update.
        update.args(["-q", "-o", "APT::Update::Error-Mode=any", "update"]);
        self.succeed(&mut update, &mut || ()).map(drop)
    }

    /// What `recipe` needs, with what the signed index says of it.
    pub(crate) fn plan(&self, recipe: &Recipe) -> Result<Vec<Package>, Error> {
        config::write_pretended(&self.state, recipe.pretended)?;
        let mut addresses = self.apt("apt-get")?;
        addresses.args(["-qq", "--print-uris", "--no-install-recommends", "install"]);
        let files = index::planned(&self.succeed(addresses.args(recipe.packages), &mut || ())?);
        let mut show = self.apt("apt-cache")?;
        show.arg("show").args(
            files
                .iter()
                .filter_map(|file| index::name_and_version(file)),
        );
        let stanzas = index::stanzas(&self.succeed(&mut show, &mut || ())?);
        files
            .into_iter()
            .map(|file| {
                stanzas
                    .iter()
                    .find(|package| package.file == file)
                    .cloned()
                    .ok_or_else(|| Error::PackageMissing {
                        suite: self.suite,
                        what: format!("the hash of {file}"),
                    })
            })
            .collect()
    }

    /// Fetches `packages`, the plan of `recipe`.
    pub(crate) fn fetch(
        self,
        recipe: &Recipe,
        packages: Vec<Package>,
    ) -> Result<Fetched<'a>, Error> {
        let directory = self.fetch_dir();
        files::remove(&directory)?;
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&directory)
            .map_err(Error::io(&directory))?;
        let total = packages.iter().map(|package| package.size).sum();
        self.progress.step(&format!(
            "Fetching {} ({} packages, {}).",
            recipe.title,
            packages.len(),
            progress::size(total)
        ));
        let mut install = self.apt("apt-get")?;
        install
            .args(["-qq", "-y", "--no-install-recommends", "--download-only"])
            .arg("-o")
            .arg(format!("Dir::Cache::archives={}", directory.display()))
            .arg("install")
            .args(recipe.packages);
        let mut tick = || {
            self.progress
                .advanced(files::size(&directory).min(total), total)
        };
        self.succeed(&mut install, &mut tick)?;
        Ok(Fetched {
            archive: self,
            packages,
        })
    }

    fn fetch_dir(&self) -> PathBuf {
        self.state.join("fetch")
    }

    fn apt(&self, program: &str) -> Result<Command, Error> {
        let mut command = command::command(program, &self.lock)?;
        command
            .env("APT_CONFIG", self.state.join("apt.conf"))
            .current_dir(&self.state);
        Ok(command)
    }

    fn succeed(&self, command: &mut Command, tick: &mut dyn FnMut()) -> Result<String, Error> {
        let outcome = command::run(command, NETWORK_MAX, tick)?;
        if outcome.status.success() {
            return Ok(outcome.stdout);
        }
        Err(index::explained(
            self.suite,
            command::failure(command, &outcome),
        ))
    }
}

impl Fetched<'_> {
    /// Verifies every package file, then unpacks all into `root`, which the first of them makes.
    pub(crate) fn unpack_into(&self, title: &str, root: &Path) -> Result<(), Error> {
        let Archive { progress, .. } = self.archive;
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

    fn verify(&self, package: &Package) -> Result<(), Error> {
        let path = self.archive.fetch_dir().join(&package.file);
        let mut file = File::open(&path).map_err(Error::io(&path))?;
        let mut digest = Sha256::new();
        std::io::copy(&mut file, &mut digest).map_err(Error::io(&path))?;
        if index::hex(&digest.finalize()) == package.sha256 {
            return Ok(());
        }
        Err(Error::Tampered {
            file: package.file.clone(),
        })
    }

    /// The pipe, not `dpkg-deb -x`, because only tar can be told to keep the links /lib, /bin...
    fn unpack(&self, package: &Package, root: &Path) -> Result<(), Error> {
        let mut content = command::command("dpkg-deb", &self.archive.lock)?;
        content
            .arg("--fsys-tarfile")
            .arg(self.archive.fetch_dir().join(&package.file))
            .stdout(Stdio::piped());
        let mut content = command::spawn(&mut content)?;
        let mut tar = command::command("tar", &self.archive.lock)?;
        tar.args([
            "-x",
            "--keep-directory-symlink",
            "--no-same-owner",
            "--no-same-permissions",
        ])
        .args(["--anchored", "--no-wildcards"])
        .args(NOT_UNPACKED.map(|path| format!("--exclude=./{path}")))
        .current_dir(root);
        if let Some(pipe) = content.stdout.take() {
            tar.stdin(pipe);
        }
        let unpacked = command::succeed(&mut tar, LOCAL_MAX);
        // The pipe's reading end goes with tar, so that dpkg-deb ends whatever tar did.
        drop(tar);
        let status = content.wait().map_err(Error::io(root))?;
        unpacked?;
        if status.success() {
            return Ok(());
        }
        Err(Error::ProgramFailed {
            program: "dpkg-deb".to_owned(),
            outcome: status.to_string(),
            output: package.file.clone(),
        })
    }

    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }
}

impl Drop for Fetched<'_> {
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.archive.fetch_dir()) {
            // The next one that fetches removes it as well.
            tracing::debug!(%error, "The fetched packages stay behind.");
        }
    }
}

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

#[cfg(test)]
mod tests;
