//! Which files an image consists of.

use super::super::BoxError;
use domain::ids::ImageId;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// An unpacked engine and what new instances begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFiles {
    /// The directory that has the engine's `usr` in it.
    pub root: PathBuf,
    /// The data directory to copy for a new instance.
    pub template: PathBuf,
}

type Lookup = dyn Fn(ImageId) -> Result<Option<EngineFiles>, BoxError> + Send + Sync;

/// Finds an image's files on this host. Asked whenever a guest is started, from a thread that
/// may block.
#[derive(Clone)]
pub struct ImageCatalog(Arc<Lookup>);

impl ImageCatalog {
    /// A catalog that asks `lookup`, which says `None` for an image that this host does not have.
    pub fn new(
        lookup: impl Fn(ImageId) -> Result<Option<EngineFiles>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(lookup))
    }

    pub(crate) fn find(&self, id: ImageId) -> Result<Option<EngineFiles>, BoxError> {
        (self.0)(id)
    }
}

impl fmt::Debug for ImageCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImageCatalog")
    }
}
