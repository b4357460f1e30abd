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
mod fetched;
mod index;

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{self, LOCAL_MAX, NETWORK_MAX};
use crate::error::Error;
use crate::files;
use crate::host;
use crate::lock::Lock;
use crate::progress::{self, Progress};
use crate::recipe::{Recipe, Suite};
use crate::sources::Archives;

pub(crate) use fetched::Fetched;
pub(crate) use index::Package;

/// One release of the archive, with the lock on its private state.
pub(crate) struct Archive<'a> {
    suite: Suite,
    state: PathBuf,
    lock: Lock,
    progress: &'a dyn Progress,
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
        let archive = Self { suite, state: apt.join(suite.as_str()), lock, progress };
        archive.clear()?;
        config::write(&archive.state, &archive.host_lines()?)?;
        Ok(archive)
    }

    /// The host's own apt settings, one per line.
    fn host_lines(&self) -> Result<String, Error> {
        let mut dump = command::command("apt-config", &self.lock)?;
        command::succeed(dump.arg("dump"), LOCAL_MAX)
    }

    fn update(&self, archives: &Archives, keyring: &Path) -> Result<(), Error> {
        self.progress.step(&format!("Reading the package index of Debian {}.", self.suite));
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
        show.arg("show").args(files.iter().filter_map(|file| index::name_and_version(file)));
        let stanzas = index::stanzas(&self.succeed(&mut show, &mut || ())?);
        files
            .into_iter()
            .map(|file| {
                stanzas.iter().find(|package| package.file == file).cloned().ok_or_else(|| {
                    Error::PackageMissing { suite: self.suite, what: format!("the hash of {file}") }
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
        std::fs::DirBuilder::new().mode(0o700).create(&directory).map_err(Error::io(&directory))?;
        let total = packages.iter().map(|package| package.size).sum();
        self.progress.step(&format!(
            "Fetching {} ({} packages, {}).",
            recipe.title,
            packages.len(),
            progress::size(total)
        ));
        let fetched = Fetched::new(self, packages);
        fetched.archive.download(recipe, total)?;
        // Unpacking needs the room.
        files::remove(&fetched.archive.cache())?;
        Ok(fetched)
    }

    fn download(&self, recipe: &Recipe, total_bytes: u64) -> Result<(), Error> {
        let directory = self.fetch_dir();
        let mut install = self.apt("apt-get")?;
        install
            .args(["-qq", "-y", "--no-install-recommends", "--download-only"])
            .arg("-o")
            .arg(format!("Dir::Cache::archives={}", directory.display()))
            .arg("install")
            .args(recipe.packages);
        let mut tick = || {
            let done_bytes = files::size(&directory).min(total_bytes);
            self.progress.advanced(done_bytes, total_bytes);
        };
        self.succeed(&mut install, &mut tick).map(drop)
    }

    /// Removes what is of use only while the lock is held: fetched packages, and apt's binary
    /// form of the index, which takes more room than all else and a moment to make.
    fn clear(&self) -> Result<(), Error> {
        files::remove(&self.fetch_dir())?;
        files::remove(&self.cache())
    }

    fn cache(&self) -> PathBuf {
        self.state.join("cache")
    }

    fn fetch_dir(&self) -> PathBuf {
        self.state.join("fetch")
    }

    fn apt(&self, program: &str) -> Result<Command, Error> {
        let mut command = command::command(program, &self.lock)?;
        command.env("APT_CONFIG", self.state.join("apt.conf")).current_dir(&self.state);
        Ok(command)
    }

    fn succeed(&self, command: &mut Command, tick: &mut dyn FnMut()) -> Result<String, Error> {
        let outcome = command::run(command, NETWORK_MAX, tick)?;
        if outcome.status.success() {
            return Ok(outcome.stdout);
        }
        Err(index::explained(self.suite, command::failure(command, &outcome)))
    }
}

impl Drop for Archive<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.clear() {
            // The next one with the lock tries again, and says so.
            tracing::debug!(%error, "What was fetched stays behind.");
        }
    }
}

#[cfg(test)]
mod tests;
