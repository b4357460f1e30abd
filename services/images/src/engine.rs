//! Database engines as images.

use std::path::PathBuf;

use uuid::Uuid;

use crate::error::Error;
use crate::install::{Image, Installer, images};
use crate::recipe::Recipe;
use crate::store::Store;
use crate::version;

/// An unpacked engine, ready to run at `root` and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineImage {
    /// The same on every host: it follows from engine, package version and architecture.
    pub id: Uuid,
    /// The recipe's word for the engine, such as `mariadb`.
    pub engine: String,
    /// Such as `10.11`.
    pub series: String,
    /// As Debian writes it, such as `1:10.11.19-0+deb12u1`.
    pub package_version: String,
    /// As the engine's makers write it, such as `10.11.19`.
    pub version_number: String,
    /// The directory that has the engine's `usr` in it; absolute, and readable for every user.
    pub root: PathBuf,
}

impl Store {
    /// The newest image of `recipe` on this host; the first call fetches it.
    ///
    /// # Errors
    /// Every variant of [`Error`] that fetching can bring; none of them when it is there.
    pub fn ensure_engine(&self, recipe: &Recipe) -> Result<EngineImage, Error> {
        self.engine_installer(recipe).ensure().map(EngineImage::from)
    }

    /// The image of the newest version in the archive, such as one with a security update. Older
    /// images stay for the instances that run on them.
    ///
    /// # Errors
    /// As [`Store::ensure_engine`], and also when the archive cannot be reached.
    pub fn ensure_newest_engine(&self, recipe: &Recipe) -> Result<EngineImage, Error> {
        self.engine_installer(recipe).ensure_newest().map(EngineImage::from)
    }

    /// The engines that are there, by directory name.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::StampDamaged`].
    pub fn engines(&self) -> Result<Vec<EngineImage>, Error> {
        Ok(images(&self.roots())?.into_iter().map(EngineImage::from).collect())
    }

    /// The engine image with this id, if it is there.
    ///
    /// # Errors
    /// As [`Store::engines`].
    pub fn engine(&self, id: Uuid) -> Result<Option<EngineImage>, Error> {
        Ok(self.engines()?.into_iter().find(|image| image.id == id))
    }

    fn engine_installer<'a>(&'a self, recipe: &'a Recipe) -> Installer<'a> {
        Installer { store: self, recipe, shelf: self.roots() }
    }
}

impl From<Image> for EngineImage {
    fn from(Image { root, stamp }: Image) -> Self {
        Self {
            id: stamp.id,
            engine: stamp.engine,
            series: stamp.series,
            version_number: version::upstream(&stamp.package_version).to_owned(),
            package_version: stamp.package_version,
            root,
        }
    }
}
