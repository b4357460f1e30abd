//! What the archive has of each engine now, without fetching it.

use crate::apt::Archive;
use crate::error::Error;
use crate::recipe::{ENGINES, Recipe, Suite};
use crate::store::Store;
use crate::version;

/// One series of an engine as the archive has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// How it is made into an image.
    pub recipe: &'static Recipe,
    /// As Debian writes it, such as `1:11.8.6-0+deb13u1`.
    pub package_version: String,
    /// As the engine's makers write it, such as `11.8.6`.
    pub version_number: String,
    /// What has to be fetched, in bytes.
    pub download_bytes: u64,
    /// Whether an image of this very version is on this host.
    pub is_here: bool,
}

impl Store {
    /// All that can be fetched, in the order of [`ENGINES`], and why the rest can't be. The
    /// package indexes are brought up to date for it.
    pub fn offers(&self) -> (Vec<Offer>, Vec<Error>) {
        let (mut offers, mut errors) = (Vec::new(), Vec::new());
        for suite in [Suite::Bookworm, Suite::Trixie, Suite::Sid] {
            let recipes: Vec<_> = ENGINES.iter().filter(|recipe| recipe.suite == suite).collect();
            if recipes.is_empty() {
                continue;
            }
            match self.offers_of(suite, &recipes) {
                Ok(more) => offers.extend(more),
                Err(error) => errors.push(error),
            }
        }
        offers.sort_by_key(|offer| ENGINES.iter().position(|recipe| recipe == offer.recipe));
        (offers, errors)
    }

    fn offers_of(&self, suite: Suite, recipes: &[&'static Recipe]) -> Result<Vec<Offer>, Error> {
        let here = self.engines()?;
        let archive = Archive::updated(suite, (&self.apt(), &self.locks()), self.progress())?;
        let offer = |recipe: &&'static Recipe| {
            let packages = archive.plan(recipe)?;
            let package_version = recipe.version(&packages)?;
            let is_here = |image: &crate::EngineImage| {
                image.engine == recipe.engine && image.package_version == package_version
            };
            Ok(Offer {
                recipe,
                version_number: version::upstream(&package_version).to_owned(),
                download_bytes: packages.iter().map(|package| package.size).sum(),
                is_here: here.iter().any(is_here),
                package_version,
            })
        };
        recipes.iter().map(offer).collect()
    }
}
