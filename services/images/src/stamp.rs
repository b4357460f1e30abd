//! The stamp of an image: the file that makes a directory an image, and says what it is made of.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::apt::Package;
use crate::error::Error;
use crate::files;
use crate::recipe::{Recipe, Suite};

/// Raised when images have to be made afresh although their packages are the same.
const FORMAT: u32 = 1;
const FILE: &str = "image.toml";
/// The only one that is supported, in Debian's words.
pub(crate) const ARCHITECTURE: &str = "amd64";
/// Image ids are made in this name space; it never changes.
const NAMESPACE: Uuid = uuid::uuid!("5d1f9b0e-7c1b-4c39-9a57-0f1c4b1de2a6");

/// What is written beside an image's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    format: u32,
    pub(crate) id: Uuid,
    pub(crate) engine: String,
    pub(crate) series: String,
    pub(crate) suite: Suite,
    /// The version of the recipe's first package, epoch included.
    pub(crate) package_version: String,
    architecture: String,
    /// The path that the patched programs have in them.
    pub(crate) root: PathBuf,
    /// The programs to patch again when the image has been moved, relative to its root.
    pub(crate) patched: Vec<String>,
    /// What it was unpacked from.
    packages: Vec<Package>,
}

impl Stamp {
    /// The stamp of an image of `recipe` at `root`, unpacked from `packages`.
    pub(crate) fn new(
        recipe: &Recipe,
        package_version: &str,
        root: &Path,
        packages: Vec<Package>,
    ) -> Self {
        let name = format!("{}/{package_version}/{ARCHITECTURE}", recipe.engine);
        Self {
            format: FORMAT,
            id: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            engine: recipe.engine.to_owned(),
            series: recipe.series.to_owned(),
            suite: recipe.suite,
            package_version: package_version.to_owned(),
            architecture: ARCHITECTURE.to_owned(),
            root: root.to_owned(),
            patched: recipe.patched().map(str::to_owned).collect(),
            packages,
        }
    }

    /// The stamp in `root`; `None` where there is none, or one of another format.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>, Error> {
        /// Read first, since another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        use std::io::ErrorKind::{NotADirectory, NotFound};
        let path = root.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
            other => other.map_err(Error::io(&path))?,
        };
        let damaged = |source| Error::StampDamaged { path: path.clone(), source };
        let head: Head = toml::from_str(&text).map_err(damaged)?;
        if head.format != FORMAT {
            return Ok(None);
        }
        toml::from_str(&text).map(Some).map_err(damaged)
    }

    /// Takes the stamp out of `root`, which from then on is no image.
    pub(crate) fn remove(root: &Path) -> Result<(), Error> {
        files::remove(&root.join(FILE))?;
        match std::fs::File::open(root).and_then(|directory| directory.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(root)(error))
            }
            _ => Ok(()),
        }
    }

    /// Writes the stamp into `root`, which from then on is an image.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Error> {
        let text = toml::to_string(self).expect("strings, numbers and lists fit into TOML");
        files::write_durably(&root.join(FILE), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::MARIADB_10_11;

    fn stamp() -> Stamp {
        Stamp::new(&MARIADB_10_11, "1:10.11.19-0+deb12u1", Path::new("/images/x"), Vec::new())
    }

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(Stamp::read(root.path()).unwrap(), None);
        stamp().write(root.path()).unwrap();
        assert_eq!(Stamp::read(root.path()).unwrap(), Some(stamp()));
    }

    #[test]
    fn the_id_follows_from_engine_version_and_architecture_for_ever() {
        assert_eq!(stamp().id.to_string(), "301aa4d9-31a3-5458-8f93-a97c97b75f53");
    }

    #[test]
    fn a_directory_with_a_stamp_of_another_format_is_no_image() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(FILE), "format = 0\n").unwrap();
        assert_eq!(Stamp::read(root.path()).unwrap(), None);
    }

    #[test]
    fn a_damaged_stamp_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(FILE), "format = 1\nid =").unwrap();
        assert!(matches!(Stamp::read(root.path()), Err(Error::StampDamaged { .. })));
    }
}
