//! What can be chosen from: datastores, their versions, and the versions' parameters.

use super::{ReadError, ReadModel};
use domain::aggregate::Key;
use domain::catalogue::Catalogue;
use domain::datastore::Datastore;
use domain::ids::VersionId;
use domain::time::Timestamp;
use domain::version::{self, Version};

impl ReadModel {
    /// All datastores, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn datastores(&self) -> Result<Vec<Datastore>, ReadError> {
        self.all()
    }

    /// All versions of all datastores that may be used, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn versions(&self) -> Result<Vec<version::Details>, ReadError> {
        let versions: Vec<Version> = self.all()?;
        Ok(versions.iter().filter_map(|version| version.offered().cloned()).collect())
    }

    /// A version; the empty one when it is unknown.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn version(&self, id: VersionId) -> Result<Version, ReadError> {
        Ok(self.folded(id.into())?.state)
    }

    /// All versions whose deletion is being decided, with the time when it has to be.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn withdrawn(&self) -> Result<Vec<(VersionId, Timestamp)>, ReadError> {
        let versions: Vec<Version> = self.all()?;
        let of = |version: &Version| Some((version.details.as_ref()?.id, version.withdrawn?));
        Ok(versions.iter().filter_map(of).collect())
    }

    /// The parameters of a version; the empty catalogue when nothing is known of them.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn catalogue(&self, version: VersionId) -> Result<Catalogue, ReadError> {
        Ok(self.folded(Key::catalogue(version))?.state)
    }
}
