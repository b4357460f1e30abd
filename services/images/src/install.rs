//! From a recipe to an image, and from a directory of images to the one that is wanted.
//!
//! # Invariants
//! - The stamp is written last, after the image has its final name, is on disk and has been run
//!   once; a directory without a stamp is rubbish to whoever holds the engine's lock.
//! - Nobody changes a stamped image, but for patching it again after it was moved.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::apt::{Archive, Fetched, Package};
use crate::command::{self, LOCAL_MAX};
use crate::error::Error;
use crate::files;
use crate::lock::Lock;
use crate::patch;
use crate::recipe::Recipe;
use crate::stamp::{ARCHITECTURE, Stamp};
use crate::store::Store;
use crate::version;

/// A directory with a stamp.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) root: PathBuf,
    pub(crate) stamp: Stamp,
}

/// Unpacks, patches and stamps images of one recipe in one directory.
pub(crate) struct Installer<'a> {
    pub(crate) store: &'a Store,
    pub(crate) recipe: &'a Recipe,
    /// The directory in which images of this kind stand.
    pub(crate) shelf: PathBuf,
}

impl Installer<'_> {
    /// The newest image of the recipe that is there; without any it is made.
    pub(crate) fn ensure(&self) -> Result<Image, Error> {
        if let Some(image) = self.existing()? {
            return Ok(image);
        }
        let tools = self.tools()?;
        let lock = self.lock()?;
        match self.existing()? {
            Some(image) => Ok(image),
            None => self.build(tools, &lock),
        }
    }

    /// The image of the newest version that the archive has, made if it is not there yet.
    pub(crate) fn ensure_newest(&self) -> Result<Image, Error> {
        let tools = self.tools()?;
        let lock = self.lock()?;
        self.build(tools, &lock)
    }

    fn lock(&self) -> Result<Lock, Error> {
        // One lock for all series of an engine: it also covers clearing away their rubbish.
        Lock::take(&self.store.locks(), self.recipe.engine, self.store.progress())
    }

    /// Where patchelf is; `None` for a recipe that patches nothing or brings patchelf itself.
    fn tools(&self) -> Result<Option<PathBuf>, Error> {
        if self.recipe.packages.contains(&"patchelf") || self.recipe.patched().next().is_none() {
            return Ok(None);
        }
        Ok(Some(self.store.ensure_tools()?.root))
    }

    /// The newest image of the recipe that is there.
    pub(crate) fn existing(&self) -> Result<Option<Image>, Error> {
        let of_recipe = |image: &Image| {
            image.stamp.engine == self.recipe.engine && image.stamp.series == self.recipe.series
        };
        Ok(images(&self.shelf)?
            .into_iter()
            .filter(of_recipe)
            .max_by(|left, right| order(&left.stamp, &right.stamp)))
    }

    fn build(&self, tools: Option<PathBuf>, lock: &Lock) -> Result<Image, Error> {
        let Self { store, recipe, .. } = self;
        let archive =
            Archive::updated(recipe.suite, (&store.apt(), &store.locks()), store.progress())?;
        let packages = archive.plan(recipe)?;
        let version = recipe.version(&packages)?;
        let short = version::without_epoch(&version);
        let root = self.shelf.join(format!("{}-{short}-{ARCHITECTURE}", recipe.engine));
        if let Some(stamp) = Stamp::read(&root)? {
            return Ok(Image { root, stamp });
        }
        self.clear_rubbish()?;
        let fetched = archive.fetch(recipe, packages)?;
        let made = self.make(fetched, &version, root, (tools, lock));
        if made.is_err() {
            // At once, because what is missing may be space.
            self.clear_rubbish()?;
        }
        made
    }

    fn make(
        &self,
        fetched: Fetched<'_>,
        version: &str,
        root: PathBuf,
        (tools, lock): (Option<PathBuf>, &Lock),
    ) -> Result<Image, Error> {
        let Self { store, recipe, shelf } = self;
        let new = shelf.join(format!(".new-{}", recipe.engine));
        fetched.unpack_into(recipe.title, &new)?;
        let stamp = Stamp::new(recipe, version, &root, fetched.packages().to_vec());
        // Half the space that is needed, and the lock on the release.
        drop(fetched);
        self.keep_programs_only(&new)?;
        self.shape(&new)?;
        files::open_to_readers(&new)?;
        if !stamp.patched.is_empty() {
            store.progress().step(&format!("Patching {}.", recipe.title));
            let tools = tools.unwrap_or_else(|| new.clone());
            patch::patch(&tools, lock, (&new, &root), &stamp.patched)?;
            for change in recipe.changes {
                patch::change(&tools, lock, &new, change)?;
            }
        }
        files::sync_all(&new)?;
        files::rename(&new, &root)?;
        self.try_out(&root, lock)?;
        stamp.write(&root)?;
        tracing::info!(root = %root.display(), "Image was made.");
        Ok(Image { root, stamp })
    }

    /// Throws away what killed processes left; the caller holds the engine's lock.
    fn clear_rubbish(&self) -> Result<(), Error> {
        let (new, own) =
            (format!(".new-{}", self.recipe.engine), format!("{}-", self.recipe.engine));
        for name in files::names(&self.shelf)? {
            let path = self.shelf.join(&name);
            if name == new || name.starts_with(&own) && Stamp::read(&path)?.is_none() {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    /// Deletes every program that the recipe does not name, and misses each that it does.
    fn keep_programs_only(&self, root: &Path) -> Result<(), Error> {
        let directory = |path: &&'static str| path.rsplit_once('/').map_or("", |(above, _)| above);
        let mut directories: BTreeSet<&str> = self.recipe.programs.iter().map(directory).collect();
        directories.extend(["usr/bin", "usr/sbin"]);
        for directory in directories {
            for name in files::names(&root.join(directory))? {
                let path = format!("{directory}/{name}");
                if !self.recipe.programs.contains(&path.as_str()) {
                    files::remove(&root.join(path))?;
                }
            }
        }
        match self.recipe.programs.iter().find(|path| !root.join(path).exists()) {
            Some(missing) => Err(self.recipe.lacks(missing)),
            None => Ok(()),
        }
    }

    /// Takes out what the recipe leaves out, and makes its links.
    fn shape(&self, root: &Path) -> Result<(), Error> {
        for path in self.recipe.left_out {
            files::remove(&root.join(path))?;
        }
        for (path, target) in self.recipe.links {
            let path = root.join(path);
            std::os::unix::fs::symlink(target, &path).map_err(Error::io(&path))?;
        }
        Ok(())
    }

    /// Runs the recipe's first program, so that no image is stamped whose loader or libraries
    /// do not work on this host.
    fn try_out(&self, root: &Path, lock: &Lock) -> Result<(), Error> {
        let first = self.recipe.programs.first().copied().unwrap_or_default();
        let mut program = command::command(&root.join(first).to_string_lossy(), lock)?;
        command::succeed(program.arg("--version").current_dir(root), LOCAL_MAX).map(drop)
    }
}

impl Recipe {
    /// The version that an image of `packages` has: that of the first one asked for.
    pub(crate) fn version(&self, packages: &[Package]) -> Result<String, Error> {
        let first = self.packages.first().copied().unwrap_or_default();
        packages
            .iter()
            .find(|package| package.name == first)
            .map(|package| package.version.clone())
            .ok_or_else(|| self.lacks(first))
    }

    fn lacks(&self, what: &str) -> Error {
        Error::PackageMissing { suite: self.suite, what: what.to_owned() }
    }
}

/// All images in a directory.
pub(crate) fn images(shelf: &Path) -> Result<Vec<Image>, Error> {
    let mut images = Vec::new();
    for name in files::names(shelf)?.into_iter().filter(|name| !name.starts_with('.')) {
        let root = shelf.join(name);
        if let Some(stamp) = Stamp::read(&root)? {
            images.push(Image { root, stamp });
        }
    }
    Ok(images)
}

/// Patches the images in `shelf` again that stand elsewhere than when they were patched.
pub(crate) fn follow_moves(store: &Store, shelf: &Path) -> Result<(), Error> {
    let moved = |image: &Image| image.stamp.root != image.root && !image.stamp.patched.is_empty();
    for Image { root, stamp } in images(shelf)?.into_iter().filter(moved) {
        let tools = match images(&store.tools_shelf())?.pop() {
            Some(tools) => tools.root,
            None => store.ensure_tools()?.root,
        };
        let lock = Lock::take(&store.locks(), &stamp.engine, store.progress())?;
        // Another process may have been faster.
        let Some(mut stamp) = Stamp::read(&root)?.filter(|stamp| stamp.root != root) else {
            continue;
        };
        store.progress().step(&format!("Patching {} at its new place.", stamp.engine));
        patch::patch(&tools, &lock, (&root, &root), &stamp.patched)?;
        files::sync_all(&root)?;
        stamp.root.clone_from(&root);
        stamp.write(&root)?;
    }
    Ok(())
}

fn order(left: &Stamp, right: &Stamp) -> Ordering {
    version::compare(&left.package_version, &right.package_version)
}
